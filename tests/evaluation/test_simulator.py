"""Scripted customers of the demo pack: the same twice, judged by the whole database, and served at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from evaluation.candidate import ReleaseUnderTest, open_release
from evaluation.gate import GateError, decide
from evaluation.items import Items
from evaluation.params import Gate
from evaluation.simulator.cases import FAQ, Case, draw_case
from evaluation.simulator.play import Played, play
from evaluation.simulator.summary import figures, pass_hat
from evaluation.simulator.world import World, call
from evaluation.suites import SUITES, simulator
from kefu.schema import Message, Report
from kefu.shop.pack import load_pack
from kefu.shop.part import LANGUAGES
from kefu.shop.wordings.scripts import FEWEST, Scripts
from pipelines.params import load_params
from serving.tools.demo_database import restore
from serving.tools.shop_db import ToolBox
from tests.fixtures import micro
from tests.fixtures.demo_pack import PACK
from tests.fixtures.taught import taught_release

SEED = 5


@pytest.fixture(scope="module")
def release() -> Iterator[ReleaseUnderTest]:
    with open_release("challenger", micro.shared(), micro.PARAMS.serving) as opened:
        yield opened


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    pack = load_pack(micro.shared() / "pack")
    assert pack.shop.demo_now
    return World(pack, Scripts(pack.folder, "measure"), tmp_path_factory.mktemp("world"), pack.shop.demo_now)


def plain_case(world: World, goal: str) -> Case:
    """A customer of this goal without habits or a second wish."""
    number = [*sorted(world.scripts.goals), FAQ].index(goal)
    case = draw_case(world, number, SEED)
    assert case.goal == goal
    return replace(case, habits=frozenset(), wishes=case.wishes[:1])


class Reads:
    """An engine that reads every message it is asked about as these acts."""

    def __init__(self, name: str, acts: str) -> None:
        self.name, self._acts, self.asked = name, acts, 0

    def stream(self, messages: Sequence[Message], max_new_tokens: int) -> Iterator[str]:
        self.asked += 1
        yield self._acts

    def loss(self, messages: Sequence[Message]) -> tuple[float, int]:
        return 1.0, 1

    def close(self) -> None:
        """It has started nothing."""


def test_each_model_is_played_alone_where_models_read(release: ReleaseUnderTest, tmp_path: Path) -> None:
    """A centre that reads nothing leaves the fast reading; an edge that hears everybody ask for a person is seen."""
    items = cast(Items, SimpleNamespace(conversations=8, seed=SEED))
    assert simulator.edge(release, items).metrics == {}, "no model reads unless serving.model_reader is on"
    by_model = micro.PARAMS.serving.model_copy(update={"model_reader": True, "reader_min_probability": 1.0})
    taught = taught_release(micro.shared(), tmp_path / "taught", LANGUAGES)
    with open_release("challenger", taught, by_model) as reading:
        centre, edge = Reads("centre", ""), Reads("edge", "person")
        reading.engines = cast(dict[str, Any], reading.engines)
        reading.engines |= {"centre": centre, "edge": edge}
        results = {suite: SUITES[suite](reading, items) for suite in ("simulator_centre", "simulator_edge")}
    assert centre.asked and edge.asked
    served = {suite: result.metrics["served"] for suite, result in results.items()}
    assert served["simulator_edge"] < served["simulator_centre"]
    assert {p.suite for result in results.values() for p in result.predictions} == served.keys()
    assert all(result.metrics["wrong_writes"] == 0 for result in results.values())


def test_the_halves_share_no_wording_and_neither_is_empty(world: World):
    other = Scripts(world.pack.folder, "learn")
    for name, goal in world.scripts.goals.items():
        for lang in ("zh", "en"):
            measure, learn = world.scripts.openings(name, lang), other.openings(name, lang)
            assert measure and learn and not set(measure) & set(learn)
            assert sorted(measure + learn) == sorted(goal.say[lang]) and len(goal.say[lang]) >= 12
    assert FEWEST == 4  # a list of fewer holds values, which both halves know


def test_the_same_seed_plays_the_same_conversations(release: ReleaseUnderTest, world: World):
    for number in (0, 4, 13):
        first, second = (play(release, world, draw_case(world, number, SEED), 1, SEED) for _ in range(2))
        assert first.transcript() == second.transcript()
    assert draw_case(world, 4, SEED) != draw_case(world, 4, SEED + 1)


def test_another_trial_is_the_same_wish_in_other_words(release: ReleaseUnderTest, world: World):
    case = plain_case(world, "address")
    openings = {play(release, world, case, trial, SEED).turns[0][0].text for trial in range(6)}
    assert len(openings) > 1


@pytest.mark.parametrize("goal", [*sorted(Scripts(micro.ROOT / "shop", "measure").goals), FAQ])
def test_a_customer_of_each_goal_is_served(release: ReleaseUnderTest, world: World, goal: str):
    tried = [play(release, world, plain_case(world, goal), 0, SEED)]
    while not tried[-1].success and len(tried) < 4:
        tried.append(play(release, world, plain_case(world, goal), len(tried), SEED))
    assert tried[-1].success, tried[0].transcript()


def test_a_write_that_nobody_wanted_is_seen_in_any_table(world: World, tmp_path: Path):
    db = tmp_path / "shop.db"
    shutil.copyfile(world.fresh, db)
    assert world.compare(db, ()) == ([], [])
    case = plain_case(world, "cancel_paid")
    wanted = call("cancel_order", {"order_id": case.wishes[0].row["order_number"], "reason": "mistake"}, case.customer)
    tools = ToolBox(world.pack, db)
    tools.call(wanted.tool, dict(wanted.args), wanted.customer, world.now)
    difference = world.compare(db, ())
    # the order's state, the cancellation and the refund
    assert {row.removeprefix("gone: ").split()[0] for row in difference.wrong} == {"orders", "cancellations", "refunds"}
    assert world.compare(db, (wanted,)) == ([], [])
    other = call("cancel_order", {**dict(wanted.args), "reason": "too_slow"}, case.customer)
    wrong_reason = world.compare(db, (other,))
    assert len(wrong_reason.wrong) == len(wrong_reason.missing) == 1


def test_a_yes_that_the_customer_did_not_mean_counts_as_a_wrong_write(
    release: ReleaseUnderTest, world: World, monkeypatch: pytest.MonkeyPatch
):
    """The customer refuses; were the refusal read as a yes, the conversation would have to fail."""
    case = replace(plain_case(world, "cancel_unpaid"), habits=frozenset({"refuses"}))
    assert not play(release, world, case, 0, SEED).wrong_writes
    monkeypatch.setattr("evaluation.simulator.customer.Customer._no", lambda self: self._typed("是的", ()))
    played = play(release, world, case, 0, SEED)
    assert played.wrong_writes and not played.success


def test_a_restored_shop_remembers_nothing(world: World, tmp_path: Path):
    db = tmp_path / "shop.db"
    restore(world.fresh, db)
    case = plain_case(world, "cancel_unpaid")
    number = case.wishes[0].row["order_number"]
    ToolBox(world.pack, db).call("cancel_order", {"order_id": number, "reason": "x"}, case.customer, world.now)
    assert world.compare(db, ()).wrong
    restore(world.fresh, db)
    assert world.compare(db, ()) == ([], [])


def test_pass_hat_counts_cases_whose_every_trial_succeeds(world: World):
    cases = [draw_case(world, number, SEED) for number in range(2)]
    played = [Played(case, trial, []) for case in cases for trial in range(4)]
    played[0].faults = [("not told", "x")]
    assert pass_hat(played, 1) == pytest.approx(7 / 8)
    assert pass_hat(played, 4) == pytest.approx(1 / 2)


def test_figures_need_answers(world: World, release: ReleaseUnderTest):
    played = [play(release, world, plain_case(world, "price"), 0, SEED)]
    found = figures(played)
    assert found.conversations == 1 and found.turns >= 1 and found.wrong_writes == 0


@pytest.mark.parametrize("lacks", ["simulator", "demo clock"])
def test_a_shop_that_cannot_be_played_is_not_measured_and_the_gate_says_so(lacks: str, tmp_path: Path) -> None:
    clock = PACK.shop.model_copy(update={"demo_now": None})
    changed = {"folder": tmp_path} if lacks == "simulator" else {"shop": clock}
    release = cast(ReleaseUnderTest, SimpleNamespace(pack=PACK.model_copy(update=changed), name="challenger"))
    result = simulator.run(release, cast(Items, None))
    assert result.metrics == {} and result.predictions == []
    report = Report(model="challenger", version="hash", suites={"simulator": result.metrics})
    bound = Gate.model_validate(load_params().promote.model_dump() | {"at_least": {"simulator": {"served": 0.8}}})
    with pytest.raises(GateError, match=r"simulator\.served.*not measured"):
        decide(bound, report, None)
