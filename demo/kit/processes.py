"""Owns every child process; ends them all, whatever happens.

Each child leads a process group, so that its own children end with it. If this
program is killed outright, Linux sends the children SIGTERM.
"""

import ctypes
import os
import pathlib
import signal
import subprocess
import time

from . import api
from .failure import Failure

TAIL_LINES = 25
STOP_SECONDS = 10
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def interrupt_on_sigterm():
    """Makes SIGTERM end this program the way Ctrl-C does: with everything it started. Call it first."""
    signal.signal(signal.SIGTERM, _interrupt)


class Fleet:
    """The processes of one run. Use as a context manager; leaving it ends them all."""

    def __init__(self, log_folder):
        self.log_folder = pathlib.Path(log_folder)
        self.log_folder.mkdir(parents=True, exist_ok=True)
        self.children = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A second Ctrl-C must not leave anything behind; the wait below is bounded.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        # The gateway was started last and goes first: its upstream is still there while it finishes.
        for child in reversed(self.children):
            child.stop()

    def start(self, name, command, environment=None):
        """Starts `command`; its output goes to `NAME.log` in the log folder."""
        log = self.log_folder / f"{name}.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, env=environment, start_new_session=True, preexec_fn=_end_with_parent,
                # Not where the person stands: a `.env` there is theirs, not the child's.
                cwd=self.log_folder,
            )
        self.children.append(Child(name, process, log))
        return self.children[-1]

    def check(self):
        """Raises Failure with the end of its log if a child has ended."""
        for child in self.children:
            if child.process.poll() is not None:
                raise Failure(
                    f"{child.name} ended unexpectedly ({_ending(child.process.returncode)}). "
                    f"The end of {child.log}:\n\n{child.tail()}"
                )

    def wait_until_ready(self, url, seconds):
        """Waits until a GET of `url` answers 200; Failure if a child ends or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            if api.answers(url):
                return
            time.sleep(0.1)
        child = self.children[-1]
        raise Failure(f"{child.name} was not ready within {seconds} s. The end of {child.log}:\n\n{child.tail()}")


class Child:
    """One process with its group and its log."""

    def __init__(self, name, process, log):
        self.name, self.process, self.log = name, process, log

    def tail(self):
        """The last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:])

    def stop(self):
        """Asks the group to end, then makes it."""
        if self._signal(signal.SIGTERM):
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                pass
        # Also when the leader is gone: a descendant may have outlived it.
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number):
        try:
            os.killpg(self.process.pid, number)
            return True
        except ProcessLookupError:
            return False


def _interrupt(*_):
    raise KeyboardInterrupt


def _end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _ending(code):
    return f"signal {-code}" if code < 0 else f"exit code {code}"
