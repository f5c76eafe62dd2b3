"""The linter finds each kind of fault in a pack that is broken for it; the demo's charts are up to date."""

from __future__ import annotations

import shutil
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
WORDING = (SHOP / "wordings/wishes.yaml").read_text(encoding="utf8").splitlines()[0]
ORPHAN = "  - id: orphan\n    say: {zh: 无, en: none}\n    end: resolved\n"
DEAD = "dead:\n  title: {zh: 无, en: none}\n  ask: {zh: 无, en: none}\n"
# Several faults in one pack, as linting reads all of it: file, what stood there, what stands there.
FAULTS = (
    ("wordings/wishes.yaml", WORDING, f"{WORDING}\n{WORDING}"),
    ("flows/cancel.yaml", "  - id: trouble\n", f"{ORPHAN}  - id: trouble\n"),
    ("slots.yaml", "return_reason:\n", f"{DEAD}return_reason:\n"),
)


@pytest.fixture(scope="module")
def of_the_demo() -> list[str]:
    return [str(fault) for fault in lint(load_pack(SHOP), TODAY)]


@pytest.fixture(scope="module")
def of_a_broken_pack(tmp_path_factory: pytest.TempPathFactory, of_the_demo: list[str]) -> list[str]:
    """What the demo pack has not, and a copy with all of ``FAULTS`` has."""
    folder = Path(shutil.copytree(SHOP, tmp_path_factory.mktemp("broken") / "shop"))
    for file, old, new in FAULTS:
        text = (folder / file).read_text(encoding="utf8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf8")
    return sorted({str(fault) for fault in lint(load_pack(folder), TODAY)} - set(of_the_demo))


def test_a_wording_that_stands_twice_is_found(of_a_broken_pack: list[str]) -> None:
    assert any("stands there 2 times" in fault for fault in of_a_broken_pack)


def test_the_demo_pack_has_no_errors(of_the_demo: list[str]) -> None:
    assert [fault for fault in of_the_demo if fault.startswith("error")] == []


def test_a_step_that_nothing_leads_to(of_a_broken_pack: list[str]) -> None:
    assert "error: flows/cancel.yaml: step orphan: no step leads to it: link or remove it" in of_a_broken_pack


def test_a_slot_that_nothing_fills_and_no_flow_collects(of_a_broken_pack: list[str]) -> None:
    assert any("dead: nothing fills it" in fault for fault in of_a_broken_pack)
    assert "warning: slots.yaml: dead: no flow collects it" in of_a_broken_pack


def test_an_offer_that_is_over_is_a_warning(of_the_demo: list[str]) -> None:
    assert "warning: promotions.yaml: double11: it is over since 2026-11-12" in of_the_demo


def test_an_offer_that_no_query_tells_by_its_name_is_a_warning(of_the_demo: list[str]) -> None:
    unnamed = [fault for fault in of_the_demo if "tells of it by its name" in fault]
    assert any("kettle_gift" in fault for fault in unnamed)
    assert not any("winter" in fault for fault in unnamed)  # winter_offer does


def test_an_unknown_label_and_what_no_golden_reaches(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder)
    for wordings in (folder / "wordings").glob("*.yaml"):
        wordings.unlink()
    (folder / "wordings/wishes.yaml").write_text(
        f"{WORDING}\n- {{say: 我的快递呢, acts: [flow:parcels]}}\n", encoding="utf8"
    )
    for golden in (folder / "golden").glob("*.yaml"):
        if golden.stem != "small_talk":
            golden.unlink()
    faults = [str(fault) for fault in lint(load_pack(folder), TODAY)]
    assert any("the pack has no flow:parcels" in fault for fault in faults)
    assert "error: flows/return.yaml: no golden reaches it: write one" in faults
    assert "warning: queries.yaml: my_points: no golden asks for it" in faults
    assert "warning: knowledge/faq.yaml: ship_fee: no golden asks for it" in faults


def test_the_charts_of_the_flows_are_up_to_date() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf8") == page(load_pack(SHOP)), "run `kefu flows`"
