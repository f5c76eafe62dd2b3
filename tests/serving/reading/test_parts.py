"""The parts alone: tools and their scope, the output guard, phrases, tokens, the store, the index."""

from __future__ import annotations

import fcntl
import json
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from milvus_lite.server_manager import server_manager_instance

from kefu.knowledge.entries import questions
from kefu.shop.part import PackError
from serving.api import tokens
from serving.dialogue.output_guard import OutputGuard
from serving.dialogue.reading.answers.yes_no import leaves, yes_or_no
from serving.dialogue.reading.segments import MAX_PARTS, segments
from serving.knowledge.static import EXACT, StaticKnowledge
from serving.sessions.store import Sessions
from serving.sessions.valkey import Store
from serving.tools.shop_db import ToolBox, ToolError, build
from tests.fixtures.demo_pack import PACK

NOW = "2026-11-16T10:00:00+08:00"
ORDER = {"order_id": "QM2611100011"}


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> ToolBox:
    db = tmp_path_factory.mktemp("shop") / "shop.db"
    build(PACK.folder, db)
    return ToolBox(PACK, db)


@pytest.mark.parametrize("name", sorted(n for n, tool in PACK.tools.items() if not tool.public))
def test_no_tool_serves_a_stranger(tools: ToolBox, name: str) -> None:
    assert tools.call(name, dict.fromkeys(PACK.tools[name].args, "QM2611100011"), None, NOW).error == "sign_in"


@pytest.mark.parametrize("name", sorted(n for n, tool in PACK.tools.items() if "order_id" in tool.args))
def test_no_tool_touches_another_customers_order(tools: ToolBox, name: str) -> None:
    args = dict.fromkeys(PACK.tools[name].args, "x") | ORDER
    result = tools.call(name, args, "C1002", NOW)
    assert result.error == "not_found" or result.rows == []
    assert tools.call("get_order", ORDER, "C1001", NOW).rows[0]["status"] == "delivered"


def test_chat_cannot_bind_what_the_server_binds(tools: ToolBox) -> None:
    with pytest.raises(ToolError, match="get_order: wants arguments"):
        tools.call("get_order", ORDER | {"customer_id": "C1001"}, "C1002", NOW)


def test_values_are_never_sql(tools: ToolBox) -> None:
    assert tools.call("get_order", {"order_id": "' OR 1=1 --"}, "C1001", NOW).error == "not_found"


def test_a_shop_that_was_built_anew_is_read_anew(tmp_path: Path) -> None:
    db = tmp_path / "shop.db"
    build(PACK.folder, db)
    shop = ToolBox(PACK, db)
    written = {"order_id": "QM2611150013", "reason": "changed_mind"}
    assert shop.call("cancel_order", written, "C1001", NOW).error is None
    assert shop.call("get_order", {"order_id": "QM2611150013"}, "C1001", NOW).rows[0]["status"] == "cancelled"
    build(PACK.folder, db)
    assert shop.call("get_order", {"order_id": "QM2611150013"}, "C1001", NOW).rows[0]["status"] != "cancelled"
    assert [path.name for path in tmp_path.iterdir()] == ["shop.db"]  # nothing of the old file is left beside it


def test_a_call_that_fails_leaves_no_transaction_open(tmp_path: Path) -> None:
    build(PACK.folder, tmp_path / "shop.db")
    tools = {"broken": PACK.tools["get_order"].model_copy(update={"read": "SELECT absent FROM orders"})}
    shop = ToolBox(PACK.model_copy(update={"tools": {**PACK.tools, **tools}}), tmp_path / "shop.db")
    with pytest.raises(ToolError, match="no such column"):
        shop.call("broken", ORDER, "C1001", NOW)
    assert shop.call("get_order", ORDER, "C1001", NOW).rows


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("两件事：1、煎锅退货 2、养生壶什么时候到", "2、养生壶什么时候到"),
        ("1) invoice for the bowls 2) change the phone", "2) change the phone"),
        ("①养生壶到哪 ②奶锅啥时候发货", "②奶锅啥时候发货"),
        ("a) cancel the pillow b) return the mug", "b) return the mug"),
        ("改成2.5米的", None),
        ("退2个，留1个", None),
        ("QM2611140014 2-3 days", None),
    ],
)
def test_each_point_of_a_numbered_list_is_a_part(text: str, second: str | None) -> None:
    parts = segments(text, PACK.acts.another, PACK.acts.question)
    assert parts[-1].strip() == (second or text)


def test_a_pasted_text_has_few_parts_and_loses_nothing() -> None:
    text = "我要退货。发票怎么开？" * 180
    parts = segments(text, PACK.acts.another)
    assert len(parts) == MAX_PARTS and "".join(parts) == text
    assert segments("满多少包邮？还有新疆能送吗？", PACK.acts.another) == ["满多少包邮？", "还有新疆能送吗？"]


def test_a_shop_that_does_not_fit_names_file_and_line(tmp_path: Path) -> None:
    source = tmp_path / "pack/db"
    source.mkdir(parents=True)
    (source / "schema.sql").write_text("CREATE TABLE t (a INTEGER CHECK (a > 0));")
    (source / "t.csv").write_text("a\n1\n-1\n")
    with pytest.raises(PackError, match=r"t\.csv:3: CHECK"):
        build(tmp_path / "pack", tmp_path / "shop.db")
    assert not (tmp_path / "shop.db").exists()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_what_a_model_may_say(size: int) -> None:
    said = "\n 您的[ORDER_1]和[ORDER_9]已发[货] a<b <|im_end|>secret"
    pieces = [said[i : i + size] for i in range(0, len(said), size)]
    guard = OutputGuard(PACK, {"[ORDER_1]": "QM1"}, "zh")
    assert "".join(guard.stream(pieces)) == f"您的[ORDER_1]和{PACK.slots['order_number'].title.zh}已发[货] a<b "


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("好的", True),
        ("没问题", True),
        ("不可以", False),
        ("不用了", False),
        ("Yes please", True),
        ("no, thanks", False),
    ]
    + [
        ("not ok", False),
        ("好的，谁出运费？", None),
        ("收件人是[NAME_1]", None),
        ("那好的，谢谢", True),
        ("yesterday", None),
    ],
)
def test_yes_and_no(text: str, meaning: bool | None) -> None:
    assert yes_or_no(text, PACK.conversation) is meaning


