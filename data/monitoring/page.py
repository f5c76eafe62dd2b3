"""The day's page: one HTML file that needs nothing else, in Chinese and English.

Everything shown was said by customers or read from their files, so everything is escaped
(``kefu/pages``). Texts are those of the store, so redacted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data.monitoring.distributions import CHARACTER_BINS, TURN_BINS
from data.monitoring.drift import Drift
from data.monitoring.params import Monitor
from data.monitoring.profile import Profile
from data.monitoring.reasons import in_both_languages
from kefu.pages.templates import load_template
from kefu.shop.part import Text
from kefu.shop.taxonomy import Taxonomy

TEMPLATE = "page.html.j2"
TITLES = {
    "source": Text(zh="来源", en="sources"),
    "language": Text(zh="语言", en="languages"),
    "hour": Text(zh="时段", en="hour of the day"),
    "turns": Text(zh="每场轮数", en="turns a dialogue"),
    "characters": Text(zh="顾客每句字数", en="characters a customer turn"),
    "outcome": Text(zh="结果", en="outcome"),
    "csat": Text(zh="满意度", en="CSAT"),
    "intent": Text(zh="意图", en="intents"),
    "sentiment": Text(zh="情绪", en="sentiment"),
    "resolved": Text(zh="是否解决", en="resolved"),
    "handover": Text(zh="转人工", en="handed over"),
    "quality": Text(zh="回答问题", en="problems of answers"),
    "redacted": Text(zh="已脱敏", en="redacted"),
    "quarantined": Text(zh="隔离原因", en="quarantined because"),
    "embedding": Text(zh="顾客说的话", en="what customers say"),
}
VALUES = {
    "asked": Text(zh="顾客要求", en="asked"),
    "abandoned": Text(zh="顾客离开", en="abandoned"),
    "complaint": Text(zh="投诉", en="complaint"),
    "en": Text(zh="英语", en="English"),
    "false_promise": Text(zh="过度承诺", en="false promise"),
    "handoff": Text(zh="转人工", en="handoff"),
    "negative": Text(zh="不满", en="negative"),
    "neutral": Text(zh="平静", en="neutral"),
    "no": Text(zh="否", en="no"),
    "none": Text(zh="没有", en="none"),
    "policy": Text(zh="按规定", en="policy"),
    "positive": Text(zh="满意", en="positive"),
    "resolved": Text(zh="已解决", en="resolved"),
    "rude": Text(zh="无礼", en="rude"),
    "unable": Text(zh="办不了", en="unable"),
    "unclear": Text(zh="不清楚", en="unclear"),
    "unknown": Text(zh="未知", en="unknown"),
    "unsupported_claim": Text(zh="没有依据的说法", en="unsupported claim"),
    "yes": Text(zh="是", en="yes"),
    "zh": Text(zh="中文", en="Chinese"),
}
KINDS = {  # of personal data; a pack's own have their name
    "ADDRESS": Text(zh="地址", en="addresses"),
    "BANK_CARD": Text(zh="银行卡", en="bank cards"),
    "CODE": Text(zh="验证码", en="codes"),
    "EMAIL": Text(zh="邮箱", en="e-mail addresses"),
    "HANDLE": Text(zh="账号名", en="login names"),
    "ID_CARD": Text(zh="身份证", en="identity cards"),
    "NAME": Text(zh="姓名", en="names"),
    "ORDER": Text(zh="订单号", en="order numbers"),
    "PASSPORT": Text(zh="护照", en="passports"),
    "PASSWORD": Text(zh="密码", en="passwords"),
    "PHONE": Text(zh="电话", en="phone numbers"),
    "PLATE": Text(zh="车牌", en="car plates"),
    "QQ": Text(zh="QQ", en="QQ"),
    "SSN": Text(zh="社会保险号", en="social security numbers"),
    "TAX": Text(zh="税号", en="tax numbers"),
    "TRACKING": Text(zh="运单号", en="tracking numbers"),
    "WECHAT": Text(zh="微信", en="WeChat"),
}
NAMED = ("language", "outcome", "sentiment", "resolved", "handover", "quality")  # distributions whose bins are VALUES
LONGEST_LIST = 16
MOVERS = 2  # of a row of the table
VISIBLE = 0.0005  # a smaller change of a share is not told
ORDERED = {"turns": list(TURN_BINS), "characters": list(CHARACTER_BINS)}  # bins by size, not by frequency
BY_NAME = {"hour", "csat"}


def render(profile: Profile, taxonomy: Taxonomy, params: Monitor) -> str:
    """The page of a day. ``params``: for the bounds it names."""
    days = (*profile.before, profile.day)
    reasons = {reason for day in days for reason in day.census.bins.get("quarantined", {})}
    names: Mapping[str, Mapping[str, Text]] = dict.fromkeys(NAMED, VALUES) | {
        "intent": {i.name: i.title for i in taxonomy.intents},
        "redacted": KINDS,
        "quarantined": {reason: in_both_languages(reason) for reason in reasons},
    }

    def moved(row: Drift) -> Iterator[tuple[Text | str, float, float]]:
        for name, before, now in row.movers[:MOVERS]:
            if abs(now - before) >= VISIBLE:
                shown = f"{name}:00" if row.name == "hour" else name
                yield names.get(row.name, {}).get(name, shown), before, now

    return load_template(Path(__file__).parent, TEMPLATE).render(
        p=profile,
        params=params,
        titles=TITLES,
        charts={name: _chart(profile, name, names.get(name, {})) for name in TITLES if name != "embedding"},
        week=[{"day": d.day, **d.census.counts} for d in days],
        plots={row.name: _strip(row.value, row.bound, row.usual) for row in profile.drifts if row.value is not None},
        moved=moved,
    )


def _bins(profile: Profile, name: str) -> tuple[Mapping[str, int], Counter[str]]:
    """Counts of today, and of the reference days together."""
    before: Counter[str] = Counter()
    if name in profile.day.census.bins:
        for day in profile.before:
            before.update(day.census.bins.get(name, {}))
        return profile.day.census.bins[name], before
    for bins in profile.labels_before:
        before.update(bins.get(name, {}))
    return profile.labels.get(name, {}), before


def _chart(profile: Profile, name: str, titles: Mapping[str, Text]) -> dict[str, Any]:
    """Bins with today's and the reference's share, most frequent first or in their own order.

    ``top``: the greatest share. ``left_out``: how many bins are too rare to be listed.
    """
    now, before = _bins(profile, name)
    total, total_before = max(1, sum(now.values())), max(1, before.total())
    found = sorted(now.keys() | before.keys())
    order = ORDERED.get(name) or (found if name in BY_NAME else sorted(found, key=lambda bin_: -now.get(bin_, 0)))
    shown = order if name in ORDERED or name in BY_NAME else order[:LONGEST_LIST]
    rows: list[dict[str, Any]] = [
        {
            "name": titles.get(key, key),
            "count": now.get(key, 0),
            "share": now.get(key, 0) / total,
            "before": before[key] / total_before,
        }
        for key in shown
    ]
    top = max((max(row["share"], row["before"]) for row in rows), default=0.0)
    return {"rows": rows, "top": max(top, 1e-4), "left_out": len(order) - len(shown)}


def _strip(value: float, bound: float, usual: tuple[float, ...]) -> dict[str, Any]:
    """Places 0…1 on a line that holds today's value, the bound, and the reference days' values."""
    widest = max(value, bound, *usual, 1e-9) * 1.08
    return {
        "value": max(0.0, value) / widest,
        "bound": bound / widest,
        "usual": [max(0.0, v) / widest for v in usual],
    }
