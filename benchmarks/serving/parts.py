"""Where the CPU of an answer without a model goes, part by part, in a replica's process without Ray.

    python -m benchmarks.serving.parts --release FOLDER [--sessions 8] [--seconds 20]

py-spy samples the stacks of ``one_process.py`` while the benchmark's customers write, and each sample counts for the
part whose frame is the deepest. The process's CPU-ms an answer are then shared out by samples. Sampling itself takes
CPU, so compare parts with each other, and sums with what ``python -m benchmarks.serving`` says.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.serving.__main__ import CONVERSATION, bearer
from benchmarks.serving.servers import machine, started
from benchmarks.serving.traffic import measure

RATE = 250  # samples a second
PARTS = {  # part → pieces of the paths of its files
    "redaction": ("kefu/privacy/",),
    "n-grams and word groups": ("kefu/text/ngrams.py", "kefu/intents/word_groups.py"),
    "router": ("kefu/intents/router.py",),
    "wish classifier": ("kefu/intents/wishes.py",),
    "answer classifier": ("kefu/intents/answers.py",),
    "retrieval": ("kefu/knowledge/", "serving/knowledge/"),
    "linking": ("serving/dialogue/linking/",),
    "the pack's words": ("serving/dialogue/reading/word_rules.py", "serving/dialogue/reading/answers/yes_no.py"),
    "slot values": ("kefu/shop/slots.py",),
    "catalogue and sums": ("serving/dialogue/catalogue/", "serving/dialogue/pricing/"),
    "Chinese scripts": ("serving/dialogue/reading/script.py",),
    "reading, the rest": ("serving/dialogue/reading/",),
    "flows, texts, SQL": ("serving/dialogue/flow.py", "serving/dialogue/expressions.py", "serving/tools/"),
    "store": ("serving/sessions/",),
    "conversation log": ("serving/conversation_log.py",),
    "dialogue, the rest": ("serving/dialogue/",),
    "backend and its threads": ("serving/deploy/", "concurrent/futures/"),
    "HTTP": ("serving/api/", "fastapi/", "starlette/", "uvicorn/", "asyncio/"),
}
REST = "rest"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, required=True)
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--warm-up", type=float, default=5.0, help="seconds that are not counted")
    args = parser.parse_args()
    console = Console(width=110)
    console.print(machine())
    with started("one_process", str(args.release)) as url, tempfile.TemporaryDirectory() as folder:
        measure(url, CONVERSATION, bearer, args.sessions, args.warm_up, own_ids=True)
        stacks = Path(folder) / "stacks"
        sampler = _sample(stacks, int(args.seconds))
        one = measure(url, CONVERSATION, bearer, args.sessions, args.seconds, own_ids=True)
        sampler.wait(60)
        shares = share_out(stacks.read_text().splitlines())
    cpu_ms = 1000 * one.cpu_s["server"] / len(one.latencies_ms)
    console.print(_table(shares, cpu_ms))


def _sample(stacks: Path, seconds: int) -> subprocess.Popen[bytes]:
    """py-spy, writing the stacks of the server below this process."""
    server = next(p for p in psutil.Process().children() if "benchmarks.serving.one_process" in p.cmdline())
    command = ["py-spy", "record", "--format", "raw", "--full-filenames", "--rate", str(RATE), "--gil"]
    return subprocess.Popen(
        [*command, "--duration", str(seconds), "--output", str(stacks), "--pid", str(server.pid)],
        stdout=subprocess.DEVNULL,
    )


def share_out(stacks: Iterable[str]) -> Counter[str]:
    """Samples by part.

    Args:
        stacks: lines of py-spy's raw format: frames from the outermost to the deepest, then the number of samples.
    """
    shares: Counter[str] = Counter()
    for line in stacks:
        frames, _, count = line.rpartition(" ")
        shares[part_of(frames.split(";"))] += int(count)
    return shares


def part_of(frames: list[str]) -> str:
    """The part of a stack's deepest frame that belongs to one."""
    for frame in reversed(frames):
        for part, pieces in PARTS.items():
            if any(piece in frame for piece in pieces):
                return part
    return REST


def _table(shares: Counter[str], cpu_ms: float) -> Table:
    table = Table("part", "CPU-ms", "%", title=f"{cpu_ms:.1f} CPU-ms an answer of the server's process")
    for part, samples in shares.most_common():
        share = samples / shares.total()
        table.add_row(part, f"{cpu_ms * share:.2f}", f"{100 * share:.0f}")
    return table


if __name__ == "__main__":
    main()
