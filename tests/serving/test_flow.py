"""The flow engine on flows of its own, where the pack's cannot show an edge, and on each of the pack's."""

from __future__ import annotations

from pathlib import Path

import pytest

from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from serving.dialogue.expressions import evaluate
from serving.dialogue.flow import MAX_STEPS, FlowEngine, FlowError, Visit
from serving.sessions.session import FlowState
from serving.tools.shop_db import ToolBox, build
from tests.fixtures.demo_pack import PACK

NOW = "2026-11-16T10:00:00+08:00"


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> ToolBox:
    db = tmp_path_factory.mktemp("shop") / "shop.db"
    build(PACK.folder, db)
    return ToolBox(PACK, db)


def visit(vault: dict[str, str] | None = None, lang: str = "zh") -> Visit:
    return Visit("C1001", vault or {}, "en" if lang == "en" else "zh", NOW)


def engine_of(steps: list[dict[str, object]], tools: ToolBox) -> tuple[FlowEngine, Flow]:
    flow = Flow.model_validate({"name": "t", "title": {"zh": "t", "en": "t"}, "intents": [], "steps": steps})
    pack: Pack = PACK.model_copy(update={"flows": (flow,)})
    return FlowEngine(pack, tools), flow


def test_an_endless_loop_is_an_error_that_names_flow_and_step(tools: ToolBox) -> None:
    say = {"zh": "x", "en": "x"}
    engine, flow = engine_of([{"id": "a", "say": say}, {"id": "b", "say": say, "goto": "a"}], tools)
    with pytest.raises(FlowError, match=f"flow t: {MAX_STEPS} steps .* last at b"):
        engine.start(flow, {}, visit())


def test_a_wrong_expression_names_flow_and_step(tools: ToolBox) -> None:
    engine, flow = engine_of([{"id": "a", "say": {"zh": "{{ nobody.name }}", "en": ""}}], tools)
    with pytest.raises(FlowError, match="flow t, step a: .*nobody"):
        engine.start(flow, {}, visit())


def test_the_sandbox_holds(tools: ToolBox) -> None:
    text = "{{ lang.__class__.__mro__ }}"
    engine, flow = engine_of([{"id": "a", "say": {"zh": text, "en": text}}], tools)
    with pytest.raises(FlowError, match="unsafe"):
        engine.start(flow, {}, visit())


def test_an_unforeseen_tool_error_goes_to_a_person(tools: ToolBox) -> None:
    steps: list[dict[str, object]] = [{"id": "a", "call": "get_order", "args": {"order_id": "'QM0000000000'"}}]
    engine, flow = engine_of(steps, tools)
    assert engine.start(flow, {}, visit())[1].outcome == "handoff"


def test_a_step_that_clears_its_own_slot_asks_once(tools: ToolBox) -> None:
    done: dict[str, object] = {"id": "b", "say": {"zh": "{{ order_number }}", "en": ""}, "clear": ["order_number"]}
    engine, flow = engine_of([{"id": "a", "collect": "order_number", "clear": ["order_number"]}, done], tools)
    state, progress = engine.start(flow, {"order_number": "[ORDER_1]"}, visit())
    assert progress.asks == "order_number"
    ended = engine.fill(state, {"order_number": "[ORDER_2]"}, visit())
    assert (ended.says, ended.outcome, state.slots) == (["[ORDER_2]"], "resolved", {})


def test_an_address_is_asked_for_until_a_parcel_can_arrive(tools: ToolBox) -> None:
    done: dict[str, object] = {"id": "b", "say": {"zh": "{{ new_address }}", "en": ""}}
    engine, flow = engine_of([{"id": "a", "collect": "new_address"}, done], tools)
    state, progress = engine.start(flow, {"new_address": "杭州市滨江区"}, visit())
    assert (progress.asks, progress.says) == ("new_address", ["记下了：杭州市滨江区。请接着发街道和门牌号。"])
    progress = engine.fill(state, {"new_address": "杭州市滨江区江南大道"}, visit())
    assert (progress.asks, progress.says) == ("new_address", ["记下了：杭州市滨江区江南大道。请接着发门牌号。"])
    whole = "杭州市滨江区江南大道588号"
    assert engine.fill(state, {"new_address": "[ADDRESS_1]"}, visit({"[ADDRESS_1]": whole})).outcome == "resolved"


def test_an_address_told_again_without_more_is_taken_as_it_is(tools: ToolBox) -> None:
    done: dict[str, object] = {"id": "b", "say": {"zh": "{{ new_address }}", "en": ""}}
    engine, flow = engine_of([{"id": "a", "collect": "new_address"}, done], tools)
    state, progress = engine.start(flow, {"new_address": "杭州市滨江区"}, visit())
    assert progress.asks == "new_address"
    assert engine.fill(state, {"new_address": "杭州市滨江区"}, visit()).outcome == "resolved"


