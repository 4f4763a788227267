"""Is this computer able to run the prebuilt model server?

The wheel of llama.cpp's server is built for x86-64 Linux with glibc 2.35 or
newer. pip's own message for any other machine ("no matching distribution")
tells nobody why, so the reasons are checked and said first.
"""

import importlib.util
import os
import platform
import sys

from .failure import Failure

OLDEST_GLIBC = (2, 35)


def require_model_server():
    """Raises Failure unless the prebuilt llama.cpp server can run here."""
    system, machine = platform.system(), platform.machine()
    if system != "Linux" or machine not in ("x86_64", "amd64"):
        raise Failure(
            f"The prebuilt model server is made for x86-64 Linux; this is {system} on {machine}. "
            "Transom itself runs here: put it in front of a server of yours with "
            "`transom serve --upstream URL`."
        )
    glibc = _glibc()
    if glibc is None:
        raise Failure("The prebuilt model server needs glibc; this system has another C library.")
    if glibc < OLDEST_GLIBC:
        raise Failure(
            f"The prebuilt model server needs glibc {_dotted(OLDEST_GLIBC)} or newer (Debian 12, Ubuntu 22.04); "
            f"this system has {_dotted(glibc)}."
        )


def require_python(oldest):
    """Raises Failure unless this Python is new enough and can make virtual environments."""
    if sys.version_info < oldest:
        raise Failure(f"Python {_dotted(oldest)} or newer is needed; this is {platform.python_version()}.")
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        raise Failure(
            "This Python cannot make virtual environments (venv or ensurepip is missing). "
            "On Debian and Ubuntu: apt-get install python3-venv"
        )


def _glibc():
    """The C library's version as a pair, or None where it is not glibc."""
    try:
        name, version = os.confstr("CS_GNU_LIBC_VERSION").split()
        major, minor = version.split(".")[:2]
        return (int(major), int(minor)) if name == "glibc" else None
    except (ValueError, OSError, AttributeError):
        return None


def _dotted(version):
    return ".".join(str(part) for part in version)
