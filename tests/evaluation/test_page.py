"""The evaluation report: golden conversations as they went, with what is wrong in its place."""

from __future__ import annotations

from pathlib import Path

from evaluation.bootstrap import Sample
from evaluation.compare import compare
from evaluation.metrics import METRICS
from evaluation.page import Talk, render, summary
from evaluation.result import Fault, Result, Table
from kefu.schema import Prediction, Report, SpokenTurn
from kefu.shop.part import Text
from tests.fixtures.browser import overflow

LONG = "订单QM2611100011的收货地址已改为[ADDRESS_1]，" * 4 + "https://example.com/" + "x" * 120


def said(suite: str, name: str, score: float) -> Prediction:
    return Prediction(
        suite=suite, id=name, question=f"<b>{name}</b>", expected=LONG, predicted=LONG, score=score, model="challenger"
    )


def golden(*wrong: bool) -> Result:
    """Golden conversations of two turns; a wrong one has a fault in its second turn and one at its end."""
    turns = [SpokenTurn(said="我要改地址", answered=LONG, route="flow", latency_ms=1.0) for _ in range(2)]
    field = Fault("is", "asks", "new_address", "None")
    faults = [[], [field, Fault("says", "新地址", "", LONG)], [Fault("ends", "SELECT 1", "[]", "[{}]")]]
    names = [f"talk_{n}" for n in range(len(wrong))]
    return Result(
        {"success": Sample.of([float(not one) for one in wrong])},
        [said("flows", name, float(not one)) for name, one in zip(names, wrong, strict=True)],
        conversations=dict.fromkeys(names, turns),
        titles={name: Text(zh=f"<b>标题 {name}</b>", en=f"<b>{name}</b>") for name in names},
        faults={name: faults if one else [[], [], []] for name, one in zip(names, wrong, strict=True)},
    )


def results(*wrong: bool) -> dict[str, Result]:
    intents = [f"intent_with_a_long_name_{n}" for n in range(24)]
    tables = {
        "reliability": Table(("confidence", "accuracy", "turns"), [(0.5, 0.4, 10), (0.9, 0.8, 30)]),
        "confusion": Table(("actual", "predicted"), [(intents[n], intents[n % 20]) for n in range(24)]),
        "errors": Table(("actual", "predicted", "count"), [(intents[20], intents[0], 3)]),
    }
    figures = {"token_f1": 0.1, "rouge_l": 0.1, "repetition": 0.0, "empty": 0.0}
    answers = {
        suite: Result({}, [said(suite, f"{suite} {n}", n / 12) for n in range(12)], figures)
        for suite in ("answers", "edge", "constant", "first_entry")
    }
    return {"flows": golden(*wrong), "router": Result({}, [], {"accuracy": 0.9}, tables), **answers}


def report(name: str) -> Report:
    return Report(model=name, version="0" * 64, suites={})


def test_failing_golden_conversations_are_shown_as_conversations(tmp_path: Path) -> None:
    own, other = results(True, True, False), results(True, False, False)
    page = render(report("challenger"), report("champion"), compare(own, other, 7), own, other)
    first, second = page.index('<code class="soft">talk_1</code>'), page.index('<code class="soft">talk_0</code>')
    assert first < second  # what the champion can do comes first
    assert METRICS["accuracy"].title.zh in page and METRICS["accuracy"].title.en in page
    assert page.count('class="bubble wrong"') == 2 and page.count('class="bubble customer"') >= 4
    shown = page[first:second]
    assert "the champion passes" in shown and "<code>新地址</code>" in shown and "<code>new_address</code>" in shown
    assert '<span lang="zh">&lt;b&gt;标题 talk_1&lt;/b&gt;</span>' in page and '<span lang="en">&lt;b&gt;talk_1' in page
    assert shown.index("我要改地址") < shown.index("does not say") < shown.index("at the end, the query")
    assert "<b>talk" not in page and "talk_2" in page  # nothing that anybody wrote is markup; what goes well is named
    (tmp_path / "report.html").write_text(page, encoding="utf8")
    assert overflow(tmp_path / "report.html") == {}


def test_the_verdict_counts_what_the_intervals_show() -> None:
    own, other = results(True, True, False), results(False, False, False)
    rows = compare(own, other, 7)
    worse = sum(row.trend == "worse" for row in rows)
    talk = Talk("a", Text(zh="一", en="a"), [], [], None)
    assert summary(rows, [talk], compared=True)[1].startswith(f"worse than the champion: {worse}, better: 0")
    assert "must be: 1 of 1" in summary(rows, [talk], compared=False)[1]


def test_without_a_champion_there_are_no_columns_for_it() -> None:
    own = results(False)
    page = render(report("challenger"), None, compare(own, None, 7), own, None)
    assert "there is no champion yet" in page and "difference" not in page.split("<section>")[2]
