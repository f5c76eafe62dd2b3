"""How many answers without a model a machine gives, how soon, and for how much CPU; beside the plain server.

    python -m benchmarks.serving --release FOLDER [--sessions 1 8 64] [--seconds 10] [--servers kefu plain]
    python -m benchmarks.serving --release FOLDER --servers kefu --sessions 8 64 --rate 100
    python -m benchmarks.serving --release FOLDER --soak 60 --share 0.7
    python -m benchmarks.serving --release FOLDER --idle-sockets 1000
    python -m benchmarks.serving --release FOLDER --servers kefu --set num_replicas=2 num_cpus=0.5

A closed loop over HTTP against the whole server (Ray Serve, Valkey) of one release, load generator included. The same
messages go in the same run to a replica's process without Ray (``one_process.py``) and to the plain server
(``plain_server.py``) over the release's edge model. Without pauses the mean time of an answer is the number of sessions
divided by the answers a second (Little's law): what a customer waits for where others write is asked with ``--rate``.
On a machine with other work only CPU-ms an answer can be compared; answers per second and percentiles cannot.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.serving import soak
from benchmarks.serving.idle_sockets import allow_files, idle_sockets
from benchmarks.serving.servers import free_port, load, machine, started
from benchmarks.serving.traffic import Measured, measure, memory, percentile
from pipelines.params import load_params
from serving.api.tokens import session_token
from serving.params import Serving

CONVERSATION = (
    "你好",
    "你们支持七天无理由退货吗",
    "怎么开发票",
    "我要退货",
    "QM2611100011",
    "不想要了",
    "满多少包邮",
    "算了，先不退了",
)
CUSTOMER = "C1001"
UNLIMITED = 10**9
Changes = dict[str, object]  # of the parameters of serving
USUAL = 8  # sessions at once
CAPACITY_S = 15.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path, required=True)
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument(
        "--rate", type=float, default=0, help="answers a second that all sessions together ask for; 0: nobody pauses"
    )
    parser.add_argument("--warm-up", type=float, default=5.0, help="seconds that are not counted")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--soak", type=float, help="minutes of a steady load, instead of the comparison")
    parser.add_argument("--share", type=float, default=0.7, help="of what a closed loop of 8 sessions gets")
    parser.add_argument(
        "--idle-sockets", type=int, help="how many are open beside 8 sessions, instead of the comparison"
    )
    parser.add_argument(
        "--set", nargs="+", default=[], type=setting, help="NAME=VALUE of the section serving, for kefu"
    )
    args = parser.parse_args()
    args.set = dict(args.set)
    console = Console(width=130)
    console.print(machine())
    if args.soak:
        for shown in _soak(args.release, args.set, args.soak, args.share, args.warm_up):
            console.print(shown)
    elif args.idle_sockets:
        console.print(_idle_sockets(args.release, args.set, args.idle_sockets, args.seconds, args.warm_up))
    else:
        _compare(args, console)


def _compare(args: argparse.Namespace, console: Console) -> None:
    measured: dict[str, list[Measured]] = {}
    for name in args.servers:
        new_headers = dict if name == PLAIN else bearer
        with SERVERS[name](args.release, args.set) as url:
            idle = sum(process.pss for process in memory().values())
            console.print(f"{name}, before any message: {idle:.0f} MB PSS")
            measure(url, CONVERSATION, new_headers, min(args.sessions), args.warm_up, own_ids=name != PLAIN)
            measured[name] = []
            for sessions in args.sessions:
                one = measure(url, CONVERSATION, new_headers, sessions, args.seconds, name != PLAIN, args.rate)
                measured[name].append(one)
                console.print(f"{name}, {sessions} sessions: {one.cpu_ms:.1f} CPU-ms an answer, load {load()}")
    console.print(_table(measured, args.rate))
    console.print(_by_message(measured))
    console.print(_by_process(measured))
    console.print(_memory(measured))


def _soak(release: Path, changes: Changes, minutes: float, share: float, warm_up: float) -> tuple[Table, Table]:
    with _kefu(release, changes) as url:
        measure(url, CONVERSATION, bearer, USUAL, warm_up, own_ids=True)
        best = measure(url, CONVERSATION, bearer, USUAL, CAPACITY_S, own_ids=True).answers_per_s
        found = soak.soak(url, CONVERSATION, bearer, share * best, 60 * minutes)
        return soak.table(found), soak.hardest(found)


def _idle_sockets(release: Path, changes: Changes, count: int, seconds: float, warm_up: float) -> Table:
    head = ("idle sockets", "answers/s", "p50 ms", "p99 ms", "CPU-ms an answer", "RSS MB", "PSS MB", "failed")
    table = Table(*head, title=f"{USUAL} sessions, closed loop")
    allow_files(2 * count)
    with _kefu(release, changes) as url:
        measure(url, CONVERSATION, bearer, USUAL, warm_up, own_ids=True)
        for sockets in (0, count):
            with idle_sockets(url, session_token(CUSTOMER, 600), sockets):
                one = measure(url, CONVERSATION, bearer, USUAL, seconds, own_ids=True)
            table.add_row(str(sockets), *(f"{value:.1f}" for value in _figures(one)), str(one.failed))
    return table


def bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {session_token(CUSTOMER, 600)}"}


def setting(text: str) -> tuple[str, object]:
    name, _, value = text.partition("=")
    return name, yaml.safe_load(value)


@contextmanager
def _kefu(release: Path, changes: Changes) -> Iterator[str]:
    from serving.deploy.launch import start  # imports Ray, which the plain server's part does not need

    limits = {
        "port": free_port(),
        "messages_per_minute": UNLIMITED,
        "sessions_per_minute": UNLIMITED,
        "max_idle_sockets": 10**5,
    }
    params = Serving.model_validate(load_params().serving.model_dump() | limits | changes)
    with tempfile.TemporaryDirectory(prefix="kefu-bench-") as folder:
        server = start(release, params, runtime=Path(folder) / "runtime", raw=Path(folder) / "raw")
        try:
            yield server.url
        finally:
            server.stop()


def _one_process(release: Path, changes: Changes) -> AbstractContextManager[str]:
    return started("one_process", str(release))


def _plain(release: Path, changes: Changes) -> AbstractContextManager[str]:
    return started("plain_server", str(release / "edge"), str(load_params().serving.max_new_tokens))


PLAIN = "plain"
SERVERS: dict[str, Callable[[Path, Changes], AbstractContextManager[str]]] = {
    "kefu": _kefu,
    "one-process": _one_process,
    PLAIN: _plain,
}


def _table(measured: Mapping[str, Sequence[Measured]], rate: float) -> Table:
    head = (
        "sessions",
        "server",
        "answers/s",
        "p50 ms",
        "p99 ms",
        "CPU-ms an answer",
        "RSS MB",
        "PSS MB",
        "failed",
        "by a model",
    )
    pace = f"{rate:g} messages a second, each session waits for its answers" if rate else "closed loop"
    table = Table(*head, title=f"the same messages, {pace}; ÷ plain in brackets")
    for row in zip(*measured.values(), strict=True):
        plain = dict(zip(measured, row, strict=True)).get(PLAIN)
        for name, one in zip(measured, row, strict=True):
            cells = [
                f"{value:.1f}" + (f" ({value / other:.2f})" if other and name != PLAIN else "")
                for value, other in zip(_figures(one), _figures(plain) if plain else [0.0] * 6, strict=True)
            ]
            by_model = len(one.latencies_ms) if name == PLAIN else one.by_model
            table.add_row(str(one.sessions), name, *cells, str(one.failed), str(by_model))
        table.add_section()
    return table


def _figures(one: Measured) -> list[float]:
    return [one.answers_per_s, one.percentile(50), one.percentile(99), one.cpu_ms, one.rss_mb, one.pss_mb]


def _by_message(measured: Mapping[str, Sequence[Measured]]) -> Table:
    head = [f"{name}, {one.sessions}" for name, some in measured.items() for one in some]
    table = Table("message", *head, title="p50, p99 ms by message and number of sessions")
    for message in CONVERSATION:
        times = [one.by_message_ms.get(message, []) for some in measured.values() for one in some]
        table.add_row(message, *(f"{percentile(some, 50):.1f}, {percentile(some, 99):.1f}" for some in times))
    return table


def _by_process(measured: Mapping[str, Sequence[Measured]]) -> Table:
    names = sorted({name for some in measured.values() for one in some for name in one.cpu_s})
    table = Table("sessions", "server", *names, title="CPU-ms an answer by process (load: this benchmark)")
    for server, some in measured.items():
        for one in some:
            answers = max(1, len(one.latencies_ms))
            table.add_row(str(one.sessions), server, *(f"{1000 * one.cpu_s[name] / answers:.1f}" for name in names))
    return table


def _memory(measured: Mapping[str, Sequence[Measured]]) -> Table:
    table = Table("server", "process", "RSS MB", "PSS MB", title="memory by process, after the last measurement")
    for server, some in measured.items():
        for name, one in sorted(some[-1].memory.items(), key=lambda item: -item[1].pss):
            table.add_row(server, name, f"{one.rss:.0f}", f"{one.pss:.0f}")
    return table


if __name__ == "__main__":
    main()
