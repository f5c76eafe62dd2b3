"""How good the everyday labels are on hand-labelled sets, and how fast they are.

    python -m benchmarks.autolabel                    # the sets, then 100,000 dialogues
    python -m benchmarks.autolabel --dialogues 0      # the sets alone, in seconds
    python -m benchmarks.autolabel --right-of-seen    # counts for `right_of_seen` in the pack's labels/*.yaml

The sets are small; ``sets.py`` tells who wrote what and who had looked at it. Intents have their own benchmark
(``benchmarks/labeling``); here their promise is compared with the truth of a generated load.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from benchmarks.autolabel import sets, speed
from benchmarks.autolabel.sets import Judgement
from data.labeling.guarantee.confidence_bound import lower_bound
from kefu.paths import ROOT
from kefu.shop.label_patterns import load_label_patterns
from kefu.shop.pack import load_pack
from pipelines.params import load_params

SETS = {
    "The wordings' author's own sentences, all looked at by now": ("held_out", sets.SEEN),
    "Independent sentences, first half: read while the wordings were mended": ("first",),
    "Independent sentences, second half: only counted": ("second",),
}
NOTHING = {"", "no", "none", "neutral", "unclear"}  # values that say nothing stands out


def table(judgements: Iterable[Judgement], title: str) -> Table:
    """Precision and recall per value, in the parts of that title."""
    rows: dict[tuple[str, str], Counter[str]] = {}
    for j in judgements:
        if j.part not in SETS[title]:
            continue
        one_value = j.what == "slots" or ":" in j.what
        for value in {j.expected, j.said}:
            row = rows.setdefault((j.what, "yes" if one_value and value not in NOTHING else value), Counter())
            row.update(right=j.expected == j.said == value, said=j.said == value, there=j.expected == value)
    made = Table("label", "value", "precision", "at least (95 %)", "recall", title=title)
    for (what, value), row in sorted(rows.items()):
        if value and not (":" in what and value == "no"):
            bound = lower_bound(row["right"], row["said"], 0.95)
            shares = (_share(row["right"], row["said"]), f"{bound:.1%}", _share(row["right"], row["there"]))
            made.add_row(what, value, *shares)
    return made


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} ({part} of {whole})" if whole else "–"


def right_of_seen(judgements: Iterable[Judgement]) -> dict[str, dict[str, list[int]]]:
    """File → rule → times right, times seen; of the independent half that was only counted."""
    files = {"handover": "handover", "resolved": "outcome", "sentiment": "sentiment", "slots": "slots"}
    counts: dict[str, dict[str, list[int]]] = {}
    for j in judgements:
        if j.part == "second" and j.rule and j.said:
            rule = counts.setdefault(files.get(j.what, "quality"), {}).setdefault(j.rule, [0, 0])
            rule[0] += j.expected == j.said
            rule[1] += 1
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dialogues", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--right-of-seen", action="store_true", help="print the counts only")
    given = parser.parse_args()
    params = load_params()
    pack, words = load_pack(ROOT / params.pack), load_label_patterns(ROOT / params.pack)
    judged = sets.judge(words, pack)
    if given.right_of_seen:
        for file, rules in sorted(right_of_seen(judged).items()):
            print(f"{file}.yaml: right_of_seen: " + str(dict(sorted(rules.items()))).replace("'", '"'))
        return
    console = Console()
    for title in SETS:
        console.print(table(judged, title))
    if given.dialogues:
        console.print(_speed(speed.measure(given.dialogues, given.workers, params), params.autolabel.confidence_level))


def _speed(found: speed.Figures, level: float) -> Table:
    made = Table("figure", "value", title=f"{found.dialogues:,} dialogues, {found.turns:,} customer turns")
    promised = f"{found.rule.bound:.2%} promised with {level:.0%} confidence"
    for name, value in (
        ("all labels", f"{found.seconds:,.0f} s ({found.turns / found.seconds:,.0f} turns a second)"),
        ("ranking the queue", f"{found.queue_s:,.0f} s"),
        ("CPU time of all processes, start-up included", f"{found.cpu_s:,.0f} s"),
        ("peak memory of all processes", f"{found.memory / 2**20:,.0f} MiB"),
        ("intents accepted", f"{found.coverage:.1%}"),
        ("… right, against the generator's truth", f"{found.precision:.2%} ({promised})"),
        ("written", f"{found.megabytes:,.0f} MB"),
    ):
        made.add_row(name, value)
    return made


if __name__ == "__main__":
    main()
