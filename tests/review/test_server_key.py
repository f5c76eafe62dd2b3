"""Who may sign in to the local Label Studio: its key is KEFU_SECRET's, or random and private, never a public one."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.review.label_studio.server import credentials, server_key
from kefu.privacy.pseudonyms import DEVELOPMENT

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
    assert "kefu review pull" in caplog.text
