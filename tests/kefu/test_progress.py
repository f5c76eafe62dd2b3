"""Bars for a terminal, silence for a file."""

import os
import pty
import subprocess
import sys
from collections.abc import Mapping

import pytest

from kefu.paths import ROOT
from kefu.progress import training_progress

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


def test_a_training_without_a_terminal_says_where_it_is_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Steps of 25 seconds; the run goes on at step 4 of 10, whose tokens were not read by this process."""
    now = iter(range(0, 1000, 25))
    monkeypatch.setattr("kefu.progress.time.monotonic", lambda: next(now))
    curve: dict[int, float] = {}

    def log(step: int, figures: Mapping[str, float]) -> None:
        curve[step] = figures["loss"]

    losses = [(step, 9.0) for step in (1, 2, 3)]
    with caplog.at_level("INFO", "kefu.progress"), training_progress("fine-tuning", 10, losses, log) as shown:
        for step in range(4, 11):
            shown.step(step, 1.5, tokens=100)
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "fine-tuning: step 6 of 10, loss 1.500, 4 tokens/s, about 2 min left"
    assert len(lines) == 2
    assert curve == {1: 9.0, 2: 9.0, 3: 9.0} | dict.fromkeys(range(4, 11), 1.5)
