"""Installs pinned, hash-checked wheels into a folder of their own."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

from .failure import Failure

STAMP = "installed"


def environment(folder, requirements, what):
    """A virtual environment in `folder` that holds exactly `requirements`; `what` tells a person what that is.

    `requirements` is a file of `name==version --hash=...` lines; pip refuses
    whatever does not match. An environment that is already complete is used as
    it is. Returns the environment's Python.
    """
    folder, requirements = pathlib.Path(folder), pathlib.Path(requirements)
    python = folder / "bin" / "python"
    wanted = fingerprint(requirements, sys.version)
    with locked(folder):
        if not _complete(folder, wanted):
            print(f"Installing {what} into {folder} (once)", flush=True)
            _run([sys.executable, "-m", "venv", "--clear", str(folder)])
            _run([str(python), "-m", "pip", "install", "--no-deps", "--only-binary", ":all:", "--require-hashes",
                  "--disable-pip-version-check", "--no-input", "-r", str(requirements)])
            # Written last, so that an interrupted installation starts over.
            (folder / STAMP).write_text(wanted)
    return python


def npm_folder(folder, manifest, lock, what):
    """A folder holding the Node packages of `manifest`, exactly as `lock` pins them; `what` is for a person."""
    folder = pathlib.Path(folder)
    wanted = fingerprint(manifest, lock)
    with locked(folder):
        if not _complete(folder, wanted):
            print(f"Installing {what} into {folder} (once)", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            shutil.copy(manifest, folder / "package.json")
            shutil.copy(lock, folder / "package-lock.json")
            _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)
            (folder / STAMP).write_text(wanted)
    return folder


def module_folder(python, name):
    """Where the environment of `python` keeps the module `name`."""
    [site] = pathlib.Path(python).parent.parent.glob("lib/python3*/site-packages")
    return site / name


def cache(*parts):
    """A folder of this project inside the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base, "transom", *parts)


@contextlib.contextmanager
def locked(folder):
    """Holds the lock of `folder`, so that two runs never install into it at once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / f".{folder.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fingerprint(*parts):
    """A digest of file contents and plain strings: what an installation was made from."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, pathlib.Path) else str(part).encode())
    return digest.hexdigest()


def _complete(folder, wanted):
    stamp = folder / STAMP
    return stamp.exists() and stamp.read_text() == wanted


def _run(command, cwd=None):
    if subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL).returncode != 0:
        raise Failure(f"Installing failed; the lines above say why. The command was: {' '.join(command)}")
