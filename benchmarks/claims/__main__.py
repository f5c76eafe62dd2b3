"""How many single-fact flips the check of claims catches, and how many true answers it stops.

    python -m benchmarks.claims [--half measured|seen|both] [--faults]

``seen`` is the half that detectors were built with; ``measured`` is the other, split by a hash of entry and wording.
The peer stops an answer when one of its digit strings is in no source. ``--faults`` prints what was judged wrongly:
only ever looked at for the seen half while building.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import defaultdict
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from benchmarks.claims.cases import LIE, OTHER_LIE, Case, cases
from serving.dialogue.claims.checker import ClaimChecker
from serving.dialogue.claims.evidence import sentences

DIGITS = re.compile(r"\d+(?:[.,]\d+)*")


def checked(case: Case) -> bool:
    return bool(ClaimChecker(case.sources).unsupported(case.text))


def digits(case: Case) -> bool:
    there = {number for source in case.sources for number in DIGITS.findall(source)}
    return any(number not in there for number in DIGITS.findall(case.text))


JUDGES: dict[str, Callable[[Case], bool]] = {"claims": checked, "digit strings": digits}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--half", choices=("measured", "seen", "both"), default="measured")
    parser.add_argument("--faults", action="store_true", help="print what was judged wrongly")
    args = parser.parse_args()
    console = Console(soft_wrap=True)
    judged = [case for case in cases() if args.half == "both" or case.held_out == (args.half == "measured")]
    counts: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    seconds: dict[str, float] = {}
    for name, judge in JUDGES.items():
        started = time.process_time()
        for case in judged:
            stopped = judge(case)
            row = counts[name, case.kind, case.lang]
            row[0] += stopped
            row[1] += 1
            if args.faults and name == "claims" and stopped != case.false:
                why = [(c.kind, c.unit, c.text) for c in ClaimChecker(case.sources).unsupported(case.text)]
                console.print(f"{case.kind} · {case.text} {why or ''}", markup=False, highlight=False)
        seconds[name] = time.process_time() - started
    console.print(_table(counts, {case.kind: case.false for case in judged}, args.half))
    said = sum(len(sentences(case.text)) for case in judged)
    for name, spent in seconds.items():
        console.print(f"{name}: {1000 * spent / said:.2f} CPU ms a sentence ({said:,} sentences)", highlight=False)


def _table(counts: dict[tuple[str, str, str], list[int]], false: dict[str, bool], half: str) -> Table:
    table = Table(title=f"Answers stopped, {half} half: claims / digit strings, of how many")
    for column in ("kind", "zh", "en", "claims", "digit strings"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    groups = [(kind, [kind]) for kind in sorted(false, key=lambda k: (false[k], k))]
    flips = [kind for kind, is_false in false.items() if is_false and kind not in (LIE, OTHER_LIE)]
    groups += [("ALL FLIPS", flips), ("ALL TRUE", [kind for kind, is_false in false.items() if not is_false])]
    for title, kinds in groups:
        cells = [
            f"{_sum(counts, 'claims', kinds, lang)[0]}/{_sum(counts, 'claims', kinds, lang)[1]}"
            for lang in ("zh", "en")
        ]
        for name in JUDGES:
            stopped, number = (
                sum(x) for x in zip(*(_sum(counts, name, kinds, lang) for lang in ("zh", "en")), strict=True)
            )
            cells.append(f"{100 * stopped / number:.1f} %")
        table.add_row(title, *cells)
    return table


def _sum(counts: dict[tuple[str, str, str], list[int]], name: str, kinds: list[str], lang: str) -> tuple[int, int]:
    rows = [counts[name, kind, lang] for kind in kinds if (name, kind, lang) in counts]
    return sum(row[0] for row in rows), sum(row[1] for row in rows)


if __name__ == "__main__":
    main()
