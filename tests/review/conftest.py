"""One real Label Studio server for all tests of review, with two people who signed up as a team would."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from data.review.label_studio import server
from data.review.label_studio.server import LocalServer, running

SECRET = b"a secret of at least sixteen bytes"
TIMEOUT_S = 60  # of one request, on a busy machine


@dataclass(frozen=True)
class Team:
    """A server, and the API keys of two reviewers: its own user, and one who followed the invitation."""

    server: LocalServer
    first: str
    second: str


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="session")
def studio_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of a server on an empty database. Making one takes half a minute of migrations: once a venv."""
    if not server.is_installed():
        pytest.skip("no .venv/label-studio: `make test` installs it")
    empty, folder = server.VENV / "empty-for-tests", tmp_path_factory.mktemp("studio")
    if not empty.exists():
        with running(folder, free_port(), SECRET):
            pass
        copy = empty.with_suffix(f".{os.getpid()}")
        shutil.copytree(folder, copy)
        try:
            copy.rename(empty)
        except OSError:  # another run of the tests was faster
            shutil.rmtree(copy)
        return folder
    shutil.copytree(empty, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="package")
def team(studio_folder: Path) -> Iterator[Team]:
    with running(studio_folder, free_port(), SECRET) as up:
        yield Team(up, up.token, invited(up, "second@kefu.local"))


@pytest.fixture
def configured(team: Team, monkeypatch: pytest.MonkeyPatch) -> Team:
    monkeypatch.setenv("LABEL_STUDIO_URL", team.server.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", team.server.token)
    return team


def invited(up: LocalServer, email: str) -> str:
    """Signs somebody up through the link of the Organization page; their API key."""
    headers = {"Authorization": f"Token {up.token}"}
    link = httpx.get(f"{up.url}/api/invite", headers=headers, timeout=TIMEOUT_S).json()["invite_url"]
    with httpx.Client(base_url=up.url, timeout=TIMEOUT_S) as browser:
        browser.get(link)
        form = {"csrfmiddlewaretoken": browser.cookies["csrftoken"], "email": email, "password": "a long password"}
        assert browser.post(link, data=form, headers={"Referer": up.url}).is_redirect
        return str(browser.get("/api/current-user/token").raise_for_status().json()["token"])
