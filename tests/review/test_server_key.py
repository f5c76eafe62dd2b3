"""Who may sign in to the local Label Studio: its key is KEFU_SECRET's, or random and private, never a public one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data.review.label_studio.server import LocalServer, credentials, server_key
from kefu.privacy.pseudonyms import DEVELOPMENT
from pipelines.commands import review_server
from pipelines.commands.cli import app

URL = "http://127.0.0.1:8080"


def test_without_a_secret_it_is_random_private_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEFU_SECRET", raising=False)
    keys = [server_key(tmp_path / name) for name in ("one", "two", "one")]
    assert keys[0] == keys[2] != keys[1] and min(map(len, keys)) >= 32
    assert (tmp_path / "one/key").stat().st_mode & 0o077 == 0 == (tmp_path / "one").stat().st_mode & 0o077
    public = credentials(URL, DEVELOPMENT)
    assert all(credentials(URL, key).token != public.token for key in keys)


def test_a_secret_decides_and_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEFU_SECRET", "a secret of at least sixteen bytes")
    assert server_key(tmp_path / "one") == b"a secret of at least sixteen bytes"
    assert not (tmp_path / "one").exists()


def test_a_server_of_before_keeps_its_password_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("KEFU_SECRET", raising=False)
    (tmp_path / "label_studio.sqlite3").touch()
    assert server_key(tmp_path) == DEVELOPMENT
    assert "kefu review pull" in caplog.text and "KEFU_SECRET that is not set here" in caplog.text


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `make review` keeps its server, which here starts at once and is left by Ctrl-C."""

    @contextmanager
    def running(folder: Path, port: int, key: bytes) -> Iterator[LocalServer]:
        (folder / "label_studio.sqlite3").touch()
        yield credentials(URL, key)

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.delenv("KEFU_SECRET", raising=False)
    monkeypatch.setattr("sys.argv", ["review_server", "--no-browser"])
    monkeypatch.setattr(review_server, "running", running)
    monkeypatch.setattr(review_server, "fill", lambda server: server.url)
    monkeypatch.setattr(review_server.time, "sleep", interrupt)
    monkeypatch.setattr(review_server, "FOLDER", tmp_path)
    return tmp_path


def test_the_password_is_shown_once_and_a_command_shows_it_later(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = CliRunner().invoke(app, ["review", "password"])
    assert shown.exit_code == 1 and not (folder / "key").exists()  # nobody has started a server yet
    starts = []
    for _ in range(3):
        review_server.main()
        starts.append(capsys.readouterr().out)
    server = credentials(URL, (folder / "key").read_bytes())
    assert [server.password in out for out in starts] == [True, False, False]
    assert all("kefu review password" in out and server.token not in out for out in starts)
    assert all(str(folder / "key") in out for out in starts[1:])
    assert CliRunner().invoke(app, ["review", "password"]).output.strip() == server.password
    assert CliRunner().invoke(app, ["review", "password", "--token"]).output.strip() == server.token


def test_where_a_secret_decides_later_starts_name_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEFU_SECRET", "a secret of at least sixteen bytes")
    for _ in range(2):
        review_server.main()
    first, second = capsys.readouterr().out.split("Label Studio stopped.")[:2]
    password = credentials(URL, b"a secret of at least sixteen bytes").password
    assert password in first and password not in second and "derives from KEFU_SECRET" in second
