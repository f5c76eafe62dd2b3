"""What looks like personal data and is none: amounts, dates, models, hotlines, codes. It must stay."""

from __future__ import annotations

from random import Random

from benchmarks.pii.figures import some


def amount(draw: Random, lang: str) -> str:
    """A sum of money."""
    sum_ = draw.choice([draw.randrange(1, 200), draw.randrange(1000, 99999)])
    if lang == "en":
        return draw.choice([f"${sum_:,}.{some(draw, 2)}", f"${sum_}", f"{sum_} dollars", f"£{sum_}.99", f"USD {sum_}"])
    return draw.choice(
        [
            f"{sum_}元",
            f"{sum_}.{some(draw, 2)}",
            f"￥{sum_}",
            f"{sum_}块",
            f"¥{sum_:,}.00",
            f"RMB{sum_}",
            "一千二百三十元",
        ]
    )


def date(draw: Random, lang: str) -> str:
    """A day, often with nothing between its digits."""
    y, m, d = draw.randrange(2019, 2027), draw.randrange(1, 13), draw.randrange(1, 29)
    both = [f"{y}-{m:02}-{d:02}", f"{y}/{m}/{d}", f"{y}{m:02}{d:02}", f"{y}.{m:02}.{d:02}"]
    chinese = [f"{m}月{d}号", f"{y}年{m}月{d}日", f"{m}.{d}", f"二零二{_said(y % 10)}年{_said(m % 10)}月"]
    return draw.choice(both + (chinese if lang == "zh" else [f"{m}/{d}/{y}", f"March {d}, {y}", f"{d} June"]))


def _said(figure: int) -> str:
    return "零一二三四五六七八九"[figure]


def time(draw: Random, lang: str) -> str:
    """A time of day."""
    h, m = draw.randrange(24), draw.randrange(60)
    return draw.choice(
        [
            f"{h}:{m:02}",
            f"{h:02}:{m:02}:{m:02}",
            *([f"{h}点", f"{h}点半", f"下午{h % 12 + 1}点"] if lang == "zh" else ["3pm", "9 am"]),
        ]
    )


def sku(draw: Random, _: str) -> str:
    """A shop's number of an article."""
    return draw.choice(
        [some(draw, 8), "1000" + some(draw, 8), f"AB-{some(draw, 5)}-X", "6" + some(draw, 12), "1" + some(draw, 10)]
    )


def policy(draw: Random, _: str) -> str:
    """The number of a policy: of an insurer's or of the shop's."""
    return draw.choice(["PDZA" + some(draw, 14), "2026-" + some(draw, 4), "P" + some(draw, 10), "RET-" + some(draw, 6)])


def version(draw: Random, _: str) -> str:
    """The version of a program."""
    return draw.choice(
        [
            f"v{some(draw, 1)}.{some(draw, 2)}.{some(draw, 3)}",
            f"10.0.{some(draw, 5)}.{some(draw, 4)}",
            "iOS 18.1.1",
            f"V{some(draw, 8)}",
        ]
    )


def hotline(draw: Random, lang: str) -> str:
    """A public hotline."""
    a, b = "820", some(draw, 4)
    free = [f"1-800-{a}-{b}", f"800-{a}-{b}", f"1-888-{a}-{b}", f"0800 {a} {b}", f"(877) {a}-{b}"]
    return draw.choice(
        free
        if lang == "en"
        else [
            f"400-{a}-{b}",
            f"400{a}{b}",
            f"800-{a}-{b}",
            "95588",
            "12315",
            "10086",
            f"95{some(draw, 3)}",
            f"400 {a} {b}",
        ]
    )


def coupon(draw: Random, _: str) -> str:
    """The code of a coupon."""
    return draw.choice(
        [
            f"KEFU{some(draw, 4)}",
            f"{some(draw, 2)}A{some(draw, 1)}-XK{some(draw, 1)}P-{some(draw, 4)}",
            f"SAVE{some(draw, 2)}",
            some(draw, 6),
        ]
    )


def url(draw: Random, _: str) -> str:
    """A link to an article."""
    return draw.choice(
        [
            f"https://item.example.com/1000{some(draw, 8)}.html",
            f"www.example.cn/p?id={some(draw, 7)}&s=1",
            f"http://t.example.cn/A{some(draw, 5)}",
        ]
    )


def size(draw: Random, _: str) -> str:
    """Measures of a thing or screen."""
    a, b, c = (draw.randrange(10, 2000) for _ in range(3))
    return draw.choice(
        [f"{a}*{b}*{c}mm", f"{a}x{b}", f"{a}×{b}×{c}cm", f"{a / 10}寸", f"{a} {b} {c}", "1920x1080", "XL 175/96A"]
    )


def count(draw: Random, _: str) -> str:
    """A number of things."""
    return str(draw.choice([draw.randrange(2, 20), draw.randrange(100, 20000)]))


def year(draw: Random, _: str) -> str:
    """A year."""
    return str(draw.randrange(2015, 2027))


def rooms(draw: Random, _: str) -> str:
    """The size of a flat."""
    return draw.choice(["三室一厅98平", "2室1厅", "120平方米三居室", "一室户35平", "18楼顶层复式"])


def percent(draw: Random, lang: str) -> str:
    """A share."""
    return f"{draw.randrange(1, 100)}%" if lang == "en" else draw.choice([f"{draw.randrange(1, 100)}%", "八八", "95"])


def pin(draw: Random, _: str) -> str:
    """A code without its cue, as after "pin" in small letters; after a cue it is personal (``code``)."""
    return draw.choice(["000000", some(draw, 4), some(draw, 6)])
