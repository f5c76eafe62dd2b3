"""A day of 100,000 dialogues of 12 turns through ingest: time, memory, what was found; and through datatrove.

    python -m benchmarks.ingest [--dialogues 100000] [--runs 3] [--no-peer] [--channel csv]

Both run from raw JSON lines to Parquet, on all cores, each in its own processes, one after the other.
The peer is installed into ``.venv/peers/ingest`` on the first run (``requirements.txt`` here); what it
does and does not do stands in ``peer.py``. Its second tasks read the file again, as its authors do it.
``--channel csv`` and ``jddc`` bring the same day a turn a row, sessions mixed; the peer reads JSON lines only.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.ingest.check import IngestCheck, check, count_leftovers
from benchmarks.ingest.formats import CHANNELS
from benchmarks.ingest.load import TURNS, PlantedDialogue, write
from benchmarks.ingest.measure import Measurement, measure
from kefu.paths import ROOT

DAY, SEED, FILES = "dt=2026-11-09", 7, 8
HERE = Path(__file__).parent
PEER = ROOT / ".venv/peers/ingest"


def machine() -> str:
    """Processor, cores, memory and how busy the machine is."""
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    return f"{names[0] if names else platform.machine()}, {cores} cores, {memory:.0f} GB, load {os.getloadavg()[0]:.1f}"


def _peer_python() -> str:
    python = PEER / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEER)], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", str(HERE / "requirements.txt")], check=True)
    return str(python)


def _peer(raw: Path, work: Path, planted: list[PlantedDialogue | None]) -> tuple[Measurement, int, int, int]:
    """Its figures, dialogues kept, planted values in them, and how many of those can still be read."""
    work.mkdir()
    command = [_peer_python(), str(HERE / "peer.py"), str(raw), str(work), str(len(os.sched_getaffinity(0)))]
    measured = measure(command, ROOT, work / "log.txt")
    values = {one.session: one.values for one in planted if one}
    tables = [
        pq.read_table(path, columns=["id", "text"]).to_pydict() for path in sorted((work / "out").glob("*.parquet"))
    ]
    texts = [pair for table in tables for pair in zip(table["id"], table["text"], strict=True)]
    return measured, len(texts), *count_leftovers(texts, values)


def _show(console: Console, dialogues: int, runs: list[Measurement], found: IngestCheck) -> float:
    seconds, peak = statistics.median(run.seconds for run in runs), max(run.peak for run in runs)
    console.print(f"{dialogues:,} dialogues, {dialogues * TURNS:,} turns · {machine()}")
    table = Table("Kefu", "figure")
    each = ", ".join(f"{run.seconds:.1f}" for run in runs)
    for row in (
        ("time, median of all runs", f"{seconds:.1f} s ({each})"),
        ("time of all cores, median", f"{statistics.median(run.cpu for run in runs):.1f} s"),
        ("dialogues a second", f"{dialogues / seconds:,.0f}"),
        ("peak memory, all processes", f"{peak / 1e6:,.0f} MB"),
        ("kept", f"{found.kept:,}"),
        ("exact duplicates found, planted", f"{found.duplicates:,} of {found.duplicates_planted:,}"),
        ("near-copies found, planted", f"{found.copies_found:,} of {found.copies:,}"),
        ("dialogues wrongly taken for copies", f"{found.copies_wrong:,}"),
        ("personal data redacted, planted", f"{found.values - found.values_left:,} of {found.values:,}"),
    ):
        table.add_row(*row)
    console.print(table)
    return seconds


def _show_peer(console: Console, ours: float, peer: tuple[Measurement, int, int, int]) -> None:
    measured, kept, values, remaining = peer
    stages = json.loads(measured.output.strip().splitlines()[-1])
    table = Table("datatrove 0.10.1", "figure")
    for row in (
        ("time", f"{measured.seconds:.1f} s ({', '.join(f'{name} {s:.1f}' for name, s in stages.items())})"),
        ("times Kefu's", f"{measured.seconds / ours:.1f}"),
        ("time of all cores", f"{measured.cpu:.1f} s"),
        ("peak memory, all processes", f"{measured.peak / 1e6:,.0f} MB"),
        ("kept", f"{kept:,}"),
        ("personal data redacted, planted (it knows e-mail and IP)", f"{values - remaining:,} of {values:,}"),
    ):
        table.add_row(*row)
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dialogues", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3, help="of Kefu; the peer runs once")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--channel", choices=CHANNELS, default="kefu_jsonl")
    args = parser.parse_args()
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        planted = write(work / "raw/shop" / DAY, args.dialogues, FILES, SEED, args.channel)
        runs = []
        for number in range(args.runs):
            store = work / f"store{number}"
            command = [sys.executable, "-m", "benchmarks.ingest.ours", str(work / "raw"), str(store), args.channel]
            runs.append(measure(command, ROOT, work / "log.txt"))
        ours = _show(console, len(planted), runs, check(work / "store0" / DAY, planted))
        if not args.no_peer and args.channel == "kefu_jsonl":
            _show_peer(console, ours, _peer(work / "raw/shop" / DAY, work / "peer", planted))


if __name__ == "__main__":
    main()
