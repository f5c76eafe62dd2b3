"""Every golden conversation of the demo pack, turn by turn and row by row, on a router trained on the pack alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluation.candidate import Subject
from evaluation.golden import Golden, load_goldens
from evaluation.open_release import opened
from evaluation.suites.flows import play
from kefu.paths import ROOT
from pipelines.params import load_params
from serving.params import Serving

GOLDENS = list(load_goldens(ROOT / load_params().pack / "golden"))


@pytest.fixture(scope="module")
def subject(release: Path, params: Serving) -> Iterator[Subject]:
    with opened("challenger", release, params) as opened_subject:
        yield opened_subject


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
def test_golden(subject: Subject, golden: Golden) -> None:
    assert [fault for turn in play(golden, subject.talks(golden.customer)) for fault in turn] == []
