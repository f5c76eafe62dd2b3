"""Invented names and postal addresses, put together from ``words.yaml``."""

from __future__ import annotations

from random import Random
from typing import Any

Words = dict[str, Any]
_CHINESE_NUMBER = "零一二三四五六七八九"


def name_zh(draw: Random, words: Words) -> str:
    """A Chinese name; now and then one of a minority or with a surname of two characters."""
    zh = words["zh"]
    return (
        str(draw.choice(zh["whole"]))
        if draw.random() < 0.06
        else draw.choice(zh["surnames"]) + draw.choice(zh["given"])
    )


def name_en(draw: Random, words: Words) -> str:
    """First name and surname, at times with a middle initial."""
    middle = draw.choice(["", "", "", f"{draw.choice('ABCDEJKLMRT')}. "])
    return f"{draw.choice(words['en']['first'])} {middle}{draw.choice(words['en']['last'])}"


def _flat(draw: Random) -> str:
    block, unit, room = draw.randrange(1, 40), draw.randrange(1, 6), f"{draw.randrange(1, 30)}0{draw.randrange(1, 9)}"
    said = "".join(_CHINESE_NUMBER[int(c)] for c in room)
    styles = [f"{block}栋{unit}单元{room}室", f"{block}号楼{room}", f"{block}幢{room}室", f"{block}-{unit}-{room}"]
    styles += [
        f"{block}栋{room}",
        f"{_CHINESE_NUMBER[unit]}栋{said}",
        f"{block}座{room}房",
        f"{block}号楼{unit}单元{room}",
    ]
    return draw.choice(styles)


def address_zh(draw: Random, words: Words) -> str:
    """A Chinese address that tells a street or a door, in one of the ways people write it."""
    zh = words["zh"]
    pick = {
        key: draw.choice(zh[key])
        for key in ("regions", "near", "streets", "towns", "villages", "sites", "offices", "schools")
    }
    number, flat, floor = draw.randrange(1, 900), _flat(draw), draw.randrange(2, 40)
    head = draw.choice([pick["regions"], pick["regions"], pick["near"]])
    styles = [
        f"{head}{pick['streets']}{number}号{pick['sites']}{flat}",
        f"{head}{pick['towns']}{pick['streets']}{number}号",
        f"{head}{pick['streets']}{number}号{pick['offices']}{floor}楼",
        f"{head}{pick['sites']}{flat}",
        f"{pick['regions']}{pick['towns']}{pick['villages']}{draw.randrange(1, 12)}组{number % 90 + 1}号",
        f"{head}{pick['streets']}{number}弄{number % 30 + 1}号{floor}02室",
        f"{head}{pick['offices']}{draw.choice('ABC')}座{floor}层",
        f"{pick['sites']}{flat}",
        f"{head}{pick['schools']}{number % 20 + 1}号宿舍楼",
        f"{pick['streets']}{number}号",
        f"{pick['regions']} {pick['towns']} {pick['streets']}{number}号 {pick['sites']} {flat}",
        f"{head}，{pick['streets']}{number}号，{flat}",
    ]
    return draw.choice(styles)


def address_en(draw: Random, words: Words) -> str:
    """A US, British or romanised Chinese address, on one line."""
    en = words["en"]
    number, door = draw.randrange(1, 9999), f"{draw.randrange(1, 30)}{draw.choice('ABC')}"
    us = f"{number} {draw.choice(en['us_streets'])}"
    house = f"{number % 200 + 1}{draw.choice(['', '', 'A', 'b'])}"
    uk = f"{house} {draw.choice(en['uk_streets'])}, {draw.choice(en['uk_places'])}"
    place, cn = draw.choice(en["us_places"]), draw.choice(en["cn_streets"])
    styles = [
        f"{us}, {place}",
        f"{us}, Apt {door}, {place}",
        f"{us} #{door}, {place}",
        f"{us}, Suite {number % 900 + 1}, {place}",
        us,
        uk,
        f"Flat {number % 20 + 1}, {uk}",
        f"PO Box {number}, {place}",
        f"Room {number % 900 + 100}, {number % 80 + 1} {cn}, {draw.choice(en['cn_places'])}",
        f"No. {number % 900 + 1} {cn}, {draw.choice(en['cn_places'])}",
    ]
    return draw.choice(styles)
