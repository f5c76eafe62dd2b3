"""The demo shop's files hold together: what flows, tools, knowledge and database say about each other."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from kefu.paths import ROOT
from kefu.shop.flows import Flow, Step
from kefu.shop.pack import Pack, load_pack
from kefu.shop.part import PackError
from serving.dialogue.reading.word_rules import evidence, plain
from serving.tools.demo_database import build

SHOP = ROOT / "shop"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(SHOP)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    db = tmp_path_factory.mktemp("shop") / "shop.db"
    build(SHOP, db)
    with closing(sqlite3.connect(db)) as connection:
        yield connection


def _next(flow: Flow, step: Step) -> set[str]:
    """Steps that may follow; the empty string is the flow's end."""
    after = {branch.goto for branch in step.branch} | set(step.on_error.values())
    after |= {step.refused} if step.refused else set()
    at = flow.steps.index(step)
    following = flow.steps[at + 1].id if at + 1 < len(flow.steps) else ""
    return after | {"" if step.end else step.goto or following}


def _reached(edges: dict[str, set[str]], start: str) -> set[str]:
    reached, waiting = {start}, [start]
    while waiting:
        new = edges.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def test_every_step_is_reachable_and_every_path_can_end(pack: Pack) -> None:
    for flow in pack.flows:
        edges = {step.id: _next(flow, step) for step in flow.steps}
        assert _reached(edges, flow.steps[0].id) == {*edges, ""}, flow.name
        assert all("" in _reached(edges, step) for step in edges), flow.name


def test_no_write_without_a_confirmation_right_before_it(pack: Pack) -> None:
    for flow in pack.flows:
        for step in flow.steps:
            if step.call and pack.tools[step.call].write:
                before = [other for other in flow.steps if step.id in _next(flow, other)]
                assert before and all(other.confirm for other in before), f"{flow.name}.{step.id}"


def test_calls_give_what_tools_want_and_foresee_every_error(pack: Pack) -> None:
    for flow in pack.flows:
        for step in (s for s in flow.steps if s.call):
            tool = pack.tools[step.call or ""]
            assert set(step.args) == set(tool.args), f"{flow.name}.{step.id}"
            assert "*" in step.on_error or {g.error for g in tool.guards} <= set(step.on_error), (
                f"{flow.name}.{step.id}"
            )


def test_every_statement_of_every_tool_runs(pack: Pack, shop: sqlite3.Connection) -> None:
    for tool in pack.tools.values():
        values = {"customer_id": "C1001", "now": pack.shop.demo_now} | dict.fromkeys(tool.args, "x")
        for sql in (*(guard.sql for guard in tool.guards), *tool.write, *([tool.read] if tool.read else [])):
            shop.execute(sql, values).fetchall()
            shop.rollback()


def test_writes_twice_change_nothing_more(pack: Pack, shop: sqlite3.Connection) -> None:
    orders = {"create_return": "QM2611100011", "cancel_order": "QM2611150013", "change_address": "QM2611160015"}
    for name in sorted(n for n, tool in pack.tools.items() if tool.write):
        tool = pack.tools[name]
        order = orders.get(name, "QM2611100011")
        values = {"customer_id": "C1001", "now": pack.shop.demo_now, **dict.fromkeys(tool.args, "personal")}
        counts = []
        for _ in range(2):
            for sql in tool.write:
                shop.execute(sql, values | {"order_id": order})
            counts.append("\n".join(shop.iterdump()))
        shop.rollback()
        assert counts[0] == counts[1], name


def test_the_shop_is_big_enough_to_show(pack: Pack, shop: sqlite3.Connection) -> None:
    at_least = {"products": 40, "customers": 60, "orders": 300, "parcels": 200, "invoices": 20, "coupons": 30}
    for table, count in at_least.items():
        assert shop.execute(f"SELECT count(*) FROM {table}").fetchone()[0] >= count, table
    states = {row[0] for row in shop.execute("SELECT DISTINCT status FROM orders")}
    assert states == {"unpaid", "paid", "shipped", "delivered", "cancelled"}
    now = pack.shop.demo_now
    assert not shop.execute(
        "SELECT * FROM orders WHERE max(created_at, coalesce(delivered_at, '')) > ?", (now,)
    ).fetchall()


