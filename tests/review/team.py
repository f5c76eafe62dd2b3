"""What the tests of review share: dialogues, a queue, and people who answer through the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from label_studio_sdk import LabelStudio

from data.review.label_studio.server import LocalServer
from data.review.label_studio.tasks import choice
from data.review.params import Review
from data.review.sync import ReviewResult, sync
from data.review.task_id import INTENT, OBJECT
from kefu.schema import Dialogue, ReviewTask, Turn
from kefu.shop.pack import Pack
from tests.fixtures.demo_pack import PACK

VERSION = PACK.taxonomy.version
ASKED = "要退货，质量问题 <img src=x onerror=alert(1)> $question \"' 😀 [ORDER_1]"


def pack(version: str) -> Pack:
    """The shop's pack under another taxonomy version."""
    return PACK.model_copy(update={"taxonomy": PACK.taxonomy.model_copy(update={"version": version})})


def params(title: str, **changes: Any) -> Review:
    """Each test has a project of its own on the one server."""
    values = {"push_limit": 50, "language": "both", "preselect_from": 0.3, "second_annotator_share": 0.0, "seed": 7}
    return Review.model_validate({"project": title, **values, **changes})


def dialogue(number: int) -> Dialogue:
    turns = (
        Turn(role="customer", text=ASKED),
        Turn(role="agent", text="好的\n请稍等"),
        Turn(role="customer", text="谢谢"),
    )
    return Dialogue(id=f"shop:d:{number}", source="shop", channel="c", day="d", customer="c_1", turns=turns)


DIALOGUES = [dialogue(number) for number in range(5)]


def asked(number: int, why: str = "unsure", confidence: float = 0.4, turn: int = 0) -> ReviewTask:
    best = {"proposal": "return_request", "alternatives": ("exchange_request", "refund_status")}
    return ReviewTask.model_validate(
        {"dialogue_id": f"shop:d:{number}", "turn": turn, "confidence": confidence, "why": why, **best}
    )


QUEUE = [asked(number) for number in range(5)]


def run(
    folder: Path, review: Review, queue: list[ReviewTask] = QUEUE, of: Pack = PACK, drawn: dict[Any, bool] | None = None
) -> ReviewResult:
    return sync(queue, iter(DIALOGUES), folder, of, review, drawn or {})


def tasks(up: LocalServer, title: str) -> list[Any]:
    """All tasks of a project, oldest first."""
    client = LabelStudio(base_url=up.url, api_key=up.token)
    named: Iterable[Any] = client.projects.list(title=title)
    (project,) = [one for one in named if one.title == title]
    return sorted(client.tasks.list(project=project.id), key=lambda task: task.id)


def answer(up: LocalServer, api_key: str, task: Any, intent: str, *more: dict[str, Any]) -> None:
    """One annotation by the owner of the key; one that they made already is changed."""
    client = LabelStudio(base_url=up.url, api_key=api_key)
    me, result = client.users.whoami().id, [choice(INTENT, intent), *more]
    own = [a for a in client.annotations.list(task.id) if a.completed_by == me]
    if own:
        client.annotations.update(own[0].id, result=result)
    else:
        client.annotations.create(task.id, result=result, lead_time=12.5)


def typed(control: str, text: str) -> dict[str, Any]:
    """A part of a result: a filled text box."""
    return {"from_name": control, "to_name": OBJECT, "type": "textarea", "value": {"text": [text]}}


def values(reviewed: ReviewResult) -> Mapping[tuple[str, int | None, str], str]:
    return {(label.dialogue_id, label.turn, label.what): label.value for label in reviewed.labels}
