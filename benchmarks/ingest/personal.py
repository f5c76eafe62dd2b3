"""Invented personal data of the load: the cue it comes after, and a function that makes one up."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643
_FIRST, _LAST = ("Maya", "Oscar", "Nina", "Felix"), ("Hartwell", "Lindqvist", "Okafor", "Brandt")


def _mobile(rng: random.Random) -> str:
    digits = f"1{rng.choice('3578')}{rng.randrange(10**9):09}"
    groups = digits[:3], digits[3:7], digits[7:]
    return rng.choice((digits, "-".join(groups), " ".join(groups), f"+86 {digits}"))


def _id_card(rng: random.Random) -> str:
    region, born = rng.choice(("110101", "310104", "440106")), f"19{rng.randint(60, 99)}0{rng.randint(1, 9)}"
    body = f"{region}{born}{rng.randint(10, 28)}{rng.randrange(1000):03}"
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, _WEIGHTS, strict=True)) % 11]


def _bank_card(rng: random.Random) -> str:
    body = f"6222{rng.randrange(10**11):011}"
    doubled = sum(sum(divmod(int(c) * 2, 10)) for c in body[::-2]) + sum(int(c) for c in body[-2::-2])
    return f"{body}{-doubled % 10}"


def _email(rng: random.Random) -> str:
    return f"{rng.choice(('lin', 'chen', 'maya'))}{rng.randrange(10**6)}@example.{rng.choice(('com', 'org', 'cn'))}"


def _tracking(rng: random.Random) -> str:
    return f"{rng.choice(('SF', 'YT', 'JT'))}{rng.randrange(10**13):013}"


def _order(rng: random.Random) -> str:
    return f"KF{rng.randrange(10**10):010}"


def _name_zh(rng: random.Random) -> str:
    return rng.choice("王李张刘陈杨黄赵周吴") + rng.choice("伟芳娜敏静磊洋艳勇杰") + rng.choice("华明丽强军平辉玲峰宁")


def _address(rng: random.Random) -> str:
    road = f"{rng.choice('青红白金银')}{rng.choice('松柳桂枫')}路{rng.randint(2, 999)}号"
    return f"{rng.choice('东南西北')}湖区{road}{rng.randint(1, 30)}栋{rng.randint(101, 2909)}室"


def _phone_en(rng: random.Random) -> str:
    return f"({rng.choice((206, 212, 305, 312, 415))}) {rng.randint(200, 999)}-{rng.randrange(10**4):04}"


def _name_en(rng: random.Random) -> str:
    return f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"


def _street(rng: random.Random) -> str:
    road = f"{rng.choice(('Maple', 'Harbor', 'Juniper'))} {rng.choice(('Street', 'Avenue', 'Lane'))}"
    return f"{rng.randint(2, 9999)} {road}"


KINDS: Mapping[str, tuple[tuple[str, Callable[[random.Random], str]], ...]] = {
    "zh": (
        ("，手机{}", _mobile),
        ("，打{}", _mobile),
        ("，身份证{}", _id_card),
        ("，卡号{}", _bank_card),
        ("，邮箱{}", _email),
        ("，快递{}", _tracking),
        ("，订单{}", _order),
        ("，收件人：{}", _name_zh),
        ("，地址：{}", _address),
    ),
    "en": (
        (", call me at {}", _phone_en),
        (", mail {}", _email),
        (", my name is {}", _name_en),
        (", I live at {}", _street),
        (", order {}", _order),
    ),
}
