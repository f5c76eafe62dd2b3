"""The pack of benchmarks/tau2: what its tools do and refuse, on a made-up shop of the same form as the data."""

import json
from pathlib import Path

import pytest

from benchmarks.tau2.database import BadShop, export_shop, import_shop, load_shop
from benchmarks.tau2.reference import after
from benchmarks.tau2.replay import call_of, differences, replay_all
from benchmarks.tau2.tasks import Action, Task, customer_of, load_tasks
from kefu.paths import ROOT
from kefu.shop.pack import load_pack
from serving.tools.shop_db import ToolBox
from tests.benchmarks.tau2_shop import NEW_HOME, make_shop

PACK = load_pack(ROOT / "benchmarks/tau2/pack")
NOW = "2026-11-16T10:00:00+00:00"


@pytest.fixture
def tools(tmp_path: Path) -> ToolBox:
    import_shop(make_shop(), PACK.folder, tmp_path / "shop.db")
    return ToolBox(PACK, tmp_path / "shop.db")


def act(name: str, **arguments) -> Action:
    return Action(name, arguments)


def change(name: str, order: str, old: list[str], new: list[str], payment: str) -> Action:
    return act(name, order_id=order, item_ids=old, new_item_ids=new, payment_method_id=payment)


def send_back(order: str, items: list[str], payment: str) -> Action:
    return act("return_delivered_order_items", order_id=order, item_ids=items, payment_method_id=payment)


CHANGE, EXCHANGE = "modify_pending_order_items", "exchange_delivered_order_items"
DONE = {
    "cancel, card": [act("cancel_pending_order", order_id="#W0000001", reason="no longer needed")],
    "cancel, gift card gets it back": [act("cancel_pending_order", order_id="#W0000004", reason="ordered by mistake")],
    "one of two equal items": [change(CHANGE, "#W0000001", ["41"], ["42"], "card_1")],
    "two equal items, each to another": [change(CHANGE, "#W0000001", ["41", "51", "41"], ["42", "53", "43"], "gift_1")],
    "change to something cheaper, on the gift card": [change(CHANGE, "#W0000001", ["51"], ["53"], "gift_1")],
    "address after the items": [
        change(CHANGE, "#W0000001", ["51"], ["52"], "paypal_1"),
        act("modify_pending_order_address", order_id="#W0000001", **NEW_HOME),
    ],
    "other payment": [act("modify_pending_order_payment", order_id="#W0000001", payment_method_id="paypal_1")],
    "payment to a gift card": [act("modify_pending_order_payment", order_id="#W0000004", payment_method_id="card_1")],
    "home": [act("modify_user_address", user_id="ada_1", **NEW_HOME)],
    "return": [send_back("#W0000002", ["61", "41"], "card_1")],
    "return on the gift card": [send_back("#W0000005", ["53", "53"], "gift_1")],
    "exchange of several": [change(EXCHANGE, "#W0000002", ["51", "41"], ["53", "43"], "paypal_1")],
    "equal ones for two others": [change(EXCHANGE, "#W0000005", ["53", "53"], ["52", "51"], "gift_1")],
}


@pytest.mark.parametrize("actions", DONE.values(), ids=DONE)
def test_tools_leave_the_state_that_the_reference_leaves(tools, actions):
    for action in actions:
        name, arguments = call_of(action)
        assert tools.call(name, arguments, "ada_1", NOW).error is None
    right, refused = after(make_shop(), [(a.name, a.arguments) for a in actions])
    assert not refused
    assert right != make_shop()
    assert differences(export_shop(tools.db), right) == ()


