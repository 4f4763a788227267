"""Codex CLI finishes a small task: it reads a file, changes it and says so."""

import collections
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.request

from codex_script import DONE, MODEL, SAID, TASK

BASE_URL, UPSTREAM = os.environ["E2E_CODEX_BASE_URL"], os.environ["E2E_CODEX_UPSTREAM"]
CODEX, LOG = os.environ["E2E_CODEX"], pathlib.Path(os.environ["E2E_CODEX_LOG"])
BEFORE = "name = lamp\ncolour = red\nwatts = 7\n"
AFTER = "name = lamp\ncolour = blue\nwatts = 7\n"
SECONDS = 120


def config(transport):
    return f"""
model = "{MODEL}"
model_provider = "transom"
web_search = "disabled"

[model_providers.transom]
name = "Transom"
base_url = "{BASE_URL}"
wire_api = "responses"
env_key = "TRANSOM_KEY"
{transport}

[analytics]
enabled = false
"""


def asked():
    """The bodies that the upstream has been sent so far."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{UPSTREAM}/fake/requests") as answer:
        return json.load(answer)


class Codex(unittest.TestCase):
    """Over HTTP: one request for each answer."""

    transport = ""
    answered = {"POST": 3}

    def run_codex(self, folder):
        """Codex's events and its exit code."""
        home = pathlib.Path(folder, "home")
        home.mkdir()
        (home / "config.toml").write_text(config(self.transport))
        work = pathlib.Path(folder, "work")
        work.mkdir()
        (work / "settings.txt").write_text(BEFORE)
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "CODEX_HOME": str(home), "TRANSOM_KEY": "none"}
        done = subprocess.run(
            [CODEX, "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json", TASK],
            cwd=work, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return events, (work / "settings.txt").read_text()

    def test_a_file_is_changed_as_the_task_says(self):
        before, logged = len(asked()), len(LOG.read_text())
        with tempfile.TemporaryDirectory(prefix="transom-codex-") as folder:
            events, file = self.run_codex(folder)
        self.assertEqual(file, AFTER)

        items = [event["item"] for event in events if event["type"] == "item.completed"]
        commands = [item for item in items if item["type"] == "command_execution"]
        self.assertTrue(all(item["exit_code"] == 0 for item in commands), commands)
        self.assertIn(BEFORE.strip(), commands[0]["aggregated_output"])
        said = [item["text"] for item in items if item["type"] == "agent_message"]
        self.assertEqual(said[-2:], [SAID, DONE])
        last = events[-1]
        self.assertEqual(last["type"], "turn.completed")
        self.assertGreater(last["usage"]["output_tokens"], 0)

        self.check_upstream(asked()[before:])
        methods = re.findall(r' method="(\w+)" route="/v1/responses"', LOG.read_text()[logged:])
        self.assertEqual(collections.Counter(methods), self.answered)

    def check_upstream(self, requests):
        """What the upstream was sent: a prompt that only grows, with each result where it belongs."""
        self.assertEqual(len(requests), 3)
        for shorter, longer in zip(requests, requests[1:]):
            self.assertEqual(longer["messages"][:len(shorter["messages"])], shorter["messages"])
            self.assertEqual(longer["tools"], shorter["tools"])
        messages = requests[-1]["messages"]
        results = [message for message in messages if message["role"] == "tool"]
        calls = [call for message in messages for call in message.get("tool_calls") or []]
        self.assertEqual([result["tool_call_id"] for result in results], [call["id"] for call in calls])
        self.assertIn("colour = red", results[0]["content"])
        self.assertIn(TASK, [message["content"] for message in messages if message["role"] == "user"][-1])


class CodexOverASocket(Codex):
    """The same over one WebSocket, on which Codex sends its instructions and tools first of all."""

    transport = "supports_websockets = true"
    answered = {"GET": 1, "WEBSOCKET": 4}


if __name__ == "__main__":
    unittest.main()
