"""The pack of benchmarks/tau2 in conversation, on a made-up shop: strangers, several items, payments, corrections."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from benchmarks.tau2.__main__ import pass_hat
from benchmarks.tau2.customer import load_wordings
from benchmarks.tau2.database import export_shop, import_shop
from benchmarks.tau2.play import open_assistant, play
from benchmarks.tau2.reference import after
from benchmarks.tau2.replay import differences, reference_end
from benchmarks.tau2.tasks import Action, Task
from kefu.paths import ROOT
from kefu.shop.pack import load_pack
from serving.dialogue.assistant import Assistant
from serving.dialogue.reply import Reply
from serving.sessions.store import NotYourSession
from serving.tools.demo_database import restore
from tests.benchmarks.tau2_shop import NEW_HOME, make_shop

ADA = "I am Ada Byron, zip code 10115."


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    db = tmp_path_factory.mktemp("tau2") / "fresh.db"
    import_shop(make_shop(), ROOT / "benchmarks/tau2/pack", db)
    return db


@pytest.fixture(scope="module")
def opened(fresh: Path) -> Iterator[Assistant]:
    db = fresh.with_name("shop.db")
    db.write_bytes(fresh.read_bytes())
    with open_assistant(load_pack(ROOT / "benchmarks/tau2/pack"), db, fresh.parent) as assistant:
        yield assistant


@pytest.fixture
def assistant(opened: Assistant, fresh: Path) -> Assistant:
    restore(fresh, opened.tools.db)
    return opened


def talk(assistant: Assistant, *said: str, session: str | None = None) -> list[Reply]:
    session = session or uuid4().hex
    return [assistant.reply(session, None, text) for text in said]


def ends_as(assistant: Assistant, *actions: tuple[str, dict]) -> bool:
    right, refused = after(make_shop(), actions)
    assert not refused
    return differences(export_shop(assistant.tools.db), right) == ()


def test_a_stranger_is_asked_who_he_is_and_the_wish_goes_on(assistant: Assistant) -> None:
    first, second, *_, last = talk(
        assistant, "I want to cancel an order.", ADA, "#W0000004", "it was ordered by mistake", "yes"
    )
    assert first.asks == "identity"
    assert "Ada" in second.text and second.asks == "order_number"
    assert last.outcome == "resolved"
    cancel = {"order_id": "#W0000004", "reason": "ordered by mistake"}
    assert ends_as(assistant, ("cancel_pending_order", cancel))


@pytest.mark.parametrize(
    "said", ["Ada Byron, 78701", "Max Byron, zip code 10115", "nobody@example.com", "10115", "Ada"]
)
def test_who_cannot_say_who_he_is_sees_nothing_and_gets_a_person(assistant: Assistant, said: str) -> None:
    *asked, last = talk(assistant, "I want to cancel an order.", said, said, said)
    assert all("#W" not in reply.text for reply in [*asked, last])
    assert last.outcome == "handoff"


def test_names_of_two_customers_in_one_message_are_nobody(assistant: Assistant) -> None:
    both = "Ada Byron 10115 ada@example.com and Max Frisch 78701"
    assert talk(assistant, "I want to cancel an order.", both)[-1].asks == "identity"


def test_who_leaves_the_question_for_his_name_is_not_asked_it_again(assistant: Assistant) -> None:
    assert talk(assistant, "I want to cancel an order.", "never mind")[-1].asks is None


def test_another_customers_order_is_not_found(assistant: Assistant) -> None:
    *_, last = talk(assistant, "I want to cancel my order #W0000006.", ADA)
    assert "cannot find order #W0000006" in last.text
    assert ends_as(assistant)


def test_an_identified_session_belongs_to_one_customer(assistant: Assistant) -> None:
    session = uuid4().hex
    talk(assistant, "I want to cancel an order.", ADA, "never mind", session=session)
    *_, last = talk(assistant, "I am Max Frisch, 78701. Cancel my order #W0000006.", session=session)
    assert "cannot find order #W0000006" in last.text
    with pytest.raises(NotYourSession):
        assistant.reply(session, "max_2", "my orders")


EXCHANGE = (
    "I want to exchange some items",
    ADA,
    "#W0000002",
    "the mug",
    "color blue",
    "yes",
    "the lamp",
    "black and USB",
)
EXCHANGED = {"order_id": "#W0000002", "item_ids": ["41", "51"], "new_item_ids": ["42", "53"]}


def test_several_items_are_exchanged_at_once(assistant: Assistant) -> None:
    *_, confirmed, last = talk(assistant, *EXCHANGE, "no", "my visa card", "yes")
    assert all(words in confirmed.text for words in ("color blue", "power source USB", "get back 0.50 USD", "4242"))
    assert last.outcome == "resolved"
    assert ends_as(assistant, ("exchange_delivered_order_items", {**EXCHANGED, "payment_method_id": "card_1"}))


def test_the_payment_is_corrected_at_the_confirmation(assistant: Assistant) -> None:
    *_, corrected, last = talk(assistant, *EXCHANGE, "no", "my visa card", "Actually, use my gift card.", "yes")
    assert "gift card" in corrected.text and corrected.asks == "confirm"
    assert ends_as(assistant, ("exchange_delivered_order_items", {**EXCHANGED, "payment_method_id": "gift_1"}))


def test_of_two_equal_items_each_becomes_another(assistant: Assistant) -> None:
    opening = "I want to change items in my pending order #W0000001"
    talk(assistant, opening, ADA, "1", "blue", "yes", "the mug", "size large", "no", "paypal", "yes")
    changed = {"order_id": "#W0000001", "item_ids": ["41", "41"], "new_item_ids": ["42", "43"]}
    assert ends_as(assistant, ("modify_pending_order_items", {**changed, "payment_method_id": "paypal_1"}))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("exchange items of order #W0000001",), "only items of a delivered order"),
        (("cancel my order #W0000003",), "only a pending order can be cancelled"),
        (("return items of order #W0000001",), "only items of a delivered order"),
        (("change the shipping address of my order #W0000002",), "only a pending order's address"),
        (("exchange items of order #W0000002", "the mug", "color blue and size large"), "no such Mug available"),
        (("exchange items of order #W0000002", "the mug", "a Reading Lamp"), "no such Mug available"),
        (("exchange items of order #W0000002", "the mug", "the same"), "no such Mug available"),
        (("return items of order #W0000002", "the mug", "my paypal", "yes"), "only go to the original payment method"),
        (("return items of order #W0000002", "the teapot"), "could not tell which items"),
        (("exchange items of order #W0000002", "the mug", "large", "no", "amex card"), "could not tell which of your"),
    ],
)
def test_what_the_policy_forbids_is_said_and_not_done(assistant: Assistant, said: tuple[str, ...], words: str) -> None:
    first, *rest = said
    *_, last = talk(assistant, f"I want to {first}", ADA, *rest)
    assert words in last.text
    assert ends_as(assistant)


def test_a_second_wish_is_not_about_an_order_that_it_cannot_change(assistant: Assistant) -> None:
    """The conversation is about the returned order; only a pending one can be cancelled."""
    *_, asked = talk(
        assistant, "I want to return items of order #W0000002", ADA, "the mug", "original payment method", "yes",
        "Please cancel my order.",
    )  # fmt: skip
    assert asked.asks == "order_number"
    assert "#W0000001" in asked.text and "#W0000002" not in asked.text


def test_the_same_wish_again_is_about_another_order(assistant: Assistant) -> None:
    home = "9 Hill St, Reno, NV, USA, 89501"
    *_, asked = talk(
        assistant, "Change the shipping address of my order #W0000001", ADA, home, "yes",
        "I want to change the shipping address of an order",
    )  # fmt: skip
    assert asked.asks == "order_number"


HOME = {"address1": "1 Mill Lane", "address2": "", "city": "Boston", "state": "MA", "country": "USA", "zip": "10115"}
AUSTIN = {"address1": "5 Quay Road", "address2": "", "city": "Austin", "state": "TX", "country": "USA", "zip": "78701"}


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("the default address in my profile", HOME),
        ("my Boston address", HOME),
        ("9 Hill St, Apt 2, Reno, NV, USA, 89501", NEW_HOME),
        ("Please use 9 Hill St, Apt 2, Reno, NV, 89501.", NEW_HOME),
        ("it is 9 Hill St, , Reno, NV, USA, 89501", {**NEW_HOME, "address2": ""}),
    ],
)
def test_an_address_is_spelled_or_one_the_shop_knows(assistant: Assistant, said: str, address: dict) -> None:
    talk(assistant, "Change the shipping address of my order #W0000001", ADA, said, "yes")
    assert ends_as(assistant, ("modify_pending_order_address", {"order_id": "#W0000001", **address}))


def test_scripted_customers_end_in_the_reference_state(assistant: Assistant, fresh: Path) -> None:
    look_up = Action("find_user_id_by_name_zip", {"first_name": "Ada", "last_name": "Byron", "zip": "10115"})
    sent = {"order_id": "#W0000002", "item_ids": ["61", "41"], "payment_method_id": "card_1"}
    writes = [
        Action("return_delivered_order_items", sent),
        Action("modify_user_address", {"user_id": "ada_1", **AUSTIN}),
        Action("cancel_pending_order", {"order_id": "#W0000004", "reason": "no longer needed"}),
    ]
    task = Task("1", "You want to return the mug and the sofa.", "You are Ada Byron.", (look_up, *writes))
    right, _ = reference_end(task, make_shop())
    for own_words in (False, True):
        played = play(assistant, task, make_shop(), right, fresh, load_wordings(), 0, 1, own_words)
        assert played.is_right, played.transcript()


def test_a_customer_whose_wish_fails_is_counted(assistant: Assistant, fresh: Path) -> None:
    """The reference end here is another one: the customer's words cannot reach it."""
    task = Task("1", "", "", (Action("cancel_pending_order", {"order_id": "#W0000004", "reason": "no longer needed"}),))
    right, _ = reference_end(Task("2", "", "", ()), make_shop())
    played = play(assistant, task, make_shop(), right, fresh, load_wordings(), 0, 1)
    assert not played.is_right and played.has_written
    assert pass_hat([played], 1) == 0.0