REFUSED = [
    ("not_pending", act("cancel_pending_order", order_id="#W0000003", reason="no longer needed")),
    ("not_pending", act("cancel_pending_order", order_id="#W0000002", reason="no longer needed")),
    ("bad_reason", act("cancel_pending_order", order_id="#W0000001", reason="too expensive")),
    ("not_found", act("cancel_pending_order", order_id="#W0000006", reason="no longer needed")),
    ("not_found", act("cancel_pending_order", order_id="#W9999999", reason="no longer needed")),
    ("not_found", act("modify_pending_order_address", order_id="#W0000006", **NEW_HOME)),
    ("not_pending", act("modify_pending_order_address", order_id="#W0000003", **NEW_HOME)),
    ("bad_address", act("modify_pending_order_address", order_id="#W0000001", **{**NEW_HOME, "zip": ""})),
    ("bad_address", act("modify_user_address", user_id="ada_1", **{**NEW_HOME, "city": ""})),
    ("not_found", act("modify_pending_order_payment", order_id="#W0000006", payment_method_id="card_1")),
    ("not_pending", act("modify_pending_order_payment", order_id="#W0000002", payment_method_id="paypal_1")),
    ("same_payment", act("modify_pending_order_payment", order_id="#W0000001", payment_method_id="card_1")),
    ("unknown_payment", act("modify_pending_order_payment", order_id="#W0000001", payment_method_id="paypal_2")),
    ("low_balance", act("modify_pending_order_payment", order_id="#W0000001", payment_method_id="gift_1")),
    ("not_found", change(CHANGE, "#W0000006", ["43"], ["41"], "card_1")),
    ("not_pending", change(CHANGE, "#W0000002", ["41"], ["42"], "card_1")),
    ("not_pending", change(CHANGE, "#W0000003", ["61"], ["61"], "card_1")),
    ("unknown_item", change(CHANGE, "#W0000001", ["42"], ["41"], "card_1")),
    ("unknown_item", change(CHANGE, "#W0000001", ["51", "51"], ["52", "53"], "card_1")),
    ("wrong_lists", change(CHANGE, "#W0000001", ["41", "51"], ["42"], "card_1")),
    ("wrong_lists", change(CHANGE, "#W0000001", [], [], "card_1")),
    ("other_product", change(CHANGE, "#W0000001", ["41"], ["51"], "card_1")),
    ("other_product", change(CHANGE, "#W0000001", ["41", "51"], ["42", "42"], "card_1")),
    ("other_product", change(CHANGE, "#W0000001", ["41"], ["nothing"], "card_1")),
    ("same_item", change(CHANGE, "#W0000001", ["41"], ["41"], "card_1")),
    ("unavailable", change(CHANGE, "#W0000001", ["41"], ["44"], "card_1")),
    ("unknown_payment", change(CHANGE, "#W0000001", ["41"], ["42"], "paypal_2")),
    ("not_delivered", change(EXCHANGE, "#W0000001", ["41"], ["42"], "card_1")),
    ("other_product", change(EXCHANGE, "#W0000002", ["61"], ["41"], "card_1")),
    ("unavailable", change(EXCHANGE, "#W0000002", ["41"], ["44"], "card_1")),
    ("not_found", change(EXCHANGE, "#W0000006", ["43"], ["41"], "card_1")),
    ("not_delivered", send_back("#W0000001", ["41"], "card_1")),
    ("unknown_item", send_back("#W0000002", ["41", "41"], "card_1")),
    ("wrong_lists", send_back("#W0000002", [], "card_1")),
    ("other_payment", send_back("#W0000002", ["41"], "paypal_1")),
    ("unknown_payment", send_back("#W0000002", ["41"], "paypal_2")),
]


@pytest.mark.parametrize(("error", "action"), REFUSED)
def test_what_the_policy_forbids_is_refused_and_changes_nothing(tools, error, action):
    name, arguments = call_of(action)
    assert tools.call(name, arguments, "ada_1", NOW).error == error
    assert differences(export_shop(tools.db), make_shop()) == ()


ONCE = {
    "change": (change(CHANGE, "#W0000001", ["51"], ["52"], "card_1"), DONE["one of two equal items"][0]),
    "cancel after a change": (DONE["one of two equal items"][0], DONE["cancel, card"][0]),
    "cancel": (DONE["cancel, card"][0], DONE["cancel, card"][0]),
    "exchange": (DONE["exchange of several"][0], change(EXCHANGE, "#W0000002", ["41"], ["43"], "card_1")),
    "return after an exchange": (DONE["exchange of several"][0], DONE["return"][0]),
    "return": (DONE["return"][0], DONE["return"][0]),
    "other payment": (
        DONE["other payment"][0],
        act("modify_pending_order_payment", order_id="#W0000001", payment_method_id="card_1"),
    ),
}


