"""Bars for a terminal, silence for a file."""

import os
import pty
import subprocess
import sys

from kefu.paths import ROOT

PROGRAM = """
from kefu.progress import progress
with progress("answers of the teacher", 3) as tick:
    for number in range(3):
        tick(note=f"loss 0.{number}")
print("done")
"""


def test_without_a_terminal_nothing_is_shown():
    shown = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (shown.stdout, shown.stderr) == ("done\n", "")


def test_a_terminal_gets_a_bar_with_count_and_note():
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=theirs, env=environment) as process:
        assert process.wait(60) == 0
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # Linux ends a terminal that nobody writes to with an error
        pass
    text = shown.decode()
    assert "answers of the teacher" in text and "3/3" in text and "loss 0.2" in text
