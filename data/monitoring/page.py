"""The day's page: one HTML file that needs nothing else, in Chinese and English.

Everything shown was said by customers or read from their files, so everything is escaped (Jinja2
autoescape). Texts are those of the store, so redacted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from data.monitoring.distributions import CHARACTER_BINS, TURN_BINS
from data.monitoring.params import Monitor
from data.monitoring.profile import Profile
from kefu.shop.taxonomy import Taxonomy

TEMPLATE = "page.html.j2"
TITLES = {
    "source": "来源 · sources",
    "language": "语言 · languages",
    "hour": "时段 · hour of the day",
    "turns": "每场轮数 · turns a dialogue",
    "characters": "顾客每句字数 · characters a customer turn",
    "outcome": "结果 · outcome",
    "csat": "满意度 · CSAT",
    "intent": "意图 · intents",
    "sentiment": "情绪 · sentiment",
    "resolved": "是否解决 · resolved",
    "handover": "转人工 · handed over",
    "quality": "回答问题 · problems of answers",
    "redacted": "已脱敏 · redacted",
    "quarantined": "隔离原因 · quarantined because",
    "embedding": "顾客说的话 · what customers say",
}
LONGEST_LIST = 16
ORDERED = {"turns": list(TURN_BINS), "characters": list(CHARACTER_BINS)}  # bins by size, not by frequency
BY_NAME = {"hour", "csat"}


def render(profile: Profile, taxonomy: Taxonomy, params: Monitor) -> str:
    """The page of a day. ``params``: for the bounds it names."""
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    names = {i.name: f"{i.title.zh} · {i.title.en}" for i in taxonomy.intents}
    return environment.get_template(TEMPLATE).render(
        p=profile,
        params=params,
        titles=TITLES,
        charts={name: _chart(profile, name, names) for name in TITLES if name != "embedding"},
        week=[{"day": d.day, **d.census.counts} for d in (*profile.before, profile.day)],
        plots={row.name: _strip(row.value, row.bound, row.usual) for row in profile.drifts if row.value is not None},
        intents=names,
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


def _chart(profile: Profile, name: str, intents: Mapping[str, str]) -> list[dict[str, Any]]:
    """Bins with today's and the reference's share, most frequent first or in their own order."""
    now, before = _bins(profile, name)
    total, total_before = max(1, sum(now.values())), max(1, before.total())
    found = sorted(now.keys() | before.keys())
    order = ORDERED.get(name) or (found if name in BY_NAME else sorted(found, key=lambda bin_: -now.get(bin_, 0)))
    rows = [
        {
            "name": intents.get(key, key) if name == "intent" else key,
            "count": now.get(key, 0),
            "share": now.get(key, 0) / total,
            "before": before[key] / total_before,
        }
        for key in order
    ]
    return rows if name in ORDERED or name in BY_NAME else rows[:LONGEST_LIST]


def _strip(value: float, bound: float, usual: tuple[float, ...]) -> dict[str, Any]:
    """Places 0…1 on a line that holds today's value, the bound, and the reference days' values."""
    widest = max(value, bound, *usual, 1e-9) * 1.08
    return {
        "value": max(0.0, value) / widest,
        "bound": bound / widest,
        "usual": [max(0.0, v) / widest for v in usual],
    }
