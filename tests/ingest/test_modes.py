"""Nobody but this user may read what people said, whatever the umask; all other files follow it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.review import history
from kefu.io import atomic_dir, private_dir, write_json, write_text
from pipelines.inputs import close_folders
from serving.conversation_log import ConversationLog, log_line
from tests.ingest.conftest import Shop, dialogue

DAY = "2026-11-09"


@pytest.fixture(params=[0o022, 0o077, 0o002])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")]}


def is_private(folder: Path) -> bool:
    return not any(mode & 0o077 for mode in modes(folder).values())


def test_the_conversation_log(tmp_path: Path, umask: int) -> None:
    raw = tmp_path / "raw/serving"
    ConversationLog(raw, "r1", "a1b2").append(log_line("s1", "c_0", datetime.now(UTC), "customer", "在吗"))
    assert set(modes(raw).values()) == {0o700, 0o600}


def test_a_stored_day(shop: Shop, umask: int) -> None:
    shop.put(DAY, dialogue("s1", "在吗", "在的") + "\nbroken\n")
    shop.run()
    assert len(modes(shop.store / f"dt={DAY}")) > 6 and is_private(shop.store / f"dt={DAY}")


def test_reviews(tmp_path: Path, umask: int) -> None:
    history.write(tmp_path / "reviewed", [])
    assert is_private(tmp_path / "reviewed")


def test_all_that_is_written_into_a_private_folder(tmp_path: Path, umask: int) -> None:
    with atomic_dir(tmp_path / "sets", private=True) as folder:
        write_json(folder / "a/b.json", {})
        (folder / "a/library.bin").write_bytes(b"")
    assert len(modes(tmp_path / "sets")) == 4 and is_private(tmp_path / "sets")
    (tmp_path / "open").mkdir(mode=0o755)
    assert private_dir(tmp_path / "open").stat().st_mode & 0o777 == 0o700


def test_what_dvc_and_mlflow_write_lies_in_closed_folders(tmp_path: Path, umask: int) -> None:
    for folder in ("store/dialogues", ".dvc", "mlruns/1"):
        (tmp_path / folder).mkdir(parents=True)
    close_folders(tmp_path)
    closed = [tmp_path / name for name in ("store", ".dvc/cache", ".dvc/tmp", "mlruns")]
    assert [folder.stat().st_mode & 0o777 for folder in closed] == [0o700] * 4
    closed[1].chmod(0o750)
    close_folders(tmp_path)
    assert closed[1].stat().st_mode & 0o777 == 0o750


def test_other_files_follow_the_umask(tmp_path: Path, umask: int) -> None:
    write_text(tmp_path / "metrics/a.json", "{}")
    with atomic_dir(tmp_path / "router") as folder:
        write_text(folder / "weights", "")
    assert modes(tmp_path / "metrics") == {".": 0o777 & ~umask, "a.json": 0o666 & ~umask}
    assert modes(tmp_path / "router") == {".": 0o777 & ~umask, "weights": 0o666 & ~umask}
