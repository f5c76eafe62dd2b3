"""What tau2-bench's retail tools do to its data: the state that a task has to end in.

Written from the domain's policy and the published behaviour of its tools, on the JSON itself, so that the pack's SQL
has an independent opinion to agree with. As in the benchmark, an action that the tools refuse changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from benchmarks.tau2.database import ADDRESS, Shop

REASONS = ("no longer needed", "ordered by mistake")


class Refused(Exception):
    """The reference tools do not do that."""


def after(shop: Shop, actions: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[Shop, list[str]]:
    """A copy of the shop after these actions (name, arguments), and what was refused, in words."""
    state, refused = deepcopy(shop), list[str]()
    for name, arguments in actions:
        try:
            if run := WRITES.get(name):
                run(state, **arguments)
        except Refused as error:
            refused.append(f"{name}: {error}")
    return state, refused


def _cancel(shop: Shop, order_id: str, reason: str) -> None:
    order = _order(shop, order_id, ("pending",))
    if reason not in REASONS:
        raise Refused(f"reason {reason!r}")
    refunds = [{**payment, "transaction_type": "refund"} for payment in order["payment_history"]]
    for payment in refunds:
        _pay(_payment(shop, order, payment["payment_method_id"]), -payment["amount"])
    order["payment_history"] += refunds
    order.update(status="cancelled", cancel_reason=reason)


def _change_order_address(shop: Shop, order_id: str, **address: str) -> None:
    _order(shop, order_id, ("pending", "pending (item modified)"))["address"] = {f: address[f] for f in ADDRESS}


def _change_user_address(shop: Shop, user_id: str, **address: str) -> None:
    shop["users"][user_id]["address"] = {f: address[f] for f in ADDRESS}


def _change_payment(shop: Shop, order_id: str, payment_method_id: str) -> None:
    order = _order(shop, order_id, ("pending", "pending (item modified)"))
    method, payments = _payment(shop, order, payment_method_id), order["payment_history"]
    if len(payments) != 1 or payments[0]["payment_method_id"] == payment_method_id:
        raise Refused("paid twice, or the same method")
    amount, before = payments[0]["amount"], payments[0]["payment_method_id"]
    _cover(method, amount)
    _pay(method, amount)
    _pay(_payment(shop, order, before), -amount)
    payments += [
        {"transaction_type": "payment", "amount": amount, "payment_method_id": payment_method_id},
        {"transaction_type": "refund", "amount": amount, "payment_method_id": before},
    ]


def _change_items(
    shop: Shop, order_id: str, item_ids: Sequence[str], new_item_ids: Sequence[str], payment_method_id: str
) -> None:
    order = _order(shop, order_id, ("pending",))
    difference = _difference(shop, order, item_ids, new_item_ids)
    method = _payment(shop, order, payment_method_id)
    _cover(method, difference)
    _pay(method, difference)
    order["payment_history"].append(
        {
            "transaction_type": "payment" if difference > 0 else "refund",
            "amount": abs(difference),
            "payment_method_id": payment_method_id,
        }
    )
    for old, new in zip(item_ids, new_item_ids, strict=True):
        item = next(item for item in order["items"] if item["item_id"] == old)
        variant = shop["products"][item["product_id"]]["variants"][new]
        item.update(item_id=new, price=variant["price"], options=deepcopy(variant["options"]))
    order["status"] = "pending (item modified)"


def _return(shop: Shop, order_id: str, item_ids: Sequence[str], payment_method_id: str) -> None:
    order = _order(shop, order_id, ("delivered",))
    method = _payment(shop, order, payment_method_id)
    if method["source"] != "gift_card" and payment_method_id != order["payment_history"][0]["payment_method_id"]:
        raise Refused("a refund goes to the original method or a gift card")
    _check_items(order, item_ids)
    order.update(
        status="return requested", return_items=sorted(item_ids), return_payment_method_id=payment_method_id
    )  # fmt: skip


def _exchange(
    shop: Shop, order_id: str, item_ids: Sequence[str], new_item_ids: Sequence[str], payment_method_id: str
) -> None:
    order = _order(shop, order_id, ("delivered",))
    difference = _difference(shop, order, item_ids, new_item_ids)
    _cover(_payment(shop, order, payment_method_id), difference)
    order.update(
        status="exchange requested", exchange_items=sorted(item_ids), exchange_new_items=sorted(new_item_ids),
        exchange_payment_method_id=payment_method_id, exchange_price_difference=difference,
    )  # fmt: skip


def _order(shop: Shop, order_id: str, statuses: Sequence[str]) -> Shop:
    order: Shop | None = shop["orders"].get(order_id)
    if order is None or order["status"] not in statuses:
        raise Refused(f"order {order_id}: not {' or '.join(statuses)}")
    return order


def _payment(shop: Shop, order: Shop, payment_id: str) -> Shop:
    method: Shop | None = shop["users"][order["user_id"]]["payment_methods"].get(payment_id)
    if method is None:
        raise Refused(f"payment method {payment_id}: not the customer's")
    return method


def _check_items(order: Shop, item_ids: Sequence[str]) -> None:
    if not item_ids or Counter(item_ids) - Counter(item["item_id"] for item in order["items"]):
        raise Refused("items: not of the order")


def _difference(shop: Shop, order: Shop, item_ids: Sequence[str], new_item_ids: Sequence[str]) -> float:
    """What the new items cost more; refuses items of other orders, other products, and what is not available."""
    _check_items(order, item_ids)
    if len(item_ids) != len(new_item_ids):
        raise Refused("items: not as many new ones")
    difference = 0.0
    for old, new in zip(item_ids, new_item_ids, strict=True):
        item = next(item for item in order["items"] if item["item_id"] == old)
        variant = shop["products"][item["product_id"]]["variants"].get(new)
        if variant is None or not variant["available"] or new == old:
            raise Refused(f"item {new}: of another product, not available, or the same")
        difference += variant["price"] - item["price"]
    return round(difference, 2)


def _cover(method: Shop, amount: float) -> None:
    if method["source"] == "gift_card" and method["balance"] < amount:
        raise Refused("gift card: balance too low")


def _pay(method: Shop, amount: float) -> None:
    if method["source"] == "gift_card":
        method["balance"] = round(method["balance"] - amount, 2)


WRITES: Mapping[str, Callable[..., None]] = {
    "cancel_pending_order": _cancel,
    "exchange_delivered_order_items": _exchange,
    "modify_pending_order_address": _change_order_address,
    "modify_pending_order_items": _change_items,
    "modify_pending_order_payment": _change_payment,
    "modify_user_address": _change_user_address,
    "return_delivered_order_items": _return,
}
