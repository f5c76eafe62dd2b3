"""The gate, in every way it can open or close."""

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluation.gate import GateError, decide
from evaluation.params import Gate
from kefu.params import PARAMS, ParamsError, profiles
from kefu.schema import MetricDifference, Report
from pipelines.params import load_params


def report(accuracy: float = 0.9, loss: float = 2.0, model: str = "challenger") -> Report:
    suites = {"router": {"accuracy": accuracy}, "answers": {"loss": loss}}
    return Report(model=model, version="hash", suites=suites)


def gate(**bounds: Any) -> Gate:
    none: dict[str, Any] = {"at_least": {}, "at_most": {}, "better_than_constant": (), "not_worse_than_champion": {}}
    return Gate.model_validate(none | bounds)


CASES = {
    "holds": (gate(at_least={"router.accuracy": 0.9}, at_most={"answers.loss": 2.0}), report(), None, "pass"),
    "too low": (gate(at_least={"router.accuracy": 0.91}), report(), None, "fail"),
    "too high": (gate(at_most={"answers.loss": 1.9}), report(), None, "fail"),
    "not a number, from below": (gate(at_least={"router.accuracy": 0}), report(math.nan), None, "fail"),
    "not a number, from above": (gate(at_most={"answers.loss": 9}), report(loss=math.nan), None, "fail"),
    "not a number, no champion": (gate(not_worse_than_champion={"router.accuracy": 1}), report(math.nan), None, "fail"),
    "not a number, a champion": (
        gate(not_worse_than_champion={"router.accuracy": 1}), report(math.nan), report(), "fail"
    ),
    "first champion": (gate(not_worse_than_champion={"router.accuracy": 0.0}), report(0.1), None, "pass"),
    "as far below as tolerated": (
        gate(not_worse_than_champion={"router.accuracy": 0.01}), report(0.79), report(0.8), "pass"
    ),
    "further below": (gate(not_worse_than_champion={"router.accuracy": 0.01}), report(0.78), report(0.8), "fail"),
    "less loss is better": (gate(not_worse_than_champion={"answers.loss": 0}), report(loss=1), report(loss=2), "pass"),
    "more loss is worse": (gate(not_worse_than_champion={"answers.loss": 0.5}), report(loss=3), report(loss=2), "fail"),
    "one of two is enough to close": (
        gate(at_least={"router.accuracy": 0.5}, at_most={"answers.loss": 1}), report(), None, "fail"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("bounds", "challenger", "champion", "verdict"), CASES.values(), ids=CASES)
def test_verdict(bounds: Gate, challenger: Report, champion: Report | None, verdict: str) -> None:
    assert decide(bounds, challenger, champion).verdict == verdict


def test_rows_say_what_was_compared() -> None:
    bounds = gate(at_least={"router.accuracy": 0.95}, not_worse_than_champion={"answers.loss": 0.1})
    rows = decide(bounds, report(), report(0.8, 1.5)).rows
    assert [(r.what, r.bound, r.value, r.champion, r.verdict) for r in rows] == [
        ("router.accuracy", "≥ 0.95", 0.9, 0.8, "fail"),
        ("answers.loss", "≤ champion + 0.1", 2.0, 1.5, "worse"),
    ]


INTERVALS: dict[str, tuple[str, float, float, float, float, str, bool]] = {
    # metric, champion, challenger, low and high of the difference, verdict under a tolerance of 0.03, gate closed by
    # the figure alone
    "shown to be no worse": ("router.accuracy", 0.80, 0.80, -0.02, 0.02, "not worse", False),
    "shown to be better": ("router.accuracy", 0.80, 0.90, 0.05, 0.15, "better", False),
    "as far below as tolerated": ("router.accuracy", 0.80, 0.80, -0.03, 0.03, "not worse", False),
    "no worse, as far as few items tell": ("router.accuracy", 0.80, 0.80, -0.09, 0.09, "too few items", False),
    "one customer": ("router.accuracy", 0.80, 0.95, -math.inf, math.inf, "too few items", False),
    "perhaps worse, by few items": ("router.accuracy", 0.80, 0.74, -0.13, 0.02, "too few items", True),
    "not shown, by items that would have": ("router.accuracy", 0.80, 0.785, -0.034, 0.005, "worse", True),
    "worse": ("router.accuracy", 0.80, 0.70, -0.12, -0.08, "worse", True),
    "worse, although few items": ("router.accuracy", 0.80, 0.50, -0.52, -0.08, "worse", True),
    "less loss is better": ("answers.loss", 2.0, 1.9, -0.12, -0.08, "better", False),
    "more loss, by few items": ("answers.loss", 2.0, 2.01, -0.1, 0.12, "too few items", False),
    "more loss": ("answers.loss", 2.0, 2.1, 0.08, 0.12, "worse", True),
}


def compared(name: str, before: float, now: float, low: float, high: float, customers: int) -> tuple[Report, Report]:
    suite, metric = name.split(".")
    difference = MetricDifference(delta=now - before, low=low, high=high, customers=customers)
    champion = Report(model="champion", version="hash", suites={suite: {metric: before}})
    suites = {suite: {metric: now}}
    return Report(model="challenger", version="hash", suites=suites, differences={name: difference}), champion


@pytest.mark.parametrize(
    ("name", "before", "now", "low", "high", "verdict", "closes"), INTERVALS.values(), ids=INTERVALS
)
def test_no_worse_has_to_be_shown(
    name: str, before: float, now: float, low: float, high: float, verdict: str, closes: bool
) -> None:
    reports = compared(name, before, now, low, high, customers=1 if math.isinf(high) else 60)
    bounds = {"not_worse_than_champion": {name: 0.03}}
    lenient = decide(gate(**bounds, too_few_items="figure"), *reports)
    assert (lenient.rows[0].verdict, lenient.rows[0].closes) == (verdict, closes)
    assert lenient.verdict == ("fail" if closes else "pass")
    strict = decide(gate(**bounds, too_few_items="fail"), *reports)
    assert strict.verdict == ("pass" if verdict in ("better", "not worse") else "fail")


@pytest.mark.parametrize(
    ("name", "before", "now", "low", "high", "closes"),
    [
        ("router.accuracy", 0.80, 0.74, -0.13, 0.02, False),  # perhaps chance
        ("router.accuracy", 0.80, 0.74, -0.11, -0.01, True),
        ("router.accuracy", 0.80, 0.78, -0.045, -0.005, False),  # tolerated
        ("answers.loss", 2.0, 2.06, 0.01, 0.11, True),
        ("answers.loss", 2.0, 2.06, -0.01, 0.13, False),
        ("router.accuracy", 0.80, 0.10, -math.inf, math.inf, False),  # one customer
    ],
)
def test_chance_alone_keeps_no_release_out(
    name: str, before: float, now: float, low: float, high: float, closes: bool
) -> None:
    reports = compared(name, before, now, low, high, customers=1 if math.isinf(high) else 60)
    [row] = decide(gate(not_worse_than_champion={name: 0.03}, min_power=0.99), *reports).rows
    assert (row.verdict, row.closes) == ("too few items", closes)


def test_three_customers_who_agree_prove_nothing() -> None:
    """Three customers whose items are alike give an interval of no width, whatever others would say."""
    bounds = {"not_worse_than_champion": {"router.accuracy": 0.03}}
    few, many = (compared("router.accuracy", 0.8, 0.8, 0.0, 0.0, customers) for customers in (3, 300))
    assert decide(gate(**bounds), *few).rows[0].verdict == "too few items"
    assert decide(gate(**bounds), *many).rows[0].verdict == "not worse"


def test_the_power_that_is_asked_for_decides_whether_items_are_too_few() -> None:
    bounds = {"not_worse_than_champion": {"router.accuracy": 0.03}}
    reports = compared("router.accuracy", 0.8, 0.785, -0.035, 0.005, 60)  # power 0.84
    assert [decide(gate(**bounds, min_power=p), *reports).rows[0].verdict for p in (0.8, 0.9)] == [
        "worse", "too few items"
    ]  # fmt: skip


@pytest.mark.parametrize(("now", "verdict"), [(0.99, "worse"), (1.0, "not worse")])
def test_where_no_drop_is_tolerated_one_lost_item_is_worse(now: float, verdict: str) -> None:
    """Golden conversations are no sample of others: nothing is inferred from them."""
    reports = compared("flows.success", 1.0, now, now - 1.05, 0.0, customers=300)
    assert decide(gate(not_worse_than_champion={"flows.success": 0.0}), *reports).rows[0].verdict == verdict


def test_a_bound_that_names_nothing_is_an_error_not_a_pass() -> None:
    with pytest.raises(GateError, match=r"router.acuracy: not measured; measured are router.accuracy, answers.loss"):
        decide(gate(at_least={"router.acuracy": 0.1}), report(), None)


WORDS = {"loss": 1.0, "empty": 0.0, "repetition": 0.01, "rouge_l": 0.3, "token_f1": 0.34}
GOOD = {
    "answers": {**WORDS, "grounded": 0.9, "gain_over_constant": 0.13, "gain_over_constant_low": 0.09},
    "edge": {**WORDS, "grounded": 0.9, "agreement": 0.5, "gain_over_constant": 0.07, "gain_over_constant_low": 0.03},
    "constant": {"token_f1": 0.21},
    "flows": {"asked_model": 3.0, "success": 1.0, "turns": 1.0},
    "general": {"kl": 0.1},
    "retrieval": {"hit_at_3": 0.9},
    "router": {"accuracy": 0.93},
    "simulator": {"served": 0.87, "wrong_writes": 0.0},
}
HARMFUL: dict[str, dict[str, dict[str, float]]] = {
    "an edge model that says nothing": {"edge": {"loss": 99, "token_f1": 0, "empty": 1.0, "agreement": 0}},
    "two models that say nothing": {"answers": {"empty": 1.0}, "edge": {"empty": 1.0}},
    "a silent edge": {"edge": {"empty": 1.0}},
    "a silent centre": {"answers": {"empty": 1.0}},
    "an edge silent to every fifth": {"edge": {"empty": 0.2}},
    "a looping edge": {"edge": {"repetition": 0.9}},
    "a looping centre": {"answers": {"repetition": 0.9}},
    "an edge that was not trained": {"edge": {"loss": 2.9}},  # 8.3 nats a token, some 9 tokens for 26 characters
    "an edge loss that is not a number": {"edge": {"loss": math.nan}},
    "a share that is not a number": {"edge": {"empty": math.nan}},
    "an infinite loss": {"edge": {"loss": math.inf}},
    "centre 0.097, constant 0.210": {
        "answers": {"token_f1": 0.097, "gain_over_constant": -0.113, "gain_over_constant_low": -0.16}
    },
    "edge 0.18, constant 0.210": {
        "edge": {"token_f1": 0.18, "gain_over_constant": -0.03, "gain_over_constant_low": -0.06}
    },
    "the constant sentence itself": {"edge": {"gain_over_constant": 0.0, "gain_over_constant_low": 0.0}},
    "one write that no scripted customer wanted": {"simulator": {"wrong_writes": 1.0}},
    "scripted customers that are not served": {"simulator": {"served": 0.5}},
    "a model far from its base": {"general": {"kl": 5.0}},
    "a distance that is not a number": {"general": {"kl": math.nan}},
    "better by luck": {"answers": {"gain_over_constant": 0.02, "gain_over_constant_low": -0.01}},
    "a shop whose golden conversations reach no model": {"flows": {"asked_model": 0.0}},
    "an edge with which scripted customers are not served": {"simulator_edge": {"served": 0.4, "wrong_writes": 0.0}},
    "a write that the centre's reading made": {"simulator_centre": {"served": 0.9, "wrong_writes": 1.0}},
    "answers that a believed judge likes less": {"judge": {"judge_kappa": 0.7, "net_wins_low": -0.4}},
    "edge answers that a believed judge likes less": {"judge": {"judge_kappa": 0.7, "net_wins_edge_low": -0.4}},
    "a gain that is not a number": {"answers": {"gain_over_constant_low": math.nan}},
}


def measured(changes: dict[str, dict[str, float]]) -> Report:
    suites = {name: GOOD.get(name, {}) | changes.get(name, {}) for name in GOOD | changes}
    return Report(model="challenger", version="hash", suites=suites)


@pytest.mark.parametrize("profile", profiles())
def test_the_shipped_bounds_pass_good_models(profile: str) -> None:
    assert decide(load_params(profile=profile).promote, measured({}), None).verdict == "pass"


@pytest.mark.parametrize("champion", [None, measured({})], ids=["no champion", "a good champion"])
@pytest.mark.parametrize("changes", HARMFUL.values(), ids=HARMFUL)
def test_the_shipped_bounds_refuse_harmful_models(
    changes: dict[str, dict[str, float]], champion: Report | None
) -> None:
    assert decide(load_params().promote, measured(changes), champion).verdict == "fail"


def test_a_champion_whose_claims_were_better_supported_stays() -> None:
    worse = measured({"edge": {"grounded": 0.8}})
    decision = decide(load_params().promote, worse, measured({}))
    assert [row.what for row in decision.rows if row.closes] == ["edge.grounded"]


@pytest.mark.parametrize("name", ["simulator_edgy.served", "router.accuracy", "judge.net_winz"])
def test_a_bound_of_what_is_never_measured_is_an_error(name: str) -> None:
    with pytest.raises(GateError, match=name.split(".")[1] if name.startswith("judge") else "known suites: judge"):
        decide(gate(where_measured={"at_least": {name: 0.5}}), report(), None)


@pytest.mark.parametrize("suite", ["answers", "edge"])
def test_a_model_that_was_not_measured_is_an_error_not_a_pass(suite: str) -> None:
    suites = {name: metrics for name, metrics in GOOD.items() if name != suite}
    with pytest.raises(GateError, match=rf"{suite}\.empty"):
        decide(load_params().promote, Report(model="challenger", version="hash", suites=suites), None)


def test_a_suite_without_a_gain_cannot_be_compared_with_the_constant() -> None:
    with pytest.raises(GateError, match=r"edgy.gain_over_constant_low: not measured"):
        decide(gate(better_than_constant=["edgy"]), measured({}), None)


@pytest.mark.parametrize("bound", [None, "better_than_constants"], ids=["left out", "misspelt"])
def test_params_without_the_bound_are_refused(bound: str | None, tmp_path: Path) -> None:
    raw = yaml.safe_load(PARAMS.read_text(encoding="utf8"))
    suites = raw["promote"].pop("better_than_constant")
    if bound:
        raw["promote"][bound] = suites
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    with pytest.raises(ParamsError, match=r"promote\.better_than_constant"):
        load_params(tmp_path / "params.yaml")
