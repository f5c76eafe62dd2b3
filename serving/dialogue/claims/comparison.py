"""Whether two numeric claims have the same value, in whatever units and forms they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from serving.dialogue.claims import times
from serving.dialogue.claims.evidence import Evidence
from serving.dialogue.claims.records import COUNT, NUMBER, Claim

TOLERANCE = 0.021  # 365 days are 12 months


def compare(one: Claim, other: Claim) -> bool | None:
    """Whether two numeric claims have the same value; None when they cannot be compared."""
    if one.kind == other.kind == "date":
        return _same_date(one, other)
    if one.kind == other.kind == "time":
        halves = "minute of half a day" in (one.unit, other.unit)
        turn = 720 if halves else 1440
        return float(one.value[0] or 0) % turn == float(other.value[0] or 0) % turn
    if one.kind == other.kind == "contact":
        return one.value == other.value if one.unit == other.unit else None
    if {one.kind, other.kind} & {"date", "time", "contact"}:
        return None
    if one.unit == other.unit:
        return _same_range(one.value, other.value)  # type: ignore[arg-type]
    if COUNT in (one.unit, other.unit) and {one.unit, other.unit} != {COUNT, NUMBER}:
        return None
    if NUMBER in (one.unit, other.unit) and one.raw and other.raw:
        share = "percentage" in (one.kind, other.kind)
        return _same_range(one.raw, other.raw) or (share and _as_factor(one, other)) or None
    return None


def in_its_unit(one: Claim, other: Claim, source: Evidence) -> Claim | None:
    """A source's number without a unit, in the unit of the number with one that is before it: 12 months, then 24."""
    if other.unit != NUMBER or one.unit in (NUMBER, COUNT) or one.kind == "percentage":
        return None
    alike = [f.claim for f in source.found if f.claim.kind == one.kind and f.claim.start < other.start]
    near = max(alike, key=lambda claim: claim.start, default=None)
    if near is None or not near.raw or not near.raw[0] or near.unit != one.unit:
        return None
    factor = float(near.value[0] or 0) / near.raw[0]
    return replace(
        other, kind=one.kind, unit=one.unit, value=tuple(factor * number for number in other.raw), written=near.written
    )


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 or (min(one, other) >= 300 * 24 and abs(one - other) <= TOLERANCE * max(one, other))


def _same_range(one: Sequence[float], other: Sequence[float]) -> bool:
    """The same range, or the same upper end of a range and a single number: within 3 days for 1–3 days."""
    if (one[0] == one[1]) != (other[0] == other[1]):
        return _near(one[1], other[1])
    return _near(one[0], other[0]) and _near(one[1], other[1])


def _as_factor(one: Claim, other: Claim) -> bool:
    """0.85 of a tool's result is 85折 and 15 % off."""
    share, number = (one, other) if one.kind == "percentage" else (other, one)
    return _near(1 - float(share.value[0] or 0) / 100, number.raw[0])


def _same_date(one: Claim, other: Claim) -> bool | None:
    if one.unit != other.unit:
        return None
    if one.unit != "day":
        return set(one.value) <= set(other.value)
    mine, others = times.days(one), times.days(other)
    if len(mine) == 2 and len(others) == 2:
        return all(_same_day(a, b) for a, b in zip(mine, others, strict=True))
    return any(_same_day(a, b) for a in mine for b in others)


def _same_day(one: Sequence[float | str | None], other: Sequence[float | str | None]) -> bool:
    return one[1] == other[1] and (one[0] is None or other[0] is None or one[0] == other[0])
