"""The retail data of tau2-bench (``db.json``) as the pack's SQLite database, and back.

The data stays where it is: it is read from a folder that the caller names, and what is built is thrown away.
``import_shop`` and ``export_shop`` are each other's inverse, to the cent; the replay compares states in the JSON form.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from kefu.errors import KefuError
from serving.tools.demo_database import build

ADDRESS = ("address1", "address2", "city", "state", "country", "zip")

Shop = dict[str, Any]  # products, users and orders, each by id


class BadShop(KefuError, ValueError):
    """The data cannot be imported; the message names the record."""


def load_shop(data: Path) -> Shop:
    """Reads ``db.json`` of the data folder."""
    path = data / "db.json"
    if not path.is_file():
        raise BadShop(f"{data}: has no db.json: name the folder of tau2-bench's retail data")
    shop: Shop = json.loads(path.read_text(encoding="utf8"))
    return shop


def import_shop(shop: Shop, pack: Path, db: Path) -> None:
    """Writes ``db`` anew: the pack's schema, filled with the shop's rows."""
    build(pack, db)
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for table, rows in _rows(shop):
            marks = ", ".join("?" * len(rows[0])) if rows else ""
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        if broken := connection.execute("PRAGMA foreign_key_check").fetchone():
            raise BadShop(f"{broken[0]}: row {broken[1]} names a row of {broken[2]} that does not exist")
        connection.commit()


def export_shop(db: Path) -> Shop:
    """The database in the form of ``db.json``."""
    with closing(sqlite3.connect(db)) as connection:
        connection.row_factory = sqlite3.Row

        def read(table: str, order: str) -> list[sqlite3.Row]:
            return connection.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()

        products = {row["product_id"]: _product(row) for row in read("products", "product_id")}
        for row in read("variants", "item_id"):
            products[row["product_id"]]["variants"][row["item_id"]] = _variant(row)
        users = {row["customer_id"]: _user(row) for row in read("customers", "customer_id")}
        for row in read("payment_methods", "payment_id"):
            users[row["customer_id"]]["payment_methods"][row["payment_id"]] = _payment_method(row)
        orders = {row["order_id"]: _order(row) for row in read("orders", "place")}
        for order in orders.values():
            users[order["user_id"]]["orders"].append(order["order_id"])
        for row in read("order_items", "line"):
            name = products[row["product_id"]]["name"]
            orders[row["order_id"]]["items"].append(
                {
                    "name": name,
                    "product_id": row["product_id"],
                    "item_id": row["item_id"],
                    "price": row["price_cents"] / 100,
                    "options": json.loads(row["options"]),
                }
            )
        for row in read("parcels", "number"):
            parcel = {"tracking_id": json.loads(row["tracking_ids"]), "item_ids": json.loads(row["item_ids"])}
            orders[row["order_id"]]["fulfillments"].append(parcel)
        for row in read("payments", "number"):
            orders[row["order_id"]]["payment_history"].append(
                {
                    "transaction_type": row["kind"],
                    "amount": row["amount_cents"] / 100,
                    "payment_method_id": row["payment_id"],
                }
            )
        for row in read("requested_items", "number"):
            _requested(orders[row["order_id"]], row)
    return {"products": products, "users": users, "orders": orders}


def _rows(shop: Shop) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Each table's name and rows, parents first, in the order of the schema's columns."""
    products, users, orders = shop["products"].values(), shop["users"].values(), shop["orders"].values()
    yield "products", [(p["product_id"], p["name"]) for p in products]
    yield (
        "variants",
        [
            (v["item_id"], p["product_id"], int(v["available"]), _cents(v["price"]), json.dumps(v["options"]))
            for p in products
            for v in p["variants"].values()
        ],
    )
    yield (
        "customers",
        [
            (u["user_id"], u["name"]["first_name"], u["name"]["last_name"], u["email"], *_address(u["address"]))
            for u in users
        ],
    )
    yield (
        "payment_methods",
        [
            (
                u["user_id"],
                m["id"],
                m["source"],
                m.get("brand"),
                m.get("last_four"),
                _cents(m["balance"]) if "balance" in m else None,
            )
            for u in users
            for m in u["payment_methods"].values()
        ],
    )
    places = {order: place for u in users for place, order in enumerate(u["orders"])}
    yield (
        "orders",
        [
            (o["order_id"], o["user_id"], places[o["order_id"]], o["status"], *_address(o["address"]), *([None] * 4))
            for o in orders
        ],
    )
    yield (
        "order_items",
        [
            (o["order_id"], line, i["product_id"], i["item_id"], _cents(i["price"]), json.dumps(i["options"]))
            for o in orders
            for line, i in enumerate(o["items"], 1)
        ],
    )
    yield (
        "parcels",
        [
            (o["order_id"], number, json.dumps(f["tracking_id"]), json.dumps(f["item_ids"]))
            for o in orders
            for number, f in enumerate(o["fulfillments"], 1)
        ],
    )
    yield (
        "payments",
        [
            (o["order_id"], number, p["transaction_type"], _cents(p["amount"]), p["payment_method_id"])
            for o in orders
            for number, p in enumerate(o["payment_history"], 1)
        ],
    )


