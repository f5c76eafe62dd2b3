"""The mentions of ``mentions.yaml``, and which of them were held out while the linker was written.

``python -m tests.linking.mentions [seen|held]`` prints the misses and the share found of each half.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from serving.dialogue.linking import Linker
from serving.tools.demo_database import build
from serving.tools.shop_db import ToolBox
from tests.fixtures.demo_pack import PACK

NOW = str(PACK.shop.demo_now)
FILE = Path(__file__).with_name("mentions.yaml")


class Mention(NamedTuple):
    """A message of a customer, and what it means; kind is orders, none or products."""

    kind: str
    customer: str
    text: str
    want: tuple[str, ...]
    focus: str | None = None
    offered: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    @property
    def held_out(self) -> bool:
        """Whether its wording was not looked at while building: half of all, by hash."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 2 == 1


def read_mentions() -> Iterator[Mention]:
    """All mentions; orders are written by their last four digits."""
    file = yaml.safe_load(FILE.read_text(encoding="utf8"))
    for customer, text, want, *rest in file["orders"]:
        options: dict[str, Any] = rest[0] if rest else {}
        yield Mention("orders", customer, text, tuple(want), options.get("focus"), tuple(options.get("offered", ())))
    for customer, text in file["none"]:
        yield Mention("none", customer, text, ())
    for text, want, *rest in file["products"]:
        yield Mention("products", "C1001", text, tuple(want), products=tuple(rest[0] if rest else ()))


def open_linker(folder: Path) -> Linker:
    """A linker on a new demo database in ``folder``."""
    build(PACK.folder, folder / "shop.db")
    return Linker(PACK, ToolBox(PACK, folder / "shop.db"))


def linked(linker: Linker, mention: Mention) -> tuple[str, ...]:
    """What the linker gives for a mention, written as the file does."""
    if mention.kind == "products":
        links = linker.link_products(mention.text, mention.products)
        return tuple(dict.fromkeys(link.sku for link in links))
    orders = linker.orders(mention.customer, NOW)
    full = {order.id[-4:]: order.id for order in orders}
    text = linker.normalise(mention.text, lambda: orders)
    focus = full[mention.focus] if mention.focus else None
    link = linker.link_orders(text, orders, "zh", NOW, focus, [full[o] for o in mention.offered])
    return tuple(order[-4:] for order in link.ids)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        linker = open_linker(Path(folder))
        for half in sys.argv[1:] or ["seen", "held"]:
            mentions = [m for m in read_mentions() if m.held_out == (half == "held")]
            misses = [(m, got) for m in mentions if sorted(got := linked(linker, m)) != sorted(m.want)]
            for mention, got in misses:
                sys.stdout.write(f"  {mention.text!r} ({mention.customer}): {got}, not {mention.want}\n")
            sys.stdout.write(f"{half}: {len(mentions) - len(misses)} of {len(mentions)}\n")
