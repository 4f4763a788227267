"""The programs of `docs/guides/clients.md` work as they stand there: each prints what its comment says."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from support import BASE_URL, MODEL

GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "guides" / "clients.md"
NODE_MODULES = pathlib.Path(os.environ["E2E_NODE_FOLDER"], "node_modules")
PROGRAMS = {"python": ("guide.py", sys.executable), "js": ("guide.mjs", "node")}
SECONDS = 120


def programs():
    """Language and text of each program, asking the model that is there."""
    text = GUIDE.read_text()
    text = text.replace("http://127.0.0.1:5969/v1", BASE_URL).replace("meta-llama/Llama-3.2-3B-Instruct", MODEL)
    return re.findall(r"^```(python|js)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Guide(unittest.TestCase):
    def test_every_program_prints_what_its_comment_says(self):
        found = programs()
        self.assertEqual({language for language, _ in found}, set(PROGRAMS))
        for language, text in found:
            [expected] = re.findall(r"^(?:#|//) → (.*)$", text, re.MULTILINE)
            name, runner = PROGRAMS[language]
            with self.subTest(text.splitlines()[0]), tempfile.TemporaryDirectory() as folder:
                pathlib.Path(folder, name).write_text(text)
                pathlib.Path(folder, "node_modules").symlink_to(NODE_MODULES)
                done = subprocess.run(
                    [runner, name], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                    timeout=SECONDS)
                self.assertEqual((done.returncode, done.stdout.strip()), (0, expected), done.stderr)


if __name__ == "__main__":
    unittest.main()
