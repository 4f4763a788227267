"""Builds, finds and starts `transom`."""

import os
import pathlib
import shutil
import subprocess

from .failure import Failure
from .ports import LOOPBACK

READY_SECONDS = 30
ROOT = pathlib.Path(__file__).resolve().parents[2]


def program(profile):
    """The `transom` program, built first (`profile` is "release" or "debug").

    TRANSOM_BIN names a program that is used as it is.
    """
    given = os.environ.get("TRANSOM_BIN")
    if given:
        if not os.access(given, os.X_OK):
            raise Failure(f"TRANSOM_BIN={given} is not a program.")
        return pathlib.Path(given).resolve()
    return _built("transom", ["--package", "transom", "--bin", "transom"], profile) / "transom"


def scripted_server():
    """The test kit's scripted model server, built first. SCRIPTED_BIN names a program that is used as it is."""
    given = os.environ.get("SCRIPTED_BIN")
    if given:
        return pathlib.Path(given).resolve()
    arguments = ["--package", "transom-testkit", "--example", "scripted"]
    return _built("the scripted server", arguments, "debug") / "examples" / "scripted"


def _built(what, arguments, profile):
    """Builds a program; returns the folder of all programs."""
    if shutil.which("cargo") is None:
        raise Failure("cargo is missing: install Rust with rustup, or name a built program in TRANSOM_BIN.")
    command = ["cargo", "build", "--locked", *arguments]
    command += ["--release"] if profile == "release" else []
    print(f"Building {what} ({profile})", flush=True)
    if subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL).returncode != 0:
        raise Failure(f"Building {what} failed; the lines above say why.")
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or "target")
    return ROOT / target / profile


def start(fleet, name, binary, upstream, port, database):
    """Starts Transom in front of `upstream` with a new database. Returns its base URL, `/v1` included."""
    for suffix in ("", "-wal", "-shm"):
        pathlib.Path(f"{database}{suffix}").unlink(missing_ok=True)
    # A setting of the person's own shell must not change what the demo or a test sees.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("VR_")}
    environment["VR_DB_PATH"] = f"sqlite:///{pathlib.Path(database).resolve()}"
    fleet.start(name, [binary, "serve", "--upstream", upstream, "--gateway-port", port], environment)
    fleet.wait_until_ready(f"http://{LOOPBACK}:{port}/readyz", READY_SECONDS)
    return f"http://{LOOPBACK}:{port}/v1"