def test_order_numbers_are_recognised_as_personal_data(pack: Pack, shop: sqlite3.Connection) -> None:
    pattern = re.compile(pack.shop.pii["ORDER"])
    assert all(pattern.fullmatch(row[0]) for row in shop.execute("SELECT order_id FROM orders"))
    assert all(
        re.fullmatch(pack.shop.pii["TRACKING"], row[0]) for row in shop.execute("SELECT tracking_no FROM parcels")
    )


def test_knowledge_covers_every_topic_in_both_languages(pack: Pack) -> None:
    for intent in pack.taxonomy.intents:
        assert len(intent.examples["zh"]) >= 6 and len(intent.examples["en"]) >= 3, intent.name
    assert len(pack.faq) >= 80
    assert all(len(f.variants["zh"]) >= 3 and f.variants["en"] for f in pack.faq)
    questions = [q for f in pack.faq for q in (f.question.zh, *f.variants["zh"])]
    assert len(questions) == len(set(questions))
    assert {f.intent for f in pack.faq} >= set(pack.taxonomy.names) - {"chitchat", "provide_info"}
    assert len({policy.id.split("#")[0] for policy in pack.policies}) >= 6


@pytest.mark.parametrize(
    ("file", "change", "named"),
    [
        ("taxonomy.yaml", lambda raw: raw["intents"][0].pop("definition"), "intents.0.definition"),
        ("flows/return.yaml", lambda raw: raw["steps"][1].update(goto="nowhere"), "nowhere"),
        ("knowledge/faq.yaml", lambda raw: raw[3].update(answr="x"), "3.answr"),
        ("knowledge/faq.yaml", lambda raw: raw[3].update(same_as=["query:nothing"]), "same_as: no query:nothing"),
        ("tools.yaml", lambda raw: raw["get_order"].update(read="SELECT 1"), "get_order"),
        ("danger.yaml", lambda raw: raw["injury"]["words"].append("(?<=a)b"), "injury.words"),
        ("danger.yaml", lambda raw: raw["illness"].pop("reply"), "illness.reply"),
        ("danger.yaml", lambda raw: raw["threat"].update(word=["x"]), "threat.word"),
        (
            "entities.yaml",
            lambda raw: raw["order"]["state_words"][0]["words"].append("(?<=a)b"),
            "order.state_words.0.words",
        ),
        ("entities.yaml", lambda raw: raw["order"]["states"].pop("unpaid"), "unknown statuses unpaid"),
        ("entities.yaml", lambda raw: raw["product"].pop("names"), "product.names"),
        ("pack.yaml", lambda raw: raw["office_hours"].update(opens="9 am"), "office_hours.opens"),
        ("conversation.yaml", lambda raw: raw["yes"]["zh"].append(" "), "yes.zh"),
        ("flows/return.yaml", lambda raw: raw["steps"][0].update(yes={"zh": ["好"]}), "belong to a confirm"),
        ("flows/return.yaml", lambda raw: raw["steps"][-1].update(then="cancel", end="handoff"), "`end: resolved`"),
    ],
)
def test_a_broken_file_is_named_with_its_field(tmp_path: Path, file: str, change: object, named: str) -> None:
    folder = shutil.copytree(SHOP, tmp_path / "shop")
    raw = yaml.safe_load((folder / file).read_text(encoding="utf8"))
    assert callable(change)
    change(raw)
    (folder / file).write_text(yaml.safe_dump(raw), encoding="utf8")
    with pytest.raises(PackError, match=re.escape(named)) as error:
        load_pack(folder)
    assert file in str(error.value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda raw: raw["order"].update(tool="products"), "entities order: products"),
        (lambda raw: raw["product"].update(tool="my_orders"), "entities product: my_orders"),
        (lambda raw: raw["order"].update(pii="NUMBER"), "unknown pii type NUMBER"),
        (lambda raw: raw["order"]["day_words"][0].update(promotion="x"), "unknown promotion x"),
    ],
)
def test_entities_refer_to_what_exists(tmp_path: Path, change: object, named: str) -> None:
    folder = shutil.copytree(SHOP, tmp_path / "shop")
    raw = yaml.safe_load((folder / "entities.yaml").read_text(encoding="utf8"))
    assert callable(change)
    change(raw)
    (folder / "entities.yaml").write_text(yaml.safe_dump(raw), encoding="utf8")
    with pytest.raises(PackError, match=re.escape(named)):
        load_pack(folder)


