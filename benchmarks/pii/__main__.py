"""Recall, precision and speed of finding personal data: Kefu and presidio-analyzer on the same set.

    python -m benchmarks.pii [--rounds 12] [--half NAME] [--no-peer] [--errors N] [--data ../shared/data]

The set is drawn anew from the frames (``items.py``) with a fixed seed, ``rounds`` texts a frame, and scored
as ``score.py`` says. The peer is installed into ``.venv/peers/pii`` on the first run (``requirements.txt``
here); what it does and does not do stands in ``peer.py``. ``--errors`` prints misses and mistakes of
the sets that may be looked at, to mend the detectors by: ``development``, ``independent1``, ``fresh``, ``blind``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.pii.items import HALVES, PLAIN, Item, items
from benchmarks.pii.real import count_spans, sources
from benchmarks.pii.score import Scores, Span, score_set
from kefu.paths import ROOT
from kefu.privacy.redact import Redactor
from kefu.shop.pack import load_pack
from pipelines.params import load_params

HERE = Path(__file__).parent
PEER = ROOT / ".venv/peers/pii"
SHOWN = ("development", "independent1", "fresh", "blind")
PEERS_TYPES = ("BANK_CARD", "EMAIL", "PASSPORT", "PHONE", "SSN")


def _peer_python() -> str:
    python = PEER / "bin/python"
    if not (PEER / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEER)], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", str(HERE / "requirements.txt")], check=True)
        (PEER / "installed").touch()
    return str(python)


def kefu(redactor: Redactor, texts: Sequence[Item]) -> tuple[Scores, float]:
    """Scores, and texts a second of CPU time."""
    redactor.find("王小明")  # reads the lists, once a process
    started = time.process_time()
    found = [redactor.find(item.text) for item in texts]
    return score_set(texts, found), len(texts) / (time.process_time() - started)


def presidio(texts: Sequence[Item], threshold: float, cache: dict[int, list[str]]) -> tuple[Scores, float]:
    """The same of the peer, counting what it is at least ``threshold`` sure of; it runs once for all thresholds."""
    if id(texts) not in cache:
        rows = "".join(json.dumps({"text": item.text, "lang": item.lang}) + "\n" for item in texts)
        command = [_peer_python(), str(HERE / "peer.py")]
        cache[id(texts)] = subprocess.run(
            command, input=rows, capture_output=True, text=True, check=True
        ).stdout.splitlines()
    *lines, seconds = cache[id(texts)]
    return score_set(texts, [_apart(json.loads(line), threshold) for line in lines]), len(texts) / float(seconds)


def _apart(spans: list[tuple[int, int, str, float]], threshold: float) -> list[Span]:
    """The surest of spans that lie within one another."""
    kept: list[Span] = []
    for start, end, kind, score in sorted(spans, key=lambda span: (-span[3], span[0] - span[1])):
        if score >= threshold and not any(a <= start and end <= b or start <= a and b <= end for a, b, _ in kept):
            kept.append((start, end, kind))
    return kept


def _show(console: Console, half: str, ours: Scores, peer: Scores | None) -> None:
    table = Table("language", "type", "labelled", "recall", "precision", "strict F1", title=half)
    for name in ("presidio recall", "presidio precision", "presidio strict F1") if peer else ():
        table.add_column(name)
    for key in sorted(key for key in ours.by if ours.by[key].expected):
        score = ours.by[key]
        row = [*key, f"{score.expected:,}", f"{score.recall:.2%}", f"{score.precision:.2%}", f"{score.strict:.2%}"]
        if peer:
            theirs = peer.by[key]
            row += [
                f"{theirs.recall:.2%}",
                f"{theirs.precision:.2%}" if theirs.predicted else "–",
                f"{theirs.strict:.2%}",
            ]
        table.add_row(*row, end_section=key[1] == "all")
    console.print(table)


def _known(scores: Scores) -> float:
    """Recall over the types that the peer has recognisers for."""
    parts = [scores.by["all", kind] for kind in PEERS_TYPES]
    return sum(part.found for part in parts) / max(sum(part.expected for part in parts), 1)


def _half(console: Console, half: str, args: argparse.Namespace, redactor: Redactor) -> None:
    texts = list(items(half, args.rounds))
    ours, speed = kefu(redactor, texts)
    rows = [("Kefu", ours, speed)]
    if not args.no_peer:
        cache: dict[int, list[str]] = {}
        rows += [(f"presidio 2.2.366, sure ≥ {least}", *presidio(texts, least, cache)) for least in (0.0, 0.4)]
    _show(console, f"{half}: {len(texts):,} texts", ours, rows[1][1] if len(rows) > 1 else None)
    table = Table("", "recall", "precision", "strict F1", f"recall of {', '.join(PEERS_TYPES)}", "texts a second")
    for name, scores, pace in rows:
        every = scores.by["all", "all"]
        table.add_row(
            name,
            f"{every.recall:.2%}",
            f"{every.precision:.2%}",
            f"{every.strict:.2%}",
            f"{_known(scores):.2%}",
            f"{pace:,.0f}",
        )
    console.print(table)
    for kind, errors in (("missed", ours.missed), ("wrong", ours.wrong)) if half in SHOWN else ():
        for item, (start, end, what) in errors[: args.errors]:
            console.print(kind, what, repr(item.text[start:end]), "in", repr(item.text), markup=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=12, help="texts a frame")
    parser.add_argument("--half", choices=(*HALVES, *PLAIN), help="only this set")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--errors", type=int, default=0, help="printed, of the sets that may be looked at")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="real texts, where they are")
    args = parser.parse_args()
    console = Console(width=150)
    redactor = load_pack(ROOT / load_params(ROOT / "params.yaml").pack).redactor()
    for half in (args.half,) if args.half else (*HALVES, *PLAIN):
        _half(console, half, args, redactor)
    table = Table("real texts", "texts", "found", "by type", "µs a text", title=f"load {os.getloadavg()[0]:.1f}")
    for name, texts in sources(args.data).items():
        kinds, micro = count_spans(texts, redactor)
        found = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        table.add_row(name, f"{len(texts):,}", f"{kinds.total():,}", found, f"{micro:.1f}")
    console.print(table)


if __name__ == "__main__":
    main()
