"""Ingest that is stopped in the middle: the disk is full, the process is killed. What is there is whole, and
running again gives the bytes of a run that nobody disturbed.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data.ingest import workers as runners
from data.ingest.partition import DiskFull
from tests.fixtures.forked import start
from tests.ingest.conftest import Shop, dialogue

Content = Callable[[Path], dict[str, bytes]]
DAYS = ("2026-11-09", "2026-11-10", "2026-11-11")


def _ingest(shop: Shop, limit: int) -> None:
    """In a process of its own. ``limit``: bytes that a file may have; 0 for any."""
    runners._WORTH_IT = 0
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        shop.run()
    except DiskFull as error:
        sys.exit(str(error))


@pytest.fixture
def whole(shop: Shop, content: Content) -> dict[str, bytes]:
    """Three days of raw data, and what an undisturbed run makes of them."""
    draw = random.Random(5)
    for day in DAYS:
        texts = [f"订单{draw.getrandbits(160):x}到哪了，{draw.getrandbits(160):x}" for _ in range(300)]
        shop.put(day, "\n".join([dialogue(f"{day}-{n}", text, "在的") for n, text in enumerate(texts)] + ["{"] * 50))
    shop.run(shop.root / "undisturbed")
    return content(shop.root / "undisturbed")


def assert_whole(shop: Shop, content: Content, whole: dict[str, bytes]) -> int:
    """Every day that can be seen is as it should be. Returns how many there are."""
    days = sorted(path.name for path in shop.store.glob("dt=*"))
    found = {name: data for name, data in content(shop.store).items() if name.startswith("dt=")}
    assert found == {name: data for name, data in whole.items() if name.split("/")[0] in days}
    return len(days)


@pytest.fixture
def small_disk(shop: Shop) -> Iterator[Callable[[int], None]]:
    """A file system of its own for the store, as large as is asked for."""
    shop.store.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(shop.store)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk; the limit on file size is tested without it")

    def resize(kilobytes: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", str(shop.store)], check=True)

    yield resize
    subprocess.run(["umount", str(shop.store)], check=True)


def test_a_full_disk(shop: Shop, content: Content, whole: dict[str, bytes], small_disk: Callable[[int], None]) -> None:
    needed, seen = sum(map(len, whole.values())) // 1024, set()
    for size in range(8, needed, needed // 12):
        small_disk(size)
        free = r"store/dt=2026-11-\d\d: cannot be written, .* MB are free there and .* MB in .*Make room"
        with pytest.raises(DiskFull, match=free):
            shop.run()
        seen.add(assert_whole(shop, content, whole))
        assert not list(shop.store.glob(".*"))
    assert {0, 1} <= seen
    small_disk(4 * needed)
    shop.run()
    assert content(shop.store) == whole


def test_a_file_that_may_not_grow(shop: Shop, content: Content, whole: dict[str, bytes]) -> None:
    for limit in (4_000, 30_000):
        process = start(_ingest, shop, limit)
        process.join(60)
        assert process.exitcode == 1
        assert assert_whole(shop, content, whole) == 0
        assert not list(shop.store.glob(".*"))
    shop.run()
    assert content(shop.store) == whole


def written(folder: Path) -> int:
    """Bytes below it, half-written days included; files and folders may vanish while they are looked at."""
    size = 0
    for at, _, names in os.walk(folder):  # ``rglob`` raises where a folder was renamed meanwhile
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                size += Path(at, name).stat().st_size
    return size


@pytest.mark.parametrize(("workers", "kills"), [(1, 8), (2, 1)])
def test_killed_at_any_instant(shop: Shop, content: Content, whole: dict[str, bytes], workers: int, kills: int) -> None:
    shop.workers = workers
    draw, done, needed = random.Random(1), set[int](), sum(map(len, whole.values()))
    for kill in range(kills):
        if kill % 3 == 0:
            shutil.rmtree(shop.store, ignore_errors=True)
        instant = needed * (kill + draw.random()) / kills
        process = start(_ingest, shop, 0)
        while process.is_alive() and written(shop.store) < instant:
            time.sleep(0.0005)
        process.kill()
        process.join(60)
        done.add(assert_whole(shop, content, whole))
    shop.workers = 1
    shop.run()
    assert content(shop.store) == whole
    assert min(done) < len(DAYS), "no run was stopped before it was done"
