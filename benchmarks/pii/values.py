"""Which kind of value stands in a frame, of what type it is, and how one is drawn.

A placeholder ``{mobile}`` of a frame is one line here. Kinds without a type are harmless. A type is what
``kefu/privacy/redact.py`` calls it.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from benchmarks.pii import abroad, figures, harmless, places
from benchmarks.pii.figures import some
from benchmarks.pii.places import Words

_ZH_NAMES = "lily tom ming sunny kkbear happy_mm a_yang zhang wei"


def email(draw: Random) -> str:
    """An e-mail address at a made-up or reserved domain."""
    local = draw.choice(
        [f"user.{some(draw, 3)}", f"{some(draw, 8)}", "li_ming88", "tom-smith", "wang.fang+shop", "Anna_B"]
    )
    whole = f"{local}@{draw.choice(['example.com', 'mail.example.cn', 'example.com.cn', 'example.org', 'example.net'])}"
    return draw.choice([whole] * 7 + [whole.upper(), whole.replace("@", " @ "), figures.wide(whole)])


def wechat(draw: Random) -> str:
    """A WeChat id: a letter, then 5 to 19 letters, digits, dashes or underscores."""
    short = draw.choice(_ZH_NAMES.split())
    return draw.choice(
        [f"wxid_{some(draw, 6)}ab", f"{short}_{some(draw, 4)}", f"{short}{some(draw, 5)}", f"{short}-{some(draw, 4)}x"]
    )


def tracking(draw: Random) -> str:
    """A courier's number with the courier's own prefix."""
    head = draw.choice(["SF", "YT", "JT", "JDVA", "JDX", "DPK", "ZTO", "sf"])
    return draw.choice(
        [head + some(draw, 13)] * 4 + [f"1Z999AA1{some(draw, 10)}", f"RB{some(draw, 9)}CN", f"EA{some(draw, 9)}GB"]
    )


def tracking_us(draw: Random) -> str:
    """A USPS number of 22 digits, whole or in groups of four."""
    number = "9400" + some(draw, 18)
    return draw.choice([number, " ".join(number[i : i + 4] for i in range(0, 22, 4))])


def passport(draw: Random) -> str:
    """A Chinese, US or British passport number."""
    return draw.choice(
        ["E" + some(draw, 8), "EA" + some(draw, 7), "G" + some(draw, 8), some(draw, 9), "A" + some(draw, 8)]
    )


def plate_en(draw: Random) -> str:
    """A US or British number plate."""
    return draw.choice(
        [
            f"AB{some(draw, 2)} CDE",
            f"KT{some(draw, 2)}XYZ",
            f"{some(draw, 1)}ABC{some(draw, 3)}",
            f"JRW-{some(draw, 4)}",
            f"HGK {some(draw, 4)}",
        ]
    )


PERSONAL: dict[str, tuple[str, Callable[[Random], str]]] = {
    "bankcard": ("BANK_CARD", figures.bank_card),
    "card": ("BANK_CARD", abroad.card),
    "code": ("CODE", lambda draw: harmless.pin(draw, "")),
    "e164": ("PHONE", abroad.international),
    "email": ("EMAIL", email),
    "enorder": (
        "ORDER",
        lambda draw: draw.choice([some(draw, 10), f"112-{some(draw, 7)}-{some(draw, 7)}", f"SO{some(draw, 8)}"]),
    ),
    "enplate": ("PLATE", plate_en),
    "entrack": (
        "TRACKING",
        lambda draw: draw.choice([some(draw, 12), some(draw, 15), f"{some(draw, 4)} {some(draw, 4)} {some(draw, 4)}"]),
    ),
    "entrack2": ("TRACKING", tracking_us),
    "iban": ("BANK_CARD", abroad.iban),
    "idcard": ("ID_CARD", figures.id_card),
    "landline": ("PHONE", figures.landline),
    "longorder": (
        "ORDER",
        lambda draw: draw.choice(
            [some(draw, 19), some(draw, 12), f"{some(draw, 6)}-{some(draw, 15)}", f"E{some(draw, 16)}"]
        ),
    ),
    "mobile": ("PHONE", figures.mobile),
    "nino": ("SSN", abroad.nino),
    "oldid": ("ID_CARD", figures.old_id),
    "order": ("ORDER", lambda draw: draw.choice(["QM", "QM", "qm"]) + "26" + some(draw, 8)),
    "passport": ("PASSPORT", passport),
    "plate": ("PLATE", figures.plate),
    "qq": ("QQ", lambda draw: draw.choice("123456789") + some(draw, draw.randrange(5, 10))),
    "ssn": ("SSN", abroad.ssn),
    "track": ("TRACKING", tracking),
    "tracknum": (
        "TRACKING",
        lambda draw: draw.choice([some(draw, 12), some(draw, 13), "7" + some(draw, 14), "YT" + some(draw, 13)]),
    ),
    "ukphone": ("PHONE", abroad.uk_phone),
    "usphone": ("PHONE", abroad.us_phone),
    "wechat": ("WECHAT", wechat),
}
MADE_UP: dict[str, tuple[str, Callable[[Random, Words], str]]] = {
    "address": ("ADDRESS", places.address_zh),
    "ename": ("NAME", places.name_en),
    "name": ("NAME", places.name_zh),
    "street": ("ADDRESS", places.address_en),
}
HARMLESS: dict[str, Callable[[Random, str], str]] = {
    "amount": harmless.amount,
    "barcode": lambda draw, _: "690" + some(draw, 10),
    "count": harmless.count,
    "coupon": harmless.coupon,
    "date": harmless.date,
    "hotline": harmless.hotline,
    "percent": harmless.percent,
    "pin": harmless.pin,
    "points": harmless.count,
    "policy": harmless.policy,
    "rooms": harmless.rooms,
    "size": harmless.size,
    "sku": harmless.sku,
    "time": harmless.time,
    "url": harmless.url,
    "version": harmless.version,
    "year": harmless.year,
}
WORDS = {"city": "cities", "model": "models", "product": "products", "shop": "shops"}


def value(kind: str, lang: str, words: Words, draw: Random) -> tuple[str, str | None]:
    """A value and its type. Raises KeyError for a kind that no line above knows."""
    if kind in PERSONAL:
        return PERSONAL[kind][1](draw), PERSONAL[kind][0]
    if kind in MADE_UP:
        return MADE_UP[kind][1](draw, words), MADE_UP[kind][0]
    if kind in WORDS:
        return str(draw.choice(words.get(WORDS[kind]) or words[lang][WORDS[kind]])), None
    return HARMLESS[kind](draw, lang), None
