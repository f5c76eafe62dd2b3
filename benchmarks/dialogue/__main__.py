"""How much CPU does an answer take that no model writes?

    python -m benchmarks.dialogue [--release store/release] [--conversations FILE.yaml …] [--runs 3]

Plays the pack's golden conversations, and those of any YAML file ``[{title, customer, say: […]}]``, in one process on a
fresh database each. Peer: router and knowledge search of the same message, which any bot must do. CPU-milliseconds of
the process with its system calls, the least of ``--runs``; the store of sessions is another process and not counted.
Then 2,000 characters of what costs readers most. What the figures were: docs/measurements/dialogue.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from evaluation.golden import load_goldens
from kefu.intents.router import Router
from kefu.knowledge.index import Index
from kefu.knowledge.search import Search
from kefu.paths import RELEASE
from kefu.schema import Message
from pipelines.params import load_params
from serving.dialogue.assistant import Assistant
from serving.dialogue.reading.fast_reader import FastReader
from serving.dialogue.reply import Reply
from serving.sessions.store import Sessions
from serving.sessions.valkey import embedded_store
from serving.tools.demo_database import build

LONG_CHARS = 2000
LONG = (
    "四件套",
    "1 ",
    "11/10 ",
    "第一个",
    "我要退货。",
    "1234567890",
    "200元",
    "浙江省杭州市西湖区文三路100号",
    "还有",
    "pilow ",
)
HEAD = ("messages", "number", "median", "p90", "p99", "reader, median", "reader, p99", "peer, median", "ratio")


class Conversation(NamedTuple):
    title: str
    customer: str | None
    messages: tuple[str, ...]


class Spent(NamedTuple):
    """CPU-milliseconds of one message: the whole answer, its reader, and the peer."""

    answer: float
    reader: float
    peer: float


class SilentEngine:
    """A model that says nothing: what would be asked of one ends in the pack's fallback."""

    def __init__(self, name: str) -> None:
        self.name = name

    def stream(self, messages: Sequence[Message], max_new_tokens: int) -> Iterator[str]:
        yield from ()

    def loss(self, messages: Sequence[Message]) -> tuple[float, int]:
        """No text, so no loss and no tokens."""
        return 0.0, 0


class Measured:
    """One release, and what its answers take."""

    def __init__(self, release: Path, assistant: Assistant) -> None:
        self._pack, self._assistant = release / "pack", assistant
        self._router, self._search = Router.load(release / "router"), Search(Index.load(release / "retriever"))
        self._reader_ms = 0.0

    def play(self, conversation: Conversation) -> list[tuple[Reply, Spent]]:
        """All answers of a conversation on a fresh database."""
        build(self._pack, self._assistant.tools.db)
        self._assistant.tools.call(self._any_public_tool(), {}, None, self._assistant.now().isoformat())  # opens it
        session, told = uuid.uuid4().hex, []
        for message in conversation.messages:
            with patch.object(FastReader, "read", self._timed(FastReader.read)):
                reply, answer_ms = _cpu_ms(partial(self._assistant.reply, session, conversation.customer, message))
            _, peer_ms = _cpu_ms(partial(self._peer, message, reply.lang))
            told.append((reply, Spent(answer_ms, self._reader_ms, peer_ms)))
        return told

    def _peer(self, message: str, lang: Any) -> None:
        other = message + " "  # as long, but not the text whose n-grams the answer left behind
        self._router.predict(other, [])
        self._search.search(other, lang)

    def _timed(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any) -> Any:
            found, self._reader_ms = _cpu_ms(lambda: read(*args))
            return found

        return timed

    def _any_public_tool(self) -> str:
        return next(n for n, tool in self._assistant.pack.tools.items() if tool.public and not tool.args)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=RELEASE)
    parser.add_argument("--conversations", type=Path, nargs="*", default=[], help="YAML: [{title, customer, say}]")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    console = Console(width=160)
    console.print(_machine(), highlight=False)
    params = load_params().serving
    with tempfile.TemporaryDirectory(prefix="kefu-") as runtime, closing(embedded_store()) as store:
        sessions = Sessions(store.url, params.session_ttl_s)
        engines = {name: SilentEngine(name) for name in ("edge", "centre")}
        assistant = Assistant.open(args.release, Path(runtime), params, sessions=sessions, engines=engines)
        with closing(assistant):
            measured = Measured(args.release, assistant)
            played = list(_conversations(args.release, args.conversations))
            runs = [[answer for one in played for answer in measured.play(one)] for _ in range(args.runs)]
            console.print(_table("An answer without a model, CPU-ms", _by_route(runs)))
            runs = [
                [answer for unit in LONG for answer in measured.play(_pasted(unit, run, played[0].customer))]
                for run in range(args.runs)
            ]
            rows = {unit: [spent] for unit, spent in zip(LONG, _least(runs), strict=True)}
            console.print(_table(f"{LONG_CHARS:,} characters of …, CPU-ms", rows))


def _conversations(release: Path, files: Sequence[Path]) -> Iterator[Conversation]:
    for golden in load_goldens(release / "pack/golden"):
        yield Conversation(golden.title.en, golden.customer, tuple(turn.say for turn in golden.turns))
    for path in files:
        for one in yaml.safe_load(path.read_text(encoding="utf8")):
            yield Conversation(one["title"], one.get("customer"), tuple(one["say"]))


def _pasted(unit: str, run: int, customer: str | None) -> Conversation:
    """Each run begins at another character: nothing that is remembered of one text helps with the next."""
    return Conversation(unit, customer, ((unit * LONG_CHARS)[run : run + LONG_CHARS],))


def _least(runs: Sequence[Sequence[tuple[Reply, Spent]]]) -> list[Spent]:
    """Of each message the least of all runs: other programs only add."""
    return [Spent(*np.min([spent for _, spent in same], axis=0)) for same in zip(*runs, strict=True)]


def _by_route(runs: Sequence[Sequence[tuple[Reply, Spent]]]) -> dict[str, list[Spent]]:
    least = _least(runs)
    rows: dict[str, list[Spent]] = {"ALL": least}
    for (reply, _), spent in zip(runs[0], least, strict=True):
        rows.setdefault(reply.route, []).append(spent)
    return rows


def _table(title: str, rows: dict[str, list[Spent]]) -> Table:
    table = Table(*HEAD, title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, spent in rows.items():
        answer, reader, peer = np.array(spent).T
        table.add_row(
            name,
            str(len(spent)),
            *(f"{np.percentile(answer, q):.1f}" for q in (50, 90, 99)),
            *(f"{np.percentile(reader, q):.1f}" for q in (50, 99)),
            f"{np.median(peer):.1f}",
            f"{np.median(answer) / np.median(peer):.1f}",
        )
    return table


def _cpu_ms(call: Callable[[], Any]) -> tuple[Any, float]:
    started = time.process_time()
    result = call()
    return result, (time.process_time() - started) * 1000


def _machine() -> str:
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
