"""Scripted customers of the pack's simulator: are they served, and is nothing written that nobody wanted?

A few seeded conversations, whose goals take turns, in the half of the wordings that nothing learns from. They are too
few for a rate (``benchmarks/conversations`` plays thousands), but one wrong write is one too many, whatever the number.
"""

from __future__ import annotations

import tempfile
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
    pack = release.pack
    if pack.shop.demo_now is None or not (pack.folder / "simulator").is_dir():
        return Result({}, [])
    played = _played(release, items, pack.shop.demo_now)
    predictions = [
        Prediction(
            suite="simulator",
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
