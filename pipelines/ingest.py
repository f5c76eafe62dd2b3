"""Raw conversations of all sources → clean, redacted, daily partitions. New days only.

python -m pipelines.ingest
"""

from __future__ import annotations

from collections import Counter

from data.ingest.ingest import DayResult, ingest
from data.ingest.params import Ingest
from kefu.paths import DIALOGUES, FORGOTTEN, RAW
from kefu.privacy import forgotten
from kefu.progress import progress
from kefu.shop.pack import load_pack
from pipelines.stage import stage

_WAYS = {
    "kept": "out",
    "duplicates": "duplicates",
    "near_duplicates": "near-duplicates",
    "forgotten": "forgotten",
    "quarantined": "quarantined",
}
_NUMBERS = ("read", *_WAYS, "turns", "clock_backwards")
_STATES = {"gone": "raw files are gone, the partition stays", "unchanged": "unchanged", "written": "new"}


def _line(name: str, counts: Counter[str], redacted: Counter[str], note: str) -> str:
    types = ", ".join(f"{kind} {number}" for kind, number in sorted(redacted.items())) or "nothing"
    ways = " + ".join(f"{word} {counts[way]:,}" for way, word in _WAYS.items())
    return f"{name}  in {counts['read']:,} = {ways}; redacted {types} ({note})"


def _report(days: list[DayResult]) -> dict[str, float]:
    total, redacted = Counter[str](), Counter[str]()
    for day in days:
        counts = Counter({name: int(day.facts.get(name, 0)) for name in _NUMBERS})
        total += counts
        redacted += Counter(day.facts["redacted"])
        print(_line(day.day, counts, Counter(day.facts["redacted"]), _STATES[day.state]))
    written = sum(day.state == "written" for day in days)
    print(_line("total     ", total, redacted, f"{len(days)} days, {written} new"))
    return {
        "dialogues": total["kept"],
        "turns": total["turns"],
        **{way: total[way] for way in _WAYS if way != "kept"},
        "clock_backwards": total["clock_backwards"],
        "redacted": redacted.total(),
        "days": len(days),
    }


def main() -> None:
    with stage("ingest", Ingest) as s:
        pack = load_pack(s.pack)
        with progress("reading records") as tick:

            def show(day: str, records: int) -> None:
                tick(records, note=day)

            days = list(
                ingest(RAW, DIALOGUES, s.params, pack.shop.pii, show, forgotten.read(FORGOTTEN), pack.product_names())
            )
        s.log(_report(days))


if __name__ == "__main__":
    main()
