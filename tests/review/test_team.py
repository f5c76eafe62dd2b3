"""Two reviewers and a real server: who is asked what, what they make of it together, and how they are measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from data.review import history
from data.review.agreement import alpha, table
from data.review.label_studio.annotations import Annotation
from data.review.task_id import CANNOT_TELL
from kefu.schema import Label
from pipelines.commands import review as review_tasks
from pipelines.commands.review import pull_reviews, report
from pipelines.params import load_params
from tests.review.conftest import Team, invited
from tests.review.team import QUEUE, VERSION, answer, asked, params, run, tasks, values


def served(team: Team, api_key: str, project: int) -> list[int]:
    """The tasks that Label Studio serves one person, each answered as it comes."""
    headers, ids = {"Authorization": f"Token {api_key}"}, []
    url = f"{team.server.url}/api/projects/{project}/next"
    while (response := httpx.get(url, headers=headers)).is_success:
        ids.append(response.json()["id"])
        own = f"{team.server.url}/api/tasks/{ids[-1]}/annotations/"
        httpx.post(own, headers=headers, json={"result": []}).raise_for_status()
    return ids


def test_a_share_is_served_to_two_people_and_to_nobody_twice(configured: Team, tmp_path: Path) -> None:
    review = params("two", second_annotator_share=0.5, seed=1)
    run(tmp_path, review)
    there = tasks(configured.server, "two")
    double = {task.id for task in there if task.overlap == 2}
    assert 0 < len(double) < len(there) and run(tmp_path, review).metrics["pushed"] == 0
    by_first = served(configured, configured.first, there[0].project)
    by_second = served(configured, configured.second, there[0].project)
    assert len(set(by_first)) == len(by_first) and set(by_first) & set(by_second) == set(by_second) == double


def test_a_push_that_was_killed_before_the_share_was_marked_is_mended(configured: Team, tmp_path: Path) -> None:
    run(tmp_path, params("mended"))
    assert {task.overlap for task in tasks(configured.server, "mended")} == {1}
    assert run(tmp_path, params("mended", second_annotator_share=1.0)).metrics["pushed"] == 0
    assert {task.overlap for task in tasks(configured.server, "mended")} == {2}


def test_a_disagreement_comes_back_until_most_agree(configured: Team, tmp_path: Path) -> None:
    up, review = configured.server, params("split", second_annotator_share=1.0)
    run(tmp_path, review, QUEUE[:1])
    (first,) = tasks(up, "split")
    answer(up, configured.first, first, "return_request")
    assert len(run(tmp_path, review, QUEUE[:1]).labels) == 1  # one voice is a majority of one
    answer(up, configured.second, first, "exchange_request")
    split = run(tmp_path, review, QUEUE[:1])
    assert split.labels == [] and (split.metrics["waiting"], split.metrics["open_disagreements"]) == (1, 1)
    assert (split.metrics["pushed"], run(tmp_path, review, QUEUE[:1]).metrics["pushed"]) == (1, 0)

    old, again = tasks(up, "split")
    same = ("dialogue_id", "version", "dialogue", "question", "proposal", "schema")
    assert [old.data[name] for name in same] == [again.data[name] for name in same]  # it looks like any other task
    assert old.data.keys() == {*same, "key", "questions", "resolutions", "asked_resolution"}
    (was, *_), (now, *_) = old.data["questions"], again.data["questions"]
    assert was.keys() == {"key", "turn", "mark", "text", "proposal", "confidence", "intents"}
    assert was == now | {name: was[name] for name in ("key", "mark")}
    assert again.annotations == [] and again.overlap == 1
    answer(up, invited(up, "third@kefu.local"), again, "exchange_request")
    settled = run(tmp_path, review, [])
    assert [(la.value, la.source.count("+")) for la in settled.labels] == [("exchange_request", 1)]
    assert (settled.metrics["settled_disagreements"], settled.metrics["waiting"]) == (1, 0)
    assert settled.agreement["labels"]["intent"] == {"units": 1, "same": 0.0, "alpha": 0.0}  # first answers only


def test_a_disagreement_about_a_dialogue_that_is_gone_stops_nothing(
    configured: Team, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said: dict[str, Any] = {
        "server": "s#1",
        "dialogue_id": "shop:d:gone",
        "turn": 0,
        "version": VERSION,
        "round": "first",
    }
    said |= {"proposal": "other", "confidence": 0.5, "seconds": 1.0, "skipped": False, "time": "2026-11-09T00:00:00Z"}
    votes = [Annotation(id=n, who=str(n), intent=i, **said) for n, i in enumerate(("other", "return_request"))]
    history.write(tmp_path, votes)
    assert run(tmp_path, params("gone")).metrics["pushed"] == len(QUEUE)
    assert "shop:d:gone" in caplog.text


def test_a_team_of_two_may_change_its_mind(configured: Team, tmp_path: Path) -> None:
    up, review = configured.server, params("pair", second_annotator_share=1.0)
    run(tmp_path, review, QUEUE[:1])
    answer(up, configured.first, tasks(up, "pair")[0], "return_request")
    answer(up, configured.second, tasks(up, "pair")[0], "exchange_request")
    for _ in range(2):  # one of the two is asked again, and stays alone with it: then there is no label
        run(tmp_path, review, [])
        answer(up, configured.first, tasks(up, "pair")[-1], "return_request")
    stuck = run(tmp_path, review, QUEUE[:1])
    assert stuck.labels == [] and (stuck.metrics["waiting"], stuck.metrics["unsettled_disagreements"]) == (0, 1)
    answer(up, configured.first, tasks(up, "pair")[-1], "exchange_request")
    assert [label.value for label in run(tmp_path, review, []).labels] == ["exchange_request"]


def test_golden_tasks_measure_and_decide_nothing(configured: Team, tmp_path: Path) -> None:
    up, review = configured.server, params("golden")
    said = {"turn": 0, "what": "intent", "value": "invoice", "source": "review:7", "confidence": 1, "version": VERSION}
    truth = [Label.model_validate({"dialogue_id": f"shop:d:{n}", **said}) for n in range(2)]
    (tmp_path / "mine.jsonl").write_text("".join(label.model_dump_json() + "\n" for label in truth))
    queue = [asked(0, "golden"), asked(2), asked(1, "golden")]
    pushed = run(tmp_path, review, queue)
    assert (pushed.metrics["pushed"], pushed.metrics["waiting"]) == (3, 1)  # golden tasks are no work that waits
    there = tasks(up, "golden")
    assert [task.data["dialogue_id"] for task in there] == ["shop:d:0", "shop:d:2", "shop:d:1"]  # in their places
    assert len({frozenset(task.data) for task in there}) == 1 and "golden" not in str([task.data for task in there])
    answer(up, configured.first, there[0], "invoice")
    answer(up, configured.first, there[2], CANNOT_TELL)
    answer(up, configured.first, there[1], "other")
    done = run(tmp_path, review, queue)
    assert values(done) == {(f"shop:d:{n}", 0, "intent"): v for n, v in enumerate(("invoice", "invoice", "other"))}
    (who,) = done.agreement["reviewers"]
    assert done.agreement["reviewers"][who] | {"seconds": 0} == {
        **{"answers": 3, "seconds": 0, "confirmed": 0.0, "golden": 2, "golden_right": 0.5},
        **{"alpha": None, "same": None},
    }
    assert done.metrics["golden_right"] == done.metrics[f"reviewer_{who}_golden_right"] == 0.5
    assert done.metrics["pushed"] == 0 and any(line.startswith(who) for line in table(done.agreement, {}))


def test_the_report_names_people_and_stores_no_name(
    configured: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up, review = configured.server, params("names")
    run(tmp_path, review)
    answer(up, configured.second, tasks(up, "names")[0], "other")
    monkeypatch.setattr(review_tasks, "REVIEWED", tmp_path)
    loaded = load_params().model_copy(update={"review": review})
    monkeypatch.setattr(review_tasks, "load_params", lambda: loaded)
    pull_reviews()
    assert any("<second@kefu.local>" in line for line in report())
    assert not any(b"second@" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert "second@" not in str(run(tmp_path, review))
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://127.0.0.1:9")
    without = report()
    assert not any("second@" in line for line in without) and "does not answer" in without[-1]


def units(*rows: str) -> list[tuple[str, Any, str]]:
    """One string a person, one character a unit, '.' where nothing was said."""
    return [(str(who), unit, value) for who, row in enumerate(rows) for unit, value in enumerate(row) if value != "."]


@pytest.mark.parametrize(
    "rows, expected",
    [  # Krippendorff (2011), Computing Krippendorff's Alpha-Reliability: sections A, B and C
        (("0100000010", "1110010000"), 0.095),
        (("aabbdcccedda", "babbbccceddd"), 0.692),
        (("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),
    ],
)
def test_alpha_is_that_of_the_published_examples(rows: tuple[str, ...], expected: float) -> None:
    assert alpha(units(*rows)) == pytest.approx(expected, abs=0.0005)


def test_alpha_of_nothing_is_not_known() -> None:
    assert alpha([]) is None
