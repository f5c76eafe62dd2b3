"""The gate, in every way it can open or close."""

import math

import pytest

from evaluation.gate import GateError, decide
from kefu.params import Gate
from kefu.schema import Report


def report(accuracy: float = 0.9, loss: float = 2.0, model: str = "challenger") -> Report:
    suites = {"router": {"accuracy": accuracy}, "answers": {"loss": loss}}
    return Report(model=model, version="hash", suites=suites)


def gate(**bounds: dict[str, float]) -> Gate:
    return Gate(**{"at_least": {}, "at_most": {}, "not_worse_than_champion": {}} | bounds)


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
        ("answers.loss", "≤ champion + 0.1", 2.0, 1.5, "fail"),
    ]


def test_a_bound_that_names_nothing_is_an_error_not_a_pass() -> None:
    with pytest.raises(GateError, match=r"router.acuracy: not measured; measured are router.accuracy, answers.loss"):
        decide(gate(at_least={"router.acuracy": 0.1}), report(), None)
