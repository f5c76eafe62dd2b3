"""Every golden conversation of the demo pack, turn by turn and row by row, on a router trained on the pack alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluation.candidate import ReleaseUnderTest, open_release
from evaluation.golden import Golden, load_goldens
from evaluation.suites.flows import play
from kefu.paths import ROOT
from pipelines.params import load_params
from serving.params import Serving

GOLDENS = list(load_goldens(ROOT / load_params().pack / "golden"))


@pytest.fixture(scope="module")
def under_test(release: Path, params: Serving) -> Iterator[ReleaseUnderTest]:
    with open_release("challenger", release, params) as opened:
        yield opened


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
def test_golden(under_test: ReleaseUnderTest, golden: Golden) -> None:
    assert [fault for turn in play(golden, under_test.start_conversation(golden.customer)) for fault in turn] == []