def test_leaving_needs_a_short_message() -> None:
    assert leaves("算了吧", PACK.conversation) and leaves("Never mind!", PACK.conversation)
    assert not leaves("上次客服说算了，这次你们必须给我一个说法，不然我就要投诉到底", PACK.conversation)


def test_tokens_are_signed_typed_and_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.session_token("C1001", 60)
    assert tokens.read_session(token).customer == "C1001"
    body, signature = token.split(".")
    forged = tokens._encode(
        json.dumps({"kind": "session", "session": "x", "customer": "C1002", "expires": 9e9}).encode()
    )
    for bad in (f"{forged}.{signature}", body, f"{body}.", f"{body}.{signature[:-2]}AA", "", "ü.ü"):
        with pytest.raises(tokens.BadToken, match="not issued"):
            tokens.read_session(bad)
    with pytest.raises(tokens.BadToken, match="customer token is needed"):
        tokens.read_customer(token, longest_s=60)
    monkeypatch.setattr(time, "time", lambda: 9e9)
    with pytest.raises(tokens.BadToken, match="expired"):
        tokens.read_session(token)


def test_the_rate_is_limited_for_each_key(store: Store) -> None:
    sessions = Sessions(store.url, 60)
    assert [sessions.within_rate("a", 2) for _ in range(3)].count(False) in {0, 1}  # 0: a minute ended in between
    assert not all(sessions.within_rate("b", 2) for _ in range(6))
    assert sessions.within_rate("c", 2)


def test_milvus_agrees_with_the_matrix_and_is_filled_once(release: Path, tmp_path: Path) -> None:
    exact = StaticKnowledge.open(release / "retriever", tmp_path, questions(PACK), milvus_from=20000)
    assert not list(tmp_path.iterdir()), "few entries need no Milvus"
    for _ in range(2):
        knowledge = StaticKnowledge.open(release / "retriever", tmp_path, questions(PACK), milvus_from=0)
        for text in ("多久能把钱退给我啊", "羽绒枕能不能水洗呢"):
            mine, found = exact.search(text, "zh"), knowledge.search(text, "zh")
            likely = [h.entry.id for h in mine if h.probability >= 0.02]  # Milvus has no order for what is far from all
            assert likely and [h.entry.id for h in found][: len(likely)] == likely
            assert np.allclose([h.probability for h in mine], [h.probability for h in found], atol=0.02)
        knowledge.close()
    assert (tmp_path / "milvus.db").exists()


def test_two_replicas_do_not_meet_in_milvus_lites_file(release: Path, tmp_path: Path) -> None:
    """Another process has it: the second replica, or the new one of an update, searches in memory."""
    text, file = "多久能把钱退给我啊", tmp_path / "milvus.db" / "LOCK"
    first = StaticKnowledge.open(release / "retriever", tmp_path, questions(PACK), milvus_from=20000)
    file.parent.mkdir()
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with closing(StaticKnowledge.open(release / "retriever", tmp_path, questions(PACK), milvus_from=0)) as second:
            assert second.search(text, "zh") == first.search(text, "zh")


def test_a_milvus_that_dies_stops_no_answer(release: Path, tmp_path: Path) -> None:
    with closing(StaticKnowledge.open(release / "retriever", tmp_path, questions(PACK), milvus_from=0)) as knowledge:
        before = knowledge.search("多久能把钱退给我啊", "zh")
        server_manager_instance.release_server(str(tmp_path / "milvus.db"))
        began = time.monotonic()
        after = knowledge.search("多久能把钱退给我啊", "zh")
        assert [hit.entry.id for hit in after] == [hit.entry.id for hit in before]
        assert time.monotonic() - began < 10
        knowledge.search("多久能把钱退给我啊", "zh")


def test_a_question_as_the_pack_words_it_is_certain(release: Path, tmp_path: Path) -> None:
    knowledge = StaticKnowledge.open(release / "retriever", tmp_path, questions(PACK), milvus_from=20000)
    best, *others = knowledge.search("退款多久到账", "zh")
    assert (best.entry.id, best.probability) == ("faq:refund_time:zh", EXACT)
    assert best.entry.id not in {hit.entry.id for hit in others}
    assert knowledge.search("退款多久到账", "en")[0].probability < EXACT, "in its own language only"


def test_questions_between_commas_are_parts_and_what_is_told_with_one_is_not() -> None:
    question = PACK.acts.question
    for text, cuts in (
        ("运费怎么算,能不能开发票,还有买了几天之内可以退?", 3),
        ("how much is shipping, can I get an invoice, and how long do I have to return something?", 3),
        ("我在广州，大概几号能拿到手", 1),
        ("华夫格毛巾三条现在有货吗，多少钱", 2),
        ("1,299元能分期吗", 1),
        ("how much is the kettle and how many litres does it hold", 2),
        ("the kettle and how many litres it holds", 1),
        ("which is cheaper, the down pillow or the memory foam pillow?", 1),
    ):
        parts = segments(text, PACK.acts.another, question)
        assert len(parts) == cuts and "".join(parts) == text
