"""Text for a person: labels, colour, wrapping."""

import os
import shutil
import sys
import textwrap

LABEL = 18
WIDEST = 96
COLOURS = {"bold": "1", "dim": "2", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


def colour(name, text):
    """`text` in a colour where the reader is a terminal, plain in a pipe."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{COLOURS[name]}m{text}\033[0m"


def heading(text):
    """A line that opens a part of the demo."""
    print(f"\n{colour('bold', text)}\n", flush=True)


def paragraph(text):
    """Plain prose, wrapped."""
    print(textwrap.fill(text, _width()) + "\n", flush=True)


def say(speaker, text, tint="bold"):
    """Something a speaker said."""
    voice = Voice(speaker, tint)
    voice.write(text)
    voice.end()


def note(text):
    """A remark under what was said."""
    body = textwrap.fill(text, _width() - LABEL, break_on_hyphens=False)
    print(colour("dim", textwrap.indent(body, " " * LABEL)), flush=True)


def _width():
    return min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns)


class Voice:
    """A speaker whose words are shown as they arrive, wrapped under a label."""

    def __init__(self, speaker, tint):
        self.room = max(20, _width() - LABEL)
        self.column = 0
        self.space = ""
        self.word = ""
        print(colour(tint, f"{speaker:<{LABEL}}"), end="", flush=True)

    def write(self, text):
        """Adds text; a word is shown once it is complete, since only then it can be wrapped."""
        for character in text:
            if not character.isspace():
                self.word += character
                continue
            self._flush()
            if character == "\n":
                self._break()
            elif self.column:
                self.space = " "

    def end(self):
        """Shows the last word and ends the line."""
        self._flush()
        print(flush=True)

    def _flush(self):
        if not self.word:
            return
        if self.column and self.column + 1 + len(self.word) > self.room:
            self._break()
        shown = self.space + self.word
        print(shown, end="", flush=True)
        self.column += len(shown)
        self.space = self.word = ""

    def _break(self):
        self.column = 0
        self.space = ""
        print("\n" + " " * LABEL, end="", flush=True)