def test_a_flow_goes_over_to_one_that_exists(tmp_path: Path) -> None:
    folder = shutil.copytree(SHOP, tmp_path / "shop")
    raw = yaml.safe_load((folder / "flows/return.yaml").read_text(encoding="utf8"))
    raw["steps"][-1] |= {"then": "nowhere", "end": "resolved"}
    (folder / "flows/return.yaml").write_text(yaml.safe_dump(raw), encoding="utf8")
    with pytest.raises(PackError, match="return, step trouble: then: unknown flow nowhere"):
        load_pack(folder)


def test_aliases_are_of_products_that_exist(pack: Pack, shop: sqlite3.Connection) -> None:
    assert pack.entities.product is not None
    assert set(pack.entities.product.aliases) == {row[0] for row in shop.execute("SELECT sku FROM products")}


def test_a_shop_of_one_language_writes_its_words_alone(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests/fixtures/pack", tmp_path / "pack")
    change_yaml(tmp_path / "pack/conversation.yaml", lambda words: words.update(left="Left it."))
    left = load_pack(tmp_path / "pack").conversation.left
    assert (left.in_("en"), left.in_("zh")) == ("Left it.", "Left it.")


IDENTIFY = {
    "name": "identify",
    "title": "who you are",
    "intents": [],
    "steps": [
        {"id": "ask", "collect": "note"},
        {"id": "find", "call": "find", "args": {"said": "note"}, "save": "found", "customer": "found.id"},
    ],
}
FIND = {
    "description": "",
    "args": ["said"],
    "public": True,
    "read": "SELECT customer_id AS id FROM tickets WHERE id = :said",
}


@pytest.mark.parametrize(
    ("named", "step", "tool", "problem"),
    [
        ("identify", {}, {}, None),
        (None, {}, {}, "step find: `customer` belongs to the flow that pack.yaml names under `identify`"),
        ("nobody", {}, {}, "identify: no flow nobody"),
        ("identify", {"customer": None}, {}, "no step has `customer`"),
        ("identify", {"save": None}, {}, "belong to a call with `save`"),
        ("identify", {}, {"public": False, "read": "SELECT :customer_id AS id, :said"}, "not public for a stranger"),
    ],
)
def test_only_the_flow_that_identifies_strangers_names_a_customer(
    tmp_path: Path, named: str | None, step: dict[str, object], tool: dict[str, object], problem: str | None
) -> None:
    folder = tmp_path / "pack"
    shutil.copytree(ROOT / "tests/fixtures/pack", folder)
    steps = [IDENTIFY["steps"][0], {**IDENTIFY["steps"][1], **step}]  # type: ignore[dict-item, index]
    (folder / "flows/identify.yaml").write_text(yaml.safe_dump({**IDENTIFY, "steps": steps}))
    change_yaml(folder / "tools.yaml", lambda tools: tools.update(find={**FIND, **tool}))
    change_yaml(folder / "pack.yaml", lambda shop: shop.update(identify=named))
    if problem is None:
        assert load_pack(folder).shop.identify == "identify"
    else:
        with pytest.raises(PackError, match=re.escape(problem)):
            load_pack(folder)


def test_a_copy_with_a_name_of_its_own_is_another_shop(tmp_path: Path) -> None:
    """And its parameter `pack` leads to it wherever it lies: stages and `kefu lint` join it to the project's folder."""
    folder = Path(shutil.copytree(SHOP, tmp_path / "my_shop"))
    change_yaml(folder / "pack.yaml", lambda shop: shop.update(name={"zh": "我的店", "en": "My Shop"}))
    assert load_pack(ROOT / str(folder)).shop.name.en == "My Shop"


def test_a_faq_that_means_itself_is_named(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHOP, tmp_path / "shop"))
    itself = {"asked_meanwhile": {"faq:refund_time": "refund_time"}}
    change_yaml(folder / "flows/return.yaml", lambda flow: flow.update(itself))
    with pytest.raises(PackError, match="flow return: faq:refund_time means itself"):
        load_pack(folder)


def change_yaml(path: Path, change: Callable[[dict[str, object]], None]) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf8"))
    change(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf8")


def test_every_wording_of_an_entry_about_others_has_a_word_for_them(pack: Pack) -> None:
    for faq in (faq for faq in pack.faq if faq.others):
        for text in (faq.question.zh, faq.question.en, *(some for v in faq.variants.values() for some in v)):
            assert evidence(plain(text), faq.others) is not None, text
