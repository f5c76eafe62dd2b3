"""The linter finds each kind of fault in a pack that is broken for it; the demo's charts are up to date."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from evaluation.flow_charts import PAGE, page
from evaluation.lint import lint
from kefu.paths import ROOT
from kefu.shop.pack import load_pack
from pipelines.params import load_params

TODAY = date(2026, 11, 16)
SHOP = ROOT / load_params().pack
Found = Callable[[str, str, str], list[str]]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """Faults of the demo pack after a text of one of its files was replaced."""

    def after(file: str, old: str, new: str) -> list[str]:
        folder = tmp_path / "shop"
        shutil.copytree(SHOP, folder)
        path = folder / file
        text = path.read_text(encoding="utf8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf8")
        return [str(fault) for fault in lint(load_pack(folder), TODAY)]

    return after


def test_a_wording_with_an_unknown_label_is_found(found: Found) -> None:
    unknown = found("wordings/wishes.yaml", "acts: [flow:parcel]", "acts: [flow:parcels]")
    assert any("the pack has no flow:parcels" in fault for fault in unknown)


def test_a_wording_that_stands_twice_is_found(found: Found) -> None:
    line = (SHOP / "wordings/wishes.yaml").read_text(encoding="utf8").splitlines()[0]
    assert any("stands there 2 times" in fault for fault in found("wordings/wishes.yaml", line, f"{line}\n{line}"))


def test_the_demo_pack_has_no_errors() -> None:
    assert [str(fault) for fault in lint(load_pack(SHOP), TODAY) if fault.level == "error"] == []


def test_a_step_that_nothing_leads_to(found: Found) -> None:
    orphan = "  - id: orphan\n    say: {zh: 无, en: none}\n    end: resolved\n"
    faults = found("flows/cancel.yaml", "  - id: trouble\n", orphan + "  - id: trouble\n")
    assert "error: flows/cancel.yaml: step orphan: no step leads to it: link or remove it" in faults


def test_a_slot_that_nothing_fills_and_no_flow_collects(found: Found) -> None:
    faults = found(
        "slots.yaml",
        "return_reason:\n",
        "dead:\n  title: {zh: 无, en: none}\n  ask: {zh: 无, en: none}\nreturn_reason:\n",
    )
    assert any("dead: nothing fills it" in fault for fault in faults)
    assert "warning: slots.yaml: dead: no flow collects it" in faults


def test_an_offer_that_is_over_is_a_warning() -> None:
    faults = [str(fault) for fault in lint(load_pack(SHOP), TODAY)]
    assert "warning: promotions.yaml: double11: it is over since 2026-11-12" in faults


def test_an_answer_and_a_flow_that_no_golden_reaches(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder)
    for golden in (folder / "golden").glob("*.yaml"):
        if golden.stem != "small_talk":
            golden.unlink()
    faults = [str(fault) for fault in lint(load_pack(folder), TODAY)]
    assert "error: flows/return.yaml: no golden reaches it: write one" in faults
    assert "warning: queries.yaml: my_points: no golden asks for it" in faults
    assert "warning: knowledge/faq.yaml: ship_fee: no golden asks for it" in faults


def test_the_charts_of_the_flows_are_up_to_date() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf8") == page(load_pack(SHOP)), "run `kefu flows`"
