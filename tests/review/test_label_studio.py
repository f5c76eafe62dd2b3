"""Push and pull against a real Label Studio server: nothing doubled, nothing lost, whatever happens to the server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from label_studio_sdk import LabelStudio

from data.review import history, labels, push
from data.review.label_studio.annotations import Annotation
from data.review.label_studio.client import Studio, StudioUnavailable
from data.review.label_studio.project import project
from data.review.label_studio.server import LocalServer, running
from data.review.label_studio.tasks import choice, span
from data.review.push import by_task, open_asks
from data.review.sync import pull
from data.review.task_id import ANSWER, CANNOT_TELL, INTENT, RESOLUTION, SCHEMA, control, decode_mark
from kefu.schema import Label
from tests.review.conftest import SECRET, Team, free_port, invited
from tests.review.team import ASKED, PACK, QUEUE, VERSION, answer, asked, pack, params, run, tasks, typed, values


def connected(title: str) -> Studio:
    studio = Studio.from_environment(params(title), PACK)
    assert studio is not None
    return studio


def remember(folder: Path, studio: Studio) -> None:
    labels.remember(folder, studio.name, pull(studio, PACK, folder))


def run_history(folder: Path, title: str) -> list[Annotation]:
    """The history after another pull."""
    remember(folder, connected(title))
    return history.read(folder)


def test_push_annotate_pull_push_again(configured: Team, tmp_path: Path) -> None:
    up, review = configured.server, params("whole way", push_limit=3)
    first = run(tmp_path, review)
    assert (first.metrics["pushed"], first.metrics["waiting"], first.labels) == (3, 5, [])
    assert run(tmp_path, review).metrics["pushed"] == 0  # three lie open already: the heap does not grow
    answer(up, configured.first, tasks(up, "whole way")[0], "exchange_request")
    assert run(tmp_path, review).metrics["pushed"] == 1  # in the place of what was answered
    review = params("whole way")
    assert run(tmp_path, review).metrics["pushed"] == 1  # the rest of the queue
    assert run(tmp_path, review).metrics["pushed"] == 0  # nothing is ever doubled

    there = tasks(up, "whole way")
    answer(up, configured.second, there[1], "return_request")
    answer(up, configured.second, there[2], CANNOT_TELL)
    done = run(tmp_path, review)
    assert values(done) == {
        ("shop:d:0", 0, "intent"): "exchange_request",
        ("shop:d:1", 0, "intent"): "return_request",
    }
    assert len({label.source for label in done.labels}) == 2  # who said it
    assert (done.metrics["waiting"], done.metrics["cannot_tell"], done.metrics["pushed"]) == (2, 1, 0)

    studio = connected("whole way")
    remember(tmp_path, studio)
    since = labels.since(tmp_path, studio.name)
    assert since is not None and len(list(studio.changed_tasks(since))) == 1  # incremental: only the newest comes again
    assert run(tmp_path, review).labels == done.labels

    answer(up, configured.first, there[0], "other")  # minds change: the newest counts, the history keeps both
    answer(up, configured.second, there[1], CANNOT_TELL)
    assert values(run(tmp_path, review)) == {("shop:d:0", 0, "intent"): "other"}
    remember(tmp_path, studio)
    said = [(row.dialogue_id, row.intent) for row in history.read(tmp_path)]
    assert said.count(("shop:d:0", "exchange_request")) == said.count(("shop:d:0", "other")) == 1
    assert {(row.seconds, row.version, row.proposal) for row in history.read(tmp_path)} == {
        (12.5, VERSION, "return_request")
    }


def test_the_project_has_tabs_a_numeric_confidence_and_instructions_in_both_languages(configured: Team) -> None:
    client = LabelStudio(base_url=configured.server.url, api_key=configured.server.token)
    made = project(client, params("tabs"), PACK)
    there = client.projects.get(made)
    assert "Shift+X" in (there.expert_instruction or "")
    assert "蓝框" in (there.expert_instruction or "")
    views = {view.data["title"]: view.data for view in client.views.list(project=made)}
    mine = {f"Mine: {user.email}" for user in client.users.list()}
    assert len(mine) >= 2 and views.keys() == {"Review", "Skipped", "Answered", "Disagreements", *mine}
    assert "tasks:predictions_score" not in views["Review"]["hiddenColumns"]["explore"]
    assert "tasks:data.questions" in views["Review"]["hiddenColumns"]["explore"]
    assert project(client, params("tabs"), PACK) == made
    assert project(client, params("tabs", language="en"), PACK) == made
    assert "蓝框" not in (client.projects.get(made).expert_instruction or "")


def test_what_changes_behind_a_page_that_was_read_is_pulled_the_next_time(
    configured: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up, review = configured.server, params("busy reviewers")
    run(tmp_path, review)
    first, second, *_ = tasks(up, "busy reviewers")
    for task in (first, second):
        answer(up, configured.first, task, "other")
    monkeypatch.setattr("data.review.label_studio.client.PAGE", 1)
    studio = Studio(up.url, up.token, review, PACK)
    reading = studio.changed_tasks(None)
    read = [next(reading)]
    for task in (first, second):
        answer(up, configured.first, task, "exchange_request")
    read += reading
    missed = studio.changed_tasks(max(task["updated_at"] for task in read))
    assert first.data["key"] in {task["data"]["key"] for task in missed}


def test_all_that_a_reviewer_says_comes_through(configured: Team, tmp_path: Path) -> None:
    up, review = configured.server, params("all controls")
    run(tmp_path, review)
    task = tasks(up, "all controls")[0]
    reason = span(0, ASKED, "质量问题", "return_reason")  # what the words mean is the label
    marks = [span(0, ASKED, "[ORDER_1]", "order_number"), reason, span(2, "谢谢", "谢谢", "exchange_for")]
    over_two = span(0, ASKED, "😀", "phone")
    over_two["value"]["end"] = "/div[2]/span[1]/text()[1]"
    drawn = {"from_id": "a", "to_id": "b", "type": "relation", "direction": "right"}  # Alt-R between two marks
    said = [*marks, over_two, drawn, choice(RESOLUTION, "yes"), typed(ANSWER, "可以退，我是张三，电话13800138000 ")]
    answer(up, configured.first, task, "return_request", *said)
    found = dict(values(run(tmp_path, review)))
    answered = found.pop(("shop:d:0", 0, "answer"))
    assert answered.startswith("可以退") and "13800138000" not in answered and "[PHONE_1]" in answered
    assert found == {
        ("shop:d:0", 0, "intent"): "return_request",
        ("shop:d:0", 0, "slot:order_number"): "[ORDER_1]",
        ("shop:d:0", 0, "slot:return_reason"): "quality",
        ("shop:d:0", 2, "slot:exchange_for"): "谢谢",
        ("shop:d:0", None, "resolved"): "yes",
    }


def test_what_another_version_said_is_refused_and_kept(
    configured: Team, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    up, review = configured.server, params("versions")
    run(tmp_path, review)
    answer(up, configured.first, tasks(up, "versions")[0], "other")
    newer = run(tmp_path, review, of=pack("next"))
    assert (newer.labels, newer.metrics["refused"], newer.metrics["pushed"]) == ([], 1, 5)
    assert "'next'" in caplog.text
    assert len(run(tmp_path, review).labels) == 1  # the version of before: nothing was thrown away


def test_tasks_of_another_schema_are_refused(configured: Team, tmp_path: Path) -> None:
    up, review = configured.server, params("schemas")
    studio = Studio(up.url, up.token, review, PACK)
    data = {"key": "0", "dialogue_id": "shop:d:0", "version": VERSION, "schema": SCHEMA + "0"}
    shown = {"dialogue": "", "questions": [{"key": "0", "turn": 0}], "resolutions": [], "asked_resolution": ""}
    studio.push([{"data": data | shown}, {"data": data | shown | {"schema": SCHEMA}}])  # another schema, a forged key
    for task in tasks(up, "schemas"):
        answer(up, configured.first, task, "other")
    pulled = pull(studio, PACK, tmp_path)
    assert (pulled.annotations, pulled.refused) == ([], 2)


def test_a_deleted_annotation_counts_no_more(
    configured: Team, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Deleted by one, or in bulk; with its task it stays. The history keeps all."""
    up, review = configured.server, params("deleted")
    run(tmp_path, review)
    there = tasks(up, "deleted")
    for task in there[:4]:
        answer(up, configured.first, task, "other")
    studio = connected("deleted")
    remember(tmp_path, studio)
    assert len(run(tmp_path, review).labels) == 4

    client = LabelStudio(base_url=up.url, api_key=up.token)
    client.annotations.delete(tasks(up, "deleted")[0].annotations[0]["id"])
    action = {"id": "delete_tasks_annotations", "project": there[0].project}
    body = {"selectedItems": {"all": False, "included": [there[1].id]}}
    httpx.post(
        f"{up.url}/api/dm/actions", params=action, json=body, headers={"Authorization": f"Token {up.token}"}
    ).raise_for_status()
    client.tasks.delete(str(there[2].id))
    left = {("shop:d:2", 0, "intent"): "other", ("shop:d:3", 0, "intent"): "other"}
    for _ in range(2):  # the second time it is in the history already
        assert values(run(tmp_path, review)) == left
        remember(tmp_path, studio)
    assert "2 annotations were deleted" in caplog.text and caplog.text.count("were deleted") == 2
    assert [row.intent for row in history.read(tmp_path)] == ["other"] * 6  # four as they were said, two withdrawn

    answer(up, configured.second, there[0], "invoice")  # it is asked again: Label Studio serves it
    assert values(run(tmp_path, review)) == left | {("shop:d:0", 0, "intent"): "invoice"}