def test_what_is_not_at_hand_may_be_told_later(tools: ToolBox) -> None:
    later = {"zh": "不急，{{ order_number }}开票到年底。", "en": ""}
    steps: list[dict[str, object]] = [
        {"id": "a", "collect": "tax_number", "later": later},
        {"id": "b", "say": {"zh": "好", "en": ""}},
    ]
    engine, flow = engine_of([*steps, {"id": "c", "collect": "order_number", "optional": True}], tools)
    state, _ = engine.start(flow, {"order_number": "[ORDER_1]"}, visit())
    assert engine.put_off(state, visit()) == "不急，[ORDER_1]开票到年底。"
    state.put_off = True
    assert engine.fill(state, {"tax_number": "[TAX_1]"}, visit()).says == ["好"]
    assert not state.put_off


def test_a_reason_that_was_not_told_may_be_supposed(tools: ToolBox) -> None:
    reason: dict[str, object] = {"id": "a", "collect": "return_reason", "optional": True, "unless_told": "quality"}
    engine, flow = engine_of([reason, {"id": "b", "say": {"zh": "{{ return_reason }}", "en": ""}}], tools)
    assert engine.start(flow, {}, visit())[1].says == ["quality"]
    assert engine.start(flow, {"return_reason": "damaged"}, visit())[1].says == ["damaged"]


def test_tools_get_the_original_texts_keep_the_placeholder(tools: ToolBox) -> None:
    engine = FlowEngine(PACK, tools)
    flow = next(f for f in PACK.flows if f.name == "return")
    slots = {"order_number": "[ORDER_1]", "return_reason": "unsuitable"}
    _, progress = engine.start(flow, slots, visit({"[ORDER_1]": "QM2611100011"}))
    assert progress.asks == "confirm" and "[ORDER_1]" in progress.says[-1]


@pytest.mark.parametrize("flow", PACK.flows, ids=lambda flow: flow.name)
@pytest.mark.parametrize("order", ["QM2611100011", "QM2611140014", "QM2611150013", "QM2611160015", "QM0000000000"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_flow_of_the_pack_comes_to_an_end(flow: Flow, order: str, lang: str, tmp_path: Path) -> None:
    """Walks each with orders in every state, answering whatever is asked; the state survives JSON."""
    build(PACK.folder, tmp_path / "shop.db")
    engine, vault = FlowEngine(PACK, ToolBox(PACK, tmp_path / "shop.db")), {"[ORDER_1]": order}
    state, progress = engine.start(flow, {}, visit(vault, lang))
    for _ in range(12):
        if progress.outcome:
            break
        assert progress.asks and progress.says[-1]
        state = FlowState.model_validate_json(state.model_dump_json())
        if (asked := progress.asks) == "confirm":
            progress = engine.confirm(state, True, visit(vault, lang))
        else:
            if order == "QM0000000000" and "[ORDER_1]" in " ".join(progress.says):
                return  # not found, and asked for another number
            progress = engine.fill(state, {asked: answer(asked)}, visit(vault, lang))
    assert progress.outcome in {"resolved", "handoff"} and all(progress.says)


def answer(slot: str) -> str:
    chosen = PACK.slots[slot]
    return "[ORDER_1]" if chosen.pii == "ORDER" else next(iter(chosen.choices), "words")


def test_several_values_reach_sql_as_one_list(tools: ToolBox) -> None:
    sql = "SELECT value AS sku FROM json_each(:skus) WHERE :order_id IS NOT NULL ORDER BY value DESC"
    tool = PACK.tools["products"].model_copy(update={"args": ("skus", "order_id"), "read": sql})
    shop = ToolBox(PACK.model_copy(update={"tools": {"listed": tool}}), tools.db)
    rows = shop.call("listed", {"skus": ["a", "b’s", "被子"], "order_id": "QM1"}, None, NOW).rows
    assert [row["sku"] for row in rows] == ["被子", "b’s", "a"]
    assert shop.call("listed", {"skus": [], "order_id": "QM1"}, None, NOW).rows == []


def test_results_are_gathered_over_several_rounds(tools: ToolBox) -> None:
    """One item after the other, until the customer has no more: the write then gets all of them."""
    text = {"zh": "{{ found | map(attribute='sku') | join(' ') }}", "en": ""}
    steps: list[dict[str, object]] = [
        {"id": "which", "collect": "exchange_for"},
        {"id": "find", "call": "get_product", "args": {"sku": "exchange_for"}, "save": "found", "append": True},
        {"id": "more", "confirm": {"zh": "?", "en": "?"}, "refused": "told"},
        {"id": "next", "say": {"zh": "好", "en": "ok"}, "clear": ["exchange_for"], "goto": "which"},
        {"id": "told", "say": text, "end": "resolved"},
    ]
    engine, flow = engine_of(steps, tools)
    state, _ = engine.start(flow, {"exchange_for": "BD-101"}, visit())
    assert engine.confirm(state, True, visit()).asks == "exchange_for"
    engine.fill(state, {"exchange_for": "BD-104"}, visit())
    assert engine.confirm(state, False, visit()).says == ["BD-101 BD-104"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Size 8, please!", " size 8 please "),
        ("  1.5 Liters (v-neck)。", " 1.5 liters v-neck "),
        ("...", "  "),
        ("", "  "),
    ],
)
def test_words_are_searched_without_the_marks_around_them(text: str, found: str) -> None:
    assert evaluate("said | words", {"said": text}) == found
