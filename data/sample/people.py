"""Invented people: who they are, how they write their numbers, and what they have ordered.

Check digits are right (GB 11643 for ID cards, Luhn for bank cards), so that redaction meets what it
will meet in life. No real person is meant.
"""

from __future__ import annotations

import random
import sqlite3
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from data.sample.spec import People, Settings
from kefu.shop.part import Lang

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class Person:
    """``known``: a customer of the demo database; ``facts``: name, phone, email, address and so on."""

    id: str
    lang: Lang
    known: bool
    facts: dict[str, str]


def digits(pattern: str, rng: random.Random) -> str:
    """The pattern with a random digit for each ``#``."""
    return "".join(str(rng.randrange(10)) if c == "#" else c for c in pattern)


def id_card(region: str, rng: random.Random) -> str:
    """18 characters with the check digit of GB 11643-1999."""
    born = date(1960, 1, 1) + timedelta(days=rng.randrange(16000))
    body = f"{region}{born:%Y%m%d}{rng.randrange(1000):03d}"
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, _WEIGHTS, strict=True)) % 11]


def bank_card(prefix: str, rng: random.Random) -> str:
    """16 to 19 digits that pass the Luhn check (ISO/IEC 7812-1)."""
    body = digits(prefix + "#" * (15 - len(prefix)), rng)
    doubled = [2 * int(c) - 9 * (int(c) > 4) for c in body[::-2]]
    return body + str(-(sum(doubled) + sum(int(c) for c in body[-2::-2])) % 10)


def spell_phone(phone: str, spelling: str) -> str:
    """The 11 digits as somebody writes them."""
    return spelling.format(a=phone[:3], b=phone[3:7], c=phone[7:])


class Crowd:
    """Everybody who may write to the shop; the same person every day."""

    def __init__(self, settings: Settings, people: People, shop: sqlite3.Connection, seed: int) -> None:
        self._settings, self._people, self._shop, self._seed = settings, people, shop, seed
        rows = [dict(row) for row in shop.execute(settings.customers)]
        self._customers = [self._known(row) for row in rows]

    def someone(self, rng: random.Random) -> Person:
        """A customer of the demo database or a stranger."""
        if rng.random() < self._settings.rates.known_customer:
            return rng.choice(self._customers)
        return self._stranger(f"V{rng.randrange(self._settings.strangers):05d}")

    def order(self, person: Person, query: str, day: str, rng: random.Random) -> str:
        """One of the person's own orders, else a made-up one of the weeks before ``day``."""
        if person.known:
            rows = self._shop.execute(self._settings.orders[query], {"customer": person.id, "day": day}).fetchall()
            if rows:
                return str(rng.choice(rows)[0])
        made = date.fromisoformat(day) - timedelta(days=rng.randrange(1, 20))
        return digits(self._people.order_number.format(date=f"{made:%y%m%d}"), rng)

    def _known(self, row: dict[str, Any]) -> Person:
        rng = random.Random(f"{self._seed}:{row['customer_id']}")
        lang: Lang = "en" if row["name"].isascii() else "zh"
        facts = self._facts(lang, rng) | {key: str(row[key]) for key in ("name", "phone", "email")}
        return Person(str(row["customer_id"]), lang, True, facts | {"phone": self._spelled(facts | row, rng)})

    def _stranger(self, person_id: str) -> Person:
        rng = random.Random(f"{self._seed}:{person_id}")
        lang: Lang = "en" if rng.random() < self._settings.rates.english else "zh"
        facts = self._facts(lang, rng)
        return Person(person_id, lang, False, facts | {"phone": self._spelled(facts, rng)})

    def _spelled(self, facts: dict[str, Any], rng: random.Random) -> str:
        return spell_phone(str(facts["phone"]), rng.choice(self._people.phone_spellings))

    def _facts(self, lang: Lang, rng: random.Random) -> dict[str, str]:
        people = self._people
        chinese = rng.choice(people.surnames) + rng.choice(people.given)
        english = rng.choice(people.english_names)
        address = rng.choice(people.addresses[lang])
        made = {name: digits(pattern, rng) for name, pattern in sorted(people.formats.items())}
        return made | {
            "name": english if lang == "en" else chinese,
            "phone": digits(rng.choice(people.phone_prefixes) + "########", rng),
            "email": digits(f"{english.split()[0].lower()}###@{rng.choice(people.mail_domains)}", rng),
            "address": digits(address, rng).replace("N", str(rng.randrange(1, 99))),
            "id_card": id_card(rng.choice(people.regions), rng),
            "bank_card": bank_card(rng.choice(people.card_prefixes), rng),
        }
