"""Invented numbers that name a person or a parcel, in the spellings people use."""

from __future__ import annotations

from random import Random

_ZH_DIGITS = ("零一二三四五六七八九", "〇幺二三四五六七八九", "零幺二三四五六七八九", "零壹贰叁肆伍陆柒捌玖")
_PLACES = ("110105", "310115", "440305", "330110", "510107", "420111", "610113", "130108", "450103")
_PLATES = "京津沪渝冀豫云辽黑湘皖鲁苏浙赣鄂桂甘晋陕吉闽贵粤青川琼"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def some(draw: Random, count: int) -> str:
    """So many digits."""
    return "".join(draw.choices("0123456789", k=count))


def speak_digits(draw: Random, figures: str) -> str:
    """Digits as people say them: 幺三八…"""
    return figures.translate(str.maketrans("0123456789", draw.choice(_ZH_DIGITS)))


def wide(text: str) -> str:
    """Full-width characters."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def group_digits(figures: str, separator: str, *sizes: int) -> str:
    """The digits in groups of these sizes."""
    cuts = [sum(sizes[:i]) for i in range(len(sizes))]
    return separator.join(figures[cut : cut + size] for cut, size in zip(cuts, sizes, strict=True))


def mobile(draw: Random) -> str:
    """A Chinese mobile number."""
    number = draw.choice(("13", "15", "17", "18", "19", "16")) + some(draw, 9)
    separator = draw.choice(" -  .")
    styles = (
        [number] * 6
        + [group_digits(number, separator, 3, 4, 4)] * 3
        + [
            "+86" + number,
            "+86 " + number,
            "86-" + number,
            "0086 " + number,
            "+86 " + group_digits(number, " ", 3, 4, 4),
        ]
        + [group_digits(number, " ", 3, 3, 5), group_digits(number, "-", 4, 3, 4), " ".join(number)]
        + [
            wide(number),
            speak_digits(draw, number),
            speak_digits(draw, number),
            speak_digits(draw, group_digits(number, " ", 3, 4, 4)),
        ]
        + [group_digits(number, "—", 3, 4, 4), "(+86)" + number]
    )
    return draw.choice(styles)


def landline(draw: Random) -> str:
    """A Chinese landline number with its area code."""
    area, body = draw.choice((("010", 8), ("021", 8), ("0755", 8), ("0571", 8), ("0731", 8), ("0991", 7), ("027", 8)))
    number = draw.choice("2345678") + some(draw, body - 1)
    styles = [f"{area}-{number}"] * 3 + [area + number, f"({area}){number}", f"{area} {number[:-4]} {number[-4:]}"]
    styles += [f"{area}-{number}转{some(draw, 3)}", f"+86-{area[1:]}-{number}", wide(f"{area}-{number}")]
    return draw.choice(
        [*styles, speak_digits(draw, area + number), f"（{area}）{number}", f"{area}-{number[:-4]}-{number[-4:]}"]
    )


def id_card(draw: Random) -> str:
    """A Chinese ID card number with its check digit."""
    born = f"{draw.randrange(1945, 2010)}{draw.randrange(1, 13):02}{draw.randrange(1, 29):02}"
    body = draw.choice(_PLACES) + born + some(draw, 3)
    number = body + "10X98765432"[sum(int(c) * 2 ** (17 - i) for i, c in enumerate(body)) % 11]
    groups = group_digits(number, draw.choice(" -"), 6, 8, 4)
    return draw.choice([number] * 6 + [number.lower(), groups, wide(number), speak_digits(draw, number)])


def old_id(draw: Random) -> str:
    """A Chinese ID card number of 15 digits, as before 1999."""
    place = draw.choice(_PLACES)
    return f"{place}{draw.randrange(45, 85)}{draw.randrange(1, 13):02}{draw.randrange(1, 29):02}{some(draw, 3)}"


def add_luhn_digit(body: str) -> str:
    """The body followed by its Luhn digit."""
    total = sum(sum(divmod(int(c) * (2 - i % 2), 10)) for i, c in enumerate(reversed(body)))
    return body + str(-total % 10)


def bank_card(draw: Random) -> str:
    """A Chinese bank card number of 16 or 19 digits."""
    number = add_luhn_digit(
        draw.choice(("622202", "621700", "622848", "623058", "436742")) + some(draw, draw.choice((9, 12)))
    )
    groups = [number[i : i + 4] for i in range(0, len(number), 4)]
    return draw.choice([number] * 4 + [" ".join(groups), "-".join(groups), wide(number)])


def plate(draw: Random) -> str:
    """A Chinese number plate; every third one is a new-energy vehicle's."""
    head = draw.choice(_PLATES) + draw.choice("ABCDEFGHJK")
    body = draw.choice(
        [some(draw, 5), draw.choice(_LETTERS) + some(draw, 4), some(draw, 3) + draw.choice(_LETTERS) + some(draw, 1)]
    )
    if draw.random() < 1 / 3:
        body = draw.choice([draw.choice("DF") + some(draw, 5), some(draw, 5) + draw.choice("DF")])
    plates = [head + body] * 3 + [f"{head}·{body}", f"{head} {body}", (head + body).lower(), f"{head}-{body}"]
    return draw.choice([*plates, head + some(draw, 4) + draw.choice("学警挂")])
