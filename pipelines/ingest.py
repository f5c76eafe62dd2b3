"""Raw conversations of all sources → clean, redacted, daily partitions. New days only.

python -m pipelines.ingest
"""

from __future__ import annotations

from collections import Counter

from rich.progress import Progress, TextColumn

from data.clean.ingest import DayResult, ingest
from kefu.pack import load
from kefu.paths import DIALOGUES, RAW, ROOT
from pipelines.stage import stage

_NUMBERS = ("read", "kept", "duplicates", "quarantined", "turns")
_STATES = {"gone": "raw files are gone, the partition stays", "unchanged": "unchanged", "written": "new"}


def _line(name: str, counts: Counter[str], redacted: Counter[str], note: str) -> str:
    types = ", ".join(f"{kind} {number}" for kind, number in sorted(redacted.items())) or "nothing"
    return (
        f"{name}  in {counts['read']:,} = out {counts['kept']:,} + duplicates {counts['duplicates']:,}"
        f" + quarantined {counts['quarantined']:,}; redacted {types} ({note})"
    )


def _report(days: list[DayResult]) -> dict[str, float]:
    total, redacted = Counter[str](), Counter[str]()
    for day in days:
        counts = Counter({name: int(day.facts[name]) for name in _NUMBERS})
        total += counts
        redacted += Counter(day.facts["redacted"])
        print(_line(day.day, counts, Counter(day.facts["redacted"]), _STATES[day.state]))
    written = sum(day.state == "written" for day in days)
    print(_line("total     ", total, redacted, f"{len(days)} days, {written} new"))
    return {
        "dialogues": total["kept"],
        "turns": total["turns"],
        "duplicates": total["duplicates"],
        "quarantined": total["quarantined"],
        "redacted": redacted.total(),
        "days": len(days),
    }


def main() -> None:
    with stage("ingest") as s:
        pii = load(ROOT / s.params.pack).shop.pii
        with Progress(TextColumn("{task.description} {task.completed:,} records"), transient=True) as progress:
            bar = progress.add_task("reading")

            def tick(day: str) -> None:
                progress.update(bar, advance=1, description=day)

            days = list(ingest(RAW, DIALOGUES, s.params.ingest, pii, tick))
        s.log(_report(days))


if __name__ == "__main__":
    main()
