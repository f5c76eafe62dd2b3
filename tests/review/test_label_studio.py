"""The review stage against a real Label Studio server: push, annotate, pull, push again, stop the server."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from label_studio_sdk import LabelStudio

from data.review import reviewed, server
from data.review.interface import CANNOT_TELL, choice, key
from data.review.server import LocalServer, running
from data.review.studio import Studio, StudioUnavailable
from data.review.sync import pull, sync
from kefu.io import atomic_dir
from kefu.pack import Taxonomy
from kefu.params import Review
from kefu.schema import Dialogue, Label, ReviewTask, Turn

pytestmark = pytest.mark.skipif(not server.installed(), reason="no .venv/label-studio: `make test` installs it")
SECRET = b"a secret of at least sixteen bytes"
PARAMS = Review(project="Kefu review", push_limit=3, overlap=1)


def taxonomy(version: str = "1") -> Taxonomy:
    text = {"zh": "退", "en": "x"}
    names = ("return_item", "exchange", "other")
    intents = [{"name": n, "title": text, "definition": text, "examples": {}} for n in names]
    return Taxonomy.model_validate({"version": version, "intents": intents})


def dialogue(number: int) -> Dialogue:
    hostile = "想退货 <img src=x onerror=alert(1)> $question \"'"
    turns = (Turn(role="customer", text=hostile), Turn(role="agent", text="好的"))
    return Dialogue(id=f"shop:d:{number}", source="shop", channel="c", day="d", customer="c_1", turns=turns)


DIALOGUES = [dialogue(n) for n in range(5)]
QUEUE = [ReviewTask(dialogue_id=d.id, turn=0, proposal="return_item", confidence=0.4, why="unsure") for d in DIALOGUES]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def studio_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A server on an empty database. Making one takes half a minute of migrations, so it is made once a venv."""
    empty, folder = server.VENV / "empty-for-tests", tmp_path_factory.mktemp("studio")
    if not empty.exists():
        with running(folder, free_port(), SECRET):
            pass
        with atomic_dir(empty) as copy:
            shutil.copytree(folder, copy, dirs_exist_ok=True)
    shutil.copytree(empty, folder, dirs_exist_ok=True)
    with running(folder, free_port(), SECRET) as up:
        yield up


@pytest.fixture
def configured(studio_server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> LocalServer:
    monkeypatch.setenv("LABEL_STUDIO_URL", studio_server.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", studio_server.token)
    return studio_server


def tasks(up: LocalServer) -> list:
    client = LabelStudio(base_url=up.url, api_key=up.token)
    (project,) = client.projects.list(title=PARAMS.project)
    return list(client.tasks.list(project=project.id))


def annotate(up: LocalServer, values: dict[str, str]) -> None:
    """As a reviewer would: one annotation a task, by the task's key; an existing one is edited."""
    client = LabelStudio(base_url=up.url, api_key=up.token)
    for task in tasks(up):
        if value := values.get(task.data["key"]):
            if task.annotations:
                client.annotations.update(task.annotations[0]["id"], result=choice(value))
            else:
                client.annotations.create(task.id, result=choice(value))


def run(folder: Path, version: str = "1"):
    return sync(QUEUE, iter(DIALOGUES), folder, taxonomy(version), PARAMS)


def test_the_whole_way(configured: LocalServer, tmp_path: Path) -> None:
    first = run(tmp_path)
    assert (first.metrics["pushed"], first.metrics["waiting"], first.labels) == (3, 5, [])  # push_limit is 3
    assert run(tmp_path).metrics["pushed"] == 2  # the rest of the queue
    assert run(tmp_path).metrics["pushed"] == 0  # nothing is ever doubled

    keys = [key(task, "1") for task in QUEUE]
    annotate(configured, {keys[0]: "exchange", keys[1]: "return_item", keys[2]: CANNOT_TELL})
    done = run(tmp_path)
    assert [(la.dialogue_id, la.turn, la.value, la.confidence) for la in done.labels] == [
        ("shop:d:0", 0, "exchange", 1.0),
        ("shop:d:1", 0, "return_item", 1.0),
    ]
    assert all(label.source.startswith("review:") for label in done.labels)
    assert (done.metrics["waiting"], done.metrics["cannot_tell"], done.metrics["pushed"]) == (2, 1, 0)

    studio = Studio.from_environment(PARAMS, taxonomy())
    assert studio is not None
    reviewed.remember(tmp_path, studio.name, pull(studio, taxonomy(), None))
    since = reviewed.since(tmp_path, studio.name)
    assert since is not None and len(list(studio.changed(since))) == 1  # incremental: only the newest comes again
    assert run(tmp_path).labels == done.labels

    annotate(configured, {keys[0]: "other", keys[1]: CANNOT_TELL})  # minds change: the newest wins
    assert [(la.dialogue_id, la.value) for la in run(tmp_path).labels] == [("shop:d:0", "other")]
    reviewed.remember(tmp_path, studio.name, pull(studio, taxonomy(), since))
    assert reviewed.known(tmp_path, "1").undecided == {keys[1], keys[2]}

    newer = run(tmp_path / "fresh", version="2")  # answers about taxonomy 1 say nothing about taxonomy 2
    assert (newer.labels, newer.metrics["refused"], newer.metrics["pushed"]) == ([], 3, 3)


def test_the_proposal_is_preselected(configured: LocalServer, tmp_path: Path) -> None:
    run(tmp_path)
    prediction = tasks(configured)[0].predictions[0]
    assert (prediction.score, prediction.result) == (0.4, choice("return_item"))


def test_a_forgotten_person_leaves_the_server(configured: LocalServer, tmp_path: Path) -> None:
    run(tmp_path)
    studio = Studio.from_environment(PARAMS, taxonomy())
    assert studio is not None
    before = {task.data["dialogue_id"] for task in tasks(configured)}
    assert {"shop:d:4"} < before
    assert studio.delete({"shop:d:4"}) == 1 and studio.delete({"shop:d:4"}) == 0
    assert {task.data["dialogue_id"] for task in tasks(configured)} == before - {"shop:d:4"}


def test_a_wrong_key_costs_nothing(
    configured: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0" * 40)
    assert run(tmp_path).metrics["waiting"] == 5
    assert "refuses the key" in caplog.text and "LABEL_STUDIO_API_KEY" in caplog.text


def test_a_server_that_is_down_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0" * 40)
    label = Label(
        dialogue_id="shop:d:0", turn=0, what="intent", value="other", source="review:1", confidence=1, version="1"
    )
    (tmp_path / "mine.jsonl").write_text(label.model_dump_json() + "\n")
    result = run(tmp_path)
    assert (result.labels, result.metrics["waiting"], result.metrics["server"]) == ([label], 4, 0)
    assert "does not answer" in caplog.text


def test_half_a_configuration_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    with pytest.raises(StudioUnavailable, match="both"):
        Studio.from_environment(PARAMS, taxonomy())