def test_nothing_is_withdrawn_because_a_server_shows_less(
    configured: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    up, review = configured.server, params("partial")
    run(tmp_path, review)
    answer(up, configured.first, tasks(up, "partial")[0], "other")
    studio = connected("partial")
    remember(tmp_path, studio)
    whole = Studio.changed_tasks

    def partial(self: Studio, since: str | None, answered: bool = True) -> Iterator[dict[str, Any]]:
        return ({**task, "annotations": []} for task in whole(self, since, answered))

    with monkeypatch.context() as patched:
        patched.setattr(Studio, "changed_tasks", partial)
        assert len(run(tmp_path, review).labels) == 1
    assert len(run(tmp_path, params("partial, made anew")).labels) == 1 and "in others is kept" in caplog.text


def test_a_forgotten_person_leaves_the_server(configured: Team, tmp_path: Path) -> None:
    up = configured.server
    run(tmp_path, params("forget"))
    studio = connected("forget")
    assert studio.delete({"shop:d:0"}) == 1 and studio.delete({"shop:d:0"}) == 0
    assert {task.data["dialogue_id"] for task in tasks(up, "forget")} == {f"shop:d:{n}" for n in range(1, 5)}


def test_a_restart_loses_nothing(
    configured: Team, studio_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was pushed and said is there in a server that starts on the same data."""
    review = params("restart", second_annotator_share=1.0)
    assert run(tmp_path, review).metrics["pushed"] == 5
    answer(configured.server, configured.first, tasks(configured.server, "restart")[0], "other")
    shutil.copytree(studio_folder, tmp_path / "copy")
    with running(tmp_path / "copy", port := free_port(), SECRET):
        monkeypatch.setenv("LABEL_STUDIO_URL", f"http://127.0.0.1:{port}")
        again = run(tmp_path, review)
    assert (again.metrics["pushed"], len(again.labels), again.metrics["waiting"]) == (0, 1, 4)


def test_a_wrong_key_costs_nothing(
    configured: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0" * 40)
    assert run(tmp_path, params("wrong key")).metrics["waiting"] == 5
    assert "refuses the key" in caplog.text and "LABEL_STUDIO_API_KEY" in caplog.text


def test_a_server_that_is_down_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0" * 40)
    label = Label(
        dialogue_id="shop:d:0", turn=0, what="intent", value="other", source="review:1", confidence=1, version=VERSION
    )
    (tmp_path / "mine.jsonl").write_text(label.model_dump_json() + "\n")
    result = run(tmp_path, params("down"))
    assert (result.labels, result.metrics["waiting"], result.metrics["server"]) == ([label], 4, 0)
    assert "does not answer" in caplog.text


def test_half_a_configuration_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    with pytest.raises(StudioUnavailable, match="both"):
        Studio.from_environment(params("half"), PACK)


def in_tab(up: LocalServer, title: str, tab: str) -> list[str]:
    """Dialogues of the tasks that a tab of a project lists."""
    client: Any = LabelStudio(base_url=up.url, api_key=up.token)
    project_id = tasks(up, title)[0].project
    (view,) = [view for view in client.views.list(project=project_id) if view.data["title"] == tab]
    return sorted(task.data["dialogue_id"] for task in client.tasks.list(view=view.id))


def test_tabs_show_each_persons_answers_and_where_two_disagree(configured: Team, tmp_path: Path) -> None:
    up, review = configured.server, params("my tabs", second_annotator_share=1.0)
    run(tmp_path, review)
    there = tasks(up, "my tabs")
    for task in there[:2]:
        answer(up, configured.first, task, "other")
    answer(up, configured.second, there[0], "other")
    answer(up, configured.second, there[1], "invoice")
    run(tmp_path, review)
    assert in_tab(up, "my tabs", "Mine: second@kefu.local") == ["shop:d:0", "shop:d:1"]
    assert in_tab(up, "my tabs", "Disagreements") == ["shop:d:1"]
    assert in_tab(up, "my tabs", "Skipped") == []


def test_open_tasks_show_what_a_new_model_says_and_begun_ones_stay(configured: Team, tmp_path: Path) -> None:
    up, review = configured.server, params("stale")
    run(tmp_path, review, QUEUE[:3])
    answered, begun, untouched = tasks(up, "stale")
    answer(up, configured.first, answered, "other")
    headers, draft = {"Authorization": f"Token {configured.second}"}, [choice(INTENT, "invoice")]
    httpx.post(
        f"{up.url}/api/tasks/{begun.id}/drafts", headers=headers, json={"result": draft, "lead_time": 1}
    ).raise_for_status()
    newer = {"proposal": "refund_status", "alternatives": ("other",), "confidence": 0.2}
    queue = [task.model_copy(update=newer) for task in QUEUE[:3]]
    done = run(tmp_path, review, queue, drawn={("shop:d:2", 0): True})
    assert (done.metrics["pushed"], done.metrics["refreshed"]) == (0, 1)
    assert run(tmp_path, review, queue, drawn={("shop:d:2", 0): True}).metrics["refreshed"] == 0
    now = tasks(up, "stale")
    assert [task.data["questions"][0]["intents"][0]["alias"] for task in now] == [
        "return_request",
        "return_request",
        "refund_status",
    ]
    assert now[1].data == begun.data and now[0].data == answered.data
    (prediction,) = (one.model_dump() for one in now[2].predictions)
    assert prediction["score"] == 0.2 and not any(part["from_name"] == INTENT for part in prediction["result"])
    assert decode_mark(now[2].data["key"], now[2].data["questions"][0]["mark"]) is True
    answer(up, configured.first, untouched, "other")
    remember(tmp_path, connected("stale"))
    shown = {row.dialogue_id: (row.proposal, row.alternatives, row.confidence) for row in history.read(tmp_path)}
    assert shown["shop:d:2"] == ("refund_status", ("other",), 0.2)
    assert shown["shop:d:0"] == ("return_request", ("exchange_request", "refund_status"), 0.4)


def test_open_tasks_of_a_former_kefu_are_pushed_anew_and_begun_ones_stay(configured: Team, tmp_path: Path) -> None:
    up, review = configured.server, params("former")
    run(tmp_path, review, QUEUE[:2])
    begun, untouched = tasks(up, "former")
    client = LabelStudio(base_url=up.url, api_key=up.token)
    for task in (begun, untouched):
        client.tasks.update(str(task.id), data=task.data | {"schema": "2"})
    draft = {"result": [choice(INTENT, "invoice")], "lead_time": 1}
    headers = {"Authorization": f"Token {configured.second}"}
    httpx.post(f"{up.url}/api/tasks/{begun.id}/drafts", headers=headers, json=draft).raise_for_status()
    assert run(tmp_path, review, QUEUE[:2]).metrics["pushed"] == 2
    left = [(task.data["dialogue_id"], task.data["schema"]) for task in tasks(up, "former")]
    assert left == [("shop:d:0", "2"), ("shop:d:0", SCHEMA), ("shop:d:1", SCHEMA)]


def test_a_task_holds_a_dialogues_questions_and_each_is_answered_by_itself(configured: Team, tmp_path: Path) -> None:
    up, review = configured.server, params("together", second_annotator_share=1.0)
    queue = [asked(0, turn=2, confidence=0.9), asked(1), asked(0)]
    drawn: dict[Any, bool] = {("shop:d:0", 2): True}
    done = run(tmp_path, review, queue, drawn=drawn)
    assert (done.metrics["pushed"], done.metrics["waiting"]) == (2, 3)
    task, other = tasks(up, "together")
    assert [one.get("turn") for one in task.data["questions"]] == [0, 2, None]
    assert task.overlap == 2 and run(tmp_path, review, queue, drawn=drawn).metrics["pushed"] == 0
    marks = [span(2, "谢谢", "谢谢", "exchange_for"), span(1, "好的\n请稍等", "好的", "phone")]
    second = [choice(control(INTENT, 1), "invoice"), typed(control(ANSWER, 1), "不客气")]
    answer(up, configured.first, task, "other", *second, *marks, choice(RESOLUTION, "no"))
    answer(up, configured.second, task, "other", choice(control(INTENT, 1), "exchange_request"), *marks)
    answer(up, configured.first, other, CANNOT_TELL)
    said = run(tmp_path, review, queue)
    assert values(said) == {
        ("shop:d:0", 0, "intent"): "other",
        ("shop:d:0", 1, "slot:phone"): "好的",
        ("shop:d:0", None, "resolved"): "no",
    }
    assert (said.metrics["waiting"], said.metrics["open_disagreements"], said.metrics["pushed"]) == (1, 1, 1)
    again = tasks(up, "together")[-1]
    assert [one.get("turn") for one in again.data["questions"]] == [2, None, None]  # only what they disagree on
    assert again.overlap == 1 and in_tab(up, "together", "Disagreements") == ["shop:d:0"]
    answer(up, invited(up, "fourth@kefu.local"), again, "invoice")
    settled = values(run(tmp_path, review, queue))
    assert settled["shop:d:0", 2, "intent"] == "invoice" and settled["shop:d:0", 2, "answer"] == "不客气"
    remember(tmp_path, connected("together"))
    first = [row for row in history.read(tmp_path) if row.round == "first" and row.dialogue_id == "shop:d:0"]
    assert {(row.turn, row.audited, row.confidence) for row in first} == {(0, None, 0.4), (2, True, 0.9)}
    assert {row.seconds for row in first} == {6.25}  # of two questions, half of the task's time each
    client = LabelStudio(base_url=up.url, api_key=up.token)
    (own,) = [a for a in client.annotations.list(task.id) if a.completed_by == client.users.whoami().id]
    client.annotations.delete(own.id)
    gone = [row for row in run_history(tmp_path, "together") if row.withdrawn]
    assert sorted(row.turn for row in gone) == [0, 2]


def test_a_dialogues_questions_share_tasks_within_their_round() -> None:
    queue = [asked(0, turn=8), asked(1), asked(0, turn=2), asked(0, "golden"), asked(0, turn=6), asked(0, turn=4)]
    asks = open_asks(queue, labels.Reviews({}, set(), 0, [], {}), VERSION, {})
    found = [(group[0].task.dialogue_id, group[0].round, [a.task.turn for a in group]) for group in by_task(asks)]
    assert found == [
        ("shop:d:0", "first", [2, 4, 6]),
        ("shop:d:0", "first", [8]),
        ("shop:d:1", "first", [0]),
        ("shop:d:0", "golden", [0]),
    ]


def test_a_dialogue_brings_its_later_questions_along(configured: Team, tmp_path: Path) -> None:
    up, review = configured.server, params("along", push_limit=2, second_annotator_share=1.0)
    queue = [asked(0, turn=2), asked(1), asked(2), asked(3), asked(0, confidence=0.9), asked(1, "golden", turn=2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(push, "CHUNK", 2)  # what comes behind is not looked at
        assert run(tmp_path, review, queue).metrics["pushed"] == 2
        there = tasks(up, "along")
        assert [[one.get("turn") for one in task.data["questions"]] for task in there] == [
            [0, 2, None],
            [0, None, None],
        ]
        assert [task.overlap for task in there] == [2, 2]
        assert run(tmp_path, review, queue).metrics["pushed"] == 0
        answer(up, configured.first, there[1], "other")
        assert run(tmp_path, review, queue).metrics["pushed"] == 0  # two people are to answer it


def test_whether_a_dialogue_was_solved_is_asked_once() -> None:
    queue = [asked(0), asked(0, turn=2), asked(1), asked(0, "golden")]
    known = Label(
        dialogue_id="shop:d:1",
        turn=None,
        what=RESOLUTION,
        value="yes",
        source="review:1",
        confidence=1,
        version=VERSION,
    )
    reviews = labels.Reviews({labels.fact(known): known}, set(), 0, [], {})
    asks = open_asks(queue, reviews, VERSION, {})
    assert [ask.asks_resolution for ask in asks] == [True, False, False, True]
