"""Scripted customers of the pack's simulator: are they served, and is nothing written that nobody wanted?

A few seeded conversations, whose goals take turns, in the half of the wordings that nothing learns from. They are too
few for a rate (``benchmarks/conversations`` plays thousands), but one wrong write is one too many, whatever the number.

``simulator`` is the assistant as it serves. Where models read messages (``serving.model_reader``), ``simulator_centre``
and ``simulator_edge`` play the same customers with one model alone, so that neither hides behind the other.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from evaluation.bootstrap import Sample
from evaluation.candidate import ReleaseUnderTest
from evaluation.items import Items
from evaluation.result import Result
from evaluation.simulator.cases import draw_case
from evaluation.simulator.play import Played, play
from evaluation.simulator.world import World
from kefu.schema import Prediction
from kefu.shop.wordings.scripts import Scripts


def run(release: ReleaseUnderTest, items: Items) -> Result:
    """Share of conversations that count, and how many have a wrong write.

    Nothing is measured for a pack without a simulator, or whose clock is real: no end state is known. A bound of the
    gate on it is then an error that says so (``evaluation.gate``).
    """
    return _run(release, items, "simulator")


def centre(release: ReleaseUnderTest, items: Items) -> Result:
    """The same where the centre model alone reads what the fast reader is unsure of; empty where no model reads."""
    return _with_one_model(release, items, "centre")


def edge(release: ReleaseUnderTest, items: Items) -> Result:
    """The same of the edge model."""
    return _with_one_model(release, items, "edge")


def _with_one_model(release: ReleaseUnderTest, items: Items, engine: str) -> Result:
    if release.with_one_model is None:
        return Result({}, [])
    with release.with_one_model(engine) as start_conversation:
        return _run(replace(release, start_conversation=start_conversation), items, f"simulator_{engine}")


def _run(release: ReleaseUnderTest, items: Items, suite: str) -> Result:
    pack = release.pack
    if pack.shop.demo_now is None or not (pack.folder / "simulator").is_dir():
        return Result({}, [])
    played = _played(release, items, pack.shop.demo_now)
    predictions = [
        Prediction(
            suite=suite,
            id=f"{one.case.goal} {one.case.number}",
            question=one.turns[0][0].text,
            expected="served",
            predicted="; ".join(f"{name}: {words}" for name, words in one.faults) or "served",
            score=float(one.success),
            model=release.name,
        )
        for one in played
    ]
    wrong = float(sum(bool(one.wrong_writes) for one in played))
    served = Sample.of([prediction.score for prediction in predictions])
    return Result({"served": served}, predictions, figures={"wrong_writes": wrong})


def _played(release: ReleaseUnderTest, items: Items, now: str) -> list[Played]:
    pack = release.pack
    with tempfile.TemporaryDirectory(prefix="kefu-world-") as folder:
        world = World(pack, Scripts(pack.folder, "measure"), Path(folder), now)
        cases = [draw_case(world, number, items.seed) for number in range(items.conversations)]
        return [play(release, world, case, 0, items.seed) for case in cases]
