"""Installs the official clients and runs both suites against a gateway."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "demo"))

from kit import packages
from kit.failure import Failure

OLDEST_PYTHON = (3, 10)
OLDEST_NODE = 20
SUITE_SECONDS = 600


def require_node():
    """Raises Failure that names what is missing. Nothing is skipped."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise Failure(f"{tool} is missing: Node {OLDEST_NODE} or newer with npm is needed.")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        raise Failure(f"Node {OLDEST_NODE} or newer is needed; this is {version}.")


def install():
    """The Python and the Node folder that hold the official clients, both in the user's cache."""
    python = packages.environment(
        packages.cache("e2e", "python-client"), HERE / "requirements.txt", "the official openai Python client")
    node = packages.npm_folder(
        packages.cache("e2e", "node-client"), HERE / "package.json", HERE / "package-lock.json",
        "the official openai Node client")
    return python, node


def run(clients, base, folder):
    """Runs both suites against `base`. Prints the closing counts; returns the exit code."""
    python, node = clients
    environment = surroundings(E2E_BASE_URL=base, E2E_NODE_FOLDER=str(node))
    return closing([
        python_suite("Python client", python, HERE, folder, environment),
        node_suite("Node client", HERE / "client.mjs", folder, environment),
    ])


def surroundings(**more):
    """The environment of a suite."""
    environment = {**os.environ, **more, "PYTHONDONTWRITEBYTECODE": "1"}
    # The tests talk to 127.0.0.1 only; a proxy of the user's must not see them.
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        environment.pop(name, None), environment.pop(name.upper(), None)
    return environment


def closing(counts):
    """Prints the sum of all counts; returns the exit code."""
    passed, failed = (sum(count[key] for count in counts) for key in ("passed", "failed"))
    print(f"\n{passed} passed, {failed} failed", flush=True)
    return 0 if failed == 0 and all(count["passed"] for count in counts) else 1


def python_suite(name, python, tests, folder, environment):
    """The counts of every `test_*.py` in the folder `tests`."""
    print(f"\n{name}", flush=True)
    counts = folder / "python.json"
    counts.unlink(missing_ok=True)
    _suite([python, HERE / "python_suite.py", tests, counts], environment)
    if not counts.exists():
        raise Failure("The Python suite ended without counts.")
    return json.loads(counts.read_text())


def node_suite(name, tests, folder, environment):
    """The counts of the tests in the file `tests`."""
    print(f"\n{name}", flush=True)
    report = folder / "node.tap"
    report.unlink(missing_ok=True)
    _suite([
        "node", "--test", "--test-reporter=spec", "--test-reporter-destination=stdout",
        "--test-reporter=tap", f"--test-reporter-destination={report}", tests,
    ], environment)
    found = dict(re.findall(r"^# (\w+) (\d+)$", report.read_text(), re.MULTILINE))
    if "pass" not in found:
        raise Failure("The Node suite ended without counts.")
    return {"passed": int(found["pass"]), "failed": int(found["tests"]) - int(found["pass"])}


def _suite(command, environment):
    try:
        subprocess.run([str(part) for part in command], env=environment, stdin=subprocess.DEVNULL,
                       timeout=SUITE_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failure(f"The suite was not done after {SUITE_SECONDS} s.") from None
