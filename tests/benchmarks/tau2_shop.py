"""A tiny made-up shop in the form of tau2-bench's retail data: two customers, three products, six orders."""

from __future__ import annotations

from typing import Any

MUG = {
    "41": ("red", "small", 8.5),
    "42": ("blue", "small", 9.25),
    "43": ("red", "large", 12.0),
    "44": ("blue", "large", 12.5),
}
LAMP = {"51": ("white", "battery", 30.0), "52": ("black", "battery", 31.0), "53": ("black", "USB", 28.75)}
SOFA = {"61": ("grey", "leather", 900.0)}
UNAVAILABLE = "44"
NEW_HOME = {
    "address1": "9 Hill St",
    "address2": "Apt 2",
    "city": "Reno",
    "state": "NV",
    "country": "USA",
    "zip": "89501",
}


def _variants(rows: dict[str, tuple[str, str, float]], second: str) -> dict[str, Any]:
    return {
        name: {
            "item_id": name,
            "options": {"color": color, second: other},
            "available": name != UNAVAILABLE,
            "price": price,
        }
        for name, (color, other, price) in rows.items()
    }


def _address(street: str, city: str, state: str, zip_code: str) -> dict[str, str]:
    return {"address1": street, "address2": "", "city": city, "country": "USA", "state": state, "zip": zip_code}


PRODUCTS: dict[str, Any] = {
    "4": {"name": "Mug", "product_id": "4", "variants": _variants(MUG, "size")},
    "5": {"name": "Reading Lamp", "product_id": "5", "variants": _variants(LAMP, "power source")},
    "6": {"name": "Sofa", "product_id": "6", "variants": _variants(SOFA, "material")},
}


def _order(order_id: str, user: str, status: str, items: list[str], payment: str) -> dict[str, Any]:
    bought = []
    for name in items:
        product = next(p for p in PRODUCTS.values() if name in p["variants"])
        variant = product["variants"][name]
        bought.append(
            {"name": product["name"], "product_id": product["product_id"], "item_id": name, "price": variant["price"],
             "options": dict(variant["options"])}
        )  # fmt: skip
    paid = {"transaction_type": "payment", "amount": sum(i["price"] for i in bought), "payment_method_id": payment}
    parcels = [{"tracking_id": ["900"], "item_ids": items}] if status == "delivered" else []
    return {
        "order_id": order_id,
        "user_id": user,
        "address": _address("5 Quay Road", "Austin", "TX", "78701"),
        "items": bought,
        "status": status,
        "fulfillments": parcels,
        "payment_history": [paid],
    }


def make_shop() -> dict[str, Any]:
    """Ada Byron (10115) has a card, PayPal and a gift card of 10.00; Max Frisch (78701) has PayPal."""
    orders = [
        _order("#W0000001", "ada_1", "pending", ["41", "51", "41"], "card_1"),
        _order("#W0000002", "ada_1", "delivered", ["41", "51", "61"], "card_1"),
        _order("#W0000003", "ada_1", "processed", ["61"], "card_1"),
        _order("#W0000004", "ada_1", "pending", ["42"], "gift_1"),
        _order("#W0000005", "ada_1", "delivered", ["53", "53"], "paypal_1"),
        _order("#W0000006", "max_2", "pending", ["43"], "paypal_2"),
    ]
    ada = {
        "card_1": {"source": "credit_card", "id": "card_1", "brand": "visa", "last_four": "4242"},
        "paypal_1": {"source": "paypal", "id": "paypal_1"},
        "gift_1": {"source": "gift_card", "id": "gift_1", "balance": 10.0},
    }
    users = {
        "ada_1": {
            "user_id": "ada_1", "name": {"first_name": "Ada", "last_name": "Byron"}, "email": "ada@example.com",
            "address": _address("1 Mill Lane", "Boston", "MA", "10115"), "payment_methods": ada,
            "orders": [o["order_id"] for o in orders if o["user_id"] == "ada_1"],
        },
        "max_2": {
            "user_id": "max_2", "name": {"first_name": "Max", "last_name": "Frisch"}, "email": "max@example.com",
            "address": _address("5 Quay Road", "Austin", "TX", "78701"),
            "payment_methods": {"paypal_2": {"source": "paypal", "id": "paypal_2"}}, "orders": ["#W0000006"],
        },
    }  # fmt: skip
    return {"products": PRODUCTS, "users": users, "orders": {order["order_id"]: order for order in orders}}
