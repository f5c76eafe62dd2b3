"""Invented numbers of people outside China, in the spellings people use."""

from __future__ import annotations

from random import Random

from benchmarks.pii.figures import add_luhn_digit, group_digits, some


def card(draw: Random) -> str:
    """A Visa, Mastercard or American Express number."""
    if draw.random() < 0.2:
        number = add_luhn_digit(draw.choice(("34", "37")) + some(draw, 12))
        return draw.choice([number, group_digits(number, " ", 4, 6, 5), group_digits(number, "-", 4, 6, 5)])
    number = add_luhn_digit((draw.choice(("4", "51", "55", "2221")) + some(draw, 14))[:15])
    return draw.choice([number, number, group_digits(number, " ", 4, 4, 4, 4), group_digits(number, "-", 4, 4, 4, 4)])


def us_phone(draw: Random) -> str:
    """A North American number."""
    area, middle, last = (
        draw.choice(("415", "212", "305", "617", "773", "503")),
        f"{draw.randrange(200, 999)}",
        some(draw, 4),
    )
    styles = [
        f"({area}) {middle}-{last}",
        f"{area}-{middle}-{last}",
        f"{area}.{middle}.{last}",
        f"{area} {middle} {last}",
    ]
    styles += [
        f"+1 {area} {middle} {last}",
        f"1-{area}-{middle}-{last}",
        f"+1{area}{middle}{last}",
        f"({area}){middle}-{last}",
    ]
    return draw.choice([*styles, f"{area}{middle}{last}", f"{area}-{middle}-{last} ext. {some(draw, 3)}"])


def uk_phone(draw: Random) -> str:
    """A British number, mobile or landline."""
    if draw.random() < 0.5:
        number = "07" + draw.choice("345789") + some(draw, 8)
        groups = [f"{number[:5]} {number[5:]}", f"{number[:5]} {number[5:8]} {number[8:]}"]
        return draw.choice(
            [
                number,
                *groups,
                "+44" + number[1:],
                f"+44 {number[1:5]} {number[5:]}",
                f"+44 (0){number[1:5]} {number[5:]}",
            ]
        )
    area, one, two = draw.choice(
        (("020", "7946", some(draw, 4)), ("0161", "496", some(draw, 4)), ("0113", "496", some(draw, 4)))
    )
    return draw.choice(
        [f"{area} {one} {two}", f"({area}) {one} {two}", f"{area}{one}{two}", f"+44 {area[1:]} {one} {two}"]
    )


def international(draw: Random) -> str:
    """A number of another country in international spelling."""
    heads = ("+49 30 {}", "+33 1 23 {}", "+61 491 {}", "+81-90-{}", "+852 {}", "+65 {}", "+7 495 {}", "+91 98{}")
    body = some(draw, 8)
    return draw.choice(heads).format(draw.choice([body[:7], f"{body[:3]} {body[3:]}", body]))


def ssn(draw: Random) -> str:
    """A US Social Security number."""
    return draw.choice("- --").join(
        (f"{draw.randrange(1, 665):03}", f"{draw.randrange(1, 99):02}", f"{draw.randrange(1, 9999):04}")
    )


def nino(draw: Random) -> str:
    """A British National Insurance number."""
    parts = [
        draw.choice(("AB", "CE", "JK", "PR", "SX")),
        some(draw, 2),
        some(draw, 2),
        some(draw, 2),
        draw.choice("ABCD"),
    ]
    return draw.choice(" ,").replace(",", "").join(parts)


def iban(draw: Random) -> str:
    """A British or German bank account number with its check digits."""
    country, body = draw.choice((("GB", "NWBK" + some(draw, 14)), ("DE", some(draw, 18))))
    number = int("".join(str(int(c, 36)) for c in body + country + "00"))
    whole = f"{country}{98 - number % 97:02}{body}"
    return draw.choice([whole, " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))])
