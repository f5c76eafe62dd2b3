"""A release of a server's registry is fetched once, whole, and goes when the registry no longer has it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kefu.io import write_json, write_text
from kefu.registry import releases, runs

SERVER = "mlflow-artifacts:/1/run/artifacts/release"


@pytest.fixture
def fetched(registry: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was downloaded of a server whose artefacts are the folder ``release``."""
    write_text(tmp_path / "release/weights", "one")
    write_json(tmp_path / "release/manifest.json", {})
    asked: list[str] = []

    def download(artifact_uri: str, tracking_uri: str, dst_path: str) -> str:
        asked.append(artifact_uri)
        shutil.copytree(tmp_path / "release", Path(dst_path) / "release")
        return f"{dst_path}/release"

    monkeypatch.setattr(releases, "COPIES", tmp_path / "copies")
    monkeypatch.setattr(releases.artifacts, "download_artifacts", download)
    runs.client().create_registered_model(releases.MODEL)
    return asked


@pytest.fixture
def register(fetched: list[str]) -> Callable[[str], int]:
    def version(content_hash: str) -> int:
        tags = {"content_hash": content_hash}
        return int(runs.client().create_model_version(releases.MODEL, SERVER, tags=tags).version)

    return version


def test_it_is_fetched_once_and_nobody_else_may_read_it(
    fetched: list[str], register: Callable[[str], int], tmp_path: Path
) -> None:
    version = register("aa")
    folders = {releases.download_release(version) for _ in range(3)}
    assert folders == {tmp_path / "copies/aa/release"} and fetched == [SERVER]
    assert (folders.pop() / "weights").read_text() == "one"
    assert all(path.stat().st_mode & 0o077 == 0 for path in [tmp_path / "copies", *(tmp_path / "copies").rglob("*")])


def test_a_download_that_breaks_leaves_nothing_that_counts(
    fetched: list[str], register: Callable[[str], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = register("aa")

    def broken(artifact_uri: str, tracking_uri: str, dst_path: str) -> str:
        write_text(Path(dst_path) / "release/weights", "o")
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(releases.artifacts, "download_artifacts", broken)
        with pytest.raises(ConnectionError):
            releases.download_release(version)
    (tmp_path / "copies/.aa.killed").mkdir()
    assert (releases.download_release(version) / "weights").read_text() == "one"
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["aa"]


def test_a_copy_goes_with_its_version(fetched: list[str], register: Callable[[str], int], tmp_path: Path) -> None:
    first, second = register("aa"), register("bb")
    releases.download_release(first)
    runs.client().delete_model_version(releases.MODEL, str(first))
    releases.download_release(second)
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["bb"]
