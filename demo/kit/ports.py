"""Free ports, and whether a wanted port is free."""

import contextlib
import socket

from .failure import Failure

LOOPBACK = "127.0.0.1"


def wanted(text):
    """The port that a person asked for, or Failure with the command that asks for another."""
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise Failure(f"PORT={text} is not a port number (1 to 65535).")
    port = int(text)
    with socket.socket() as probe:
        # Without this, connections of an ended server that are still in TIME_WAIT look like a busy port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            advice = "Choose another one: make demo PORT=" + str(free(1)[0])
            raise Failure(f"Port {port} cannot be used ({error.strerror}). {advice}") from None
    return port


def free(count):
    """`count` different ports that nothing listens on."""
    with contextlib.ExitStack() as held:
        # All are held open until all are known, so that no port comes twice.
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]