@pytest.mark.parametrize(("first", "second"), ONCE.values(), ids=ONCE)
def test_an_order_is_changed_only_once(tools, first, second):
    calls = [call_of(first), call_of(second)]
    assert tools.call(*calls[0], "ada_1", NOW).error is None
    state = export_shop(tools.db)
    assert tools.call(*calls[1], "ada_1", NOW).error in ("not_pending", "not_delivered", "paid_twice")
    assert differences(export_shop(tools.db), state) == ()


def test_a_gift_card_pays_no_more_than_it_holds(tools):
    dear = change(CHANGE, "#W0000001", ["41", "41"], ["43", "43"], "gift_1")  # 7.00 of 10.00
    assert tools.call(*call_of(dear), "ada_1", NOW).error is None
    assert export_shop(tools.db)["users"]["ada_1"]["payment_methods"]["gift_1"]["balance"] == 3.0
    dearer = change(EXCHANGE, "#W0000002", ["41"], ["43"], "gift_1")  # 3.50 of 3.00
    assert tools.call(*call_of(dearer), "ada_1", NOW).error == "low_balance"


def test_a_stranger_changes_nothing(tools):
    for actions in DONE.values():
        assert tools.call(*call_of(actions[0]), None, NOW).error == "sign_in"
    assert differences(export_shop(tools.db), make_shop()) == ()


def test_the_database_gives_back_what_was_imported(tools):
    assert export_shop(tools.db) == make_shop()


def test_an_amount_below_a_cent_is_refused(tmp_path):
    shop = make_shop()
    shop["users"]["ada_1"]["payment_methods"]["gift_1"]["balance"] = 10.005
    with pytest.raises(BadShop, match="10.005"):
        import_shop(shop, PACK.folder, tmp_path / "shop.db")


def record(number: str, actions: list[Action]) -> dict:
    instructions = {"reason_for_call": "You want something.", "known_info": "You are Ada Byron.", "unknown_info": None}
    return {
        "id": number,
        "user_scenario": {"instructions": instructions},
        "evaluation_criteria": {"actions": [{"name": a.name, "arguments": a.arguments} for a in actions]},
    }


def test_tasks_are_replayed_from_the_data_folder(tmp_path):
    look_up = act("find_user_id_by_name_zip", first_name="Ada", last_name="Byron", zip="10115")
    impossible = change(CHANGE, "#W0000001", ["41"], ["44"], "card_1")
    tasks = [
        record("1", [look_up, act("get_order_details", order_id="#W0000002"), *DONE["return"]]),
        record("2", [look_up, impossible]),
        record("3", [look_up, act("get_order_details", order_id="#0000002")]),
    ]
    (tmp_path / "db.json").write_text(json.dumps(make_shop()))
    (tmp_path / "tasks_train.json").write_text(json.dumps(tasks))
    shop, read = load_shop(tmp_path), load_tasks(tmp_path)
    import_shop(shop, PACK.folder, tmp_path / "fresh.db")
    one, two, three = replay_all(read, shop, PACK, tmp_path / "fresh.db", tmp_path)
    assert one.is_right and two.is_right and three.is_right
    assert two.refused == ("change_items: unavailable",)
    assert three.missing == ("get_order: not_found",)
    assert [customer_of(task, shop) for task in read] == ["ada_1"] * 3


def test_an_end_state_that_differs_is_seen(tools):
    right, _ = after(make_shop(), [(a.name, a.arguments) for a in DONE["return"]])
    assert differences(export_shop(tools.db), right) == ("#W0000002",)


def test_a_folder_without_the_data_is_named(tmp_path):
    with pytest.raises(BadShop, match="no db.json"):
        load_shop(tmp_path)
    with pytest.raises(BadShop, match="no tasks_train.json"):
        load_tasks(tmp_path)


def test_a_task_without_a_look_up_is_its_orders_customers():
    assert customer_of(Task("1", "", "", tuple(DONE["cancel, card"])), make_shop()) == "ada_1"