def _cents(amount: float) -> int:
    cents = round(amount * 100)
    if abs(amount * 100 - cents) > 1e-4:
        raise BadShop(f"amount {amount}: is not a whole number of cents")
    return cents


def _address(address: dict[str, str]) -> tuple[str, ...]:
    return tuple(address[field] for field in ADDRESS)


def _address_of(row: sqlite3.Row) -> dict[str, str]:
    return {field: row[field] for field in ADDRESS}


def _product(row: sqlite3.Row) -> Shop:
    return {"name": row["name"], "product_id": row["product_id"], "variants": {}}


def _variant(row: sqlite3.Row) -> Shop:
    options, available = json.loads(row["options"]), bool(row["available"])
    return {"item_id": row["item_id"], "options": options, "available": available, "price": row["price_cents"] / 100}


def _user(row: sqlite3.Row) -> Shop:
    return {
        "user_id": row["customer_id"],
        "name": {"first_name": row["first_name"], "last_name": row["last_name"]},
        "address": _address_of(row),
        "email": row["email"],
        "payment_methods": {},
        "orders": [],
    }


def _payment_method(row: sqlite3.Row) -> Shop:
    method = {"source": row["source"], "id": row["payment_id"]}
    if row["source"] == "credit_card":
        method |= {"brand": row["brand"], "last_four": row["last_four"]}
    return method if row["balance_cents"] is None else {**method, "balance": row["balance_cents"] / 100}


def _order(row: sqlite3.Row) -> Shop:
    order = {
        "order_id": row["order_id"],
        "user_id": row["customer_id"],
        "address": _address_of(row),
        "items": [],
        "status": row["status"],
        "fulfillments": [],
        "payment_history": [],
    }
    if row["cancel_reason"] is not None:
        order["cancel_reason"] = row["cancel_reason"]
    if row["return_payment_id"] is not None:
        order["return_payment_method_id"] = row["return_payment_id"]
    if row["exchange_payment_id"] is not None:
        order["exchange_payment_method_id"] = row["exchange_payment_id"]
        order["exchange_price_difference"] = row["exchange_difference_cents"] / 100
    return order


def _requested(order: Shop, row: sqlite3.Row) -> None:
    """Adds an item to those of the order's return or exchange, which the data keeps sorted."""
    if row["new_item_id"] is None:
        order["return_items"] = sorted([*order.get("return_items", []), row["item_id"]])
        return
    order["exchange_items"] = sorted([*order.get("exchange_items", []), row["item_id"]])
    order["exchange_new_items"] = sorted([*order.get("exchange_new_items", []), row["new_item_id"]])
