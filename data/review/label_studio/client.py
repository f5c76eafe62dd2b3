"""Label Studio through its SDK: one project, pushed to and pulled from without ever doubling anything.

A question's identity is its ``key`` in the task's data; what the server already has is not pushed again, so
a push that was killed half-way is simply repeated. Pulling asks only for tasks that changed since the
last pull. The community edition assigns nobody, but it keeps an overlap for each task and never gives a
task to the same person twice: that is how some questions get two annotators. Deleted is only what
``delete`` is asked to, for a person who wants to be forgotten, and what nobody answered
(``remove``). Users are not managed here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
from label_studio_sdk import LabelStudio
from label_studio_sdk.core.api_error import ApiError

from data.review.label_studio.annotations import moment
from data.review.label_studio.project import project
from data.review.label_studio.tabs import show_tabs
from data.review.params import Review
from data.review.task_id import keys_of
from kefu.errors import KefuError
from kefu.shop.pack import Pack

PAGE = 500  # tasks a request
BATCH = 100  # tasks an import; each import is one transaction
ASKED = 100  # values of a filter: under 3 kB of address, which every proxy lets pass
TIMEOUT = 30  # seconds
EPOCH = "1970-01-01T00:00:00.000000Z"  # Label Studio insists on the fraction


class StudioUnavailable(KefuError, RuntimeError):
    """Label Studio cannot be used now; the message says where, why and what to do."""


class WaitingTask(NamedTuple):
    """A task that nobody answered. ``prediction``: its id, score and result. ``begun``: somebody has a draft."""

    id: int
    data: dict[str, Any]
    prediction: dict[str, Any]
    begun: bool


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Turns the SDK's errors into one that a person can act on."""
    try:
        yield
    except httpx.TransportError as error:
        raise StudioUnavailable(
            f"Label Studio at {url} does not answer ({error}): start it, or unset LABEL_STUDIO_URL"
        ) from error
    except ApiError as error:
        if error.status_code in (401, 403):
            raise StudioUnavailable(
                f"Label Studio at {url} refuses the key (status {error.status_code}): set LABEL_STUDIO_API_KEY to the "
                "access token of its Account & Settings page"
            ) from error
        raise StudioUnavailable(f"Label Studio at {url}: status {error.status_code}: {error.body}") from error


class Studio:
    """The review project on a Label Studio server. Every method raises StudioUnavailable when it cannot."""

    def __init__(self, url: str, api_key: str, params: Review, pack: Pack) -> None:
        self.url = url.rstrip("/")
        with _explained(self.url):
            # The SDK's generated types leave out what its own server accepts: tests call the real one.
            self._client: Any = LabelStudio(base_url=self.url, api_key=api_key, timeout=TIMEOUT)
            self.project = project(self._client, params, pack)
            self._created = moment(self._client.projects.get(self.project).created_at or EPOCH)

    @classmethod
    def from_environment(cls, params: Review, pack: Pack) -> Studio | None:
        """The server that LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY name; None when neither is set."""
        url, api_key = os.environ.get("LABEL_STUDIO_URL"), os.environ.get("LABEL_STUDIO_API_KEY")
        if not url and not api_key:
            return None
        if not url or not api_key:
            raise StudioUnavailable("Set both LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY, or neither")
        return cls(url, api_key, params, pack)

    @property
    def name(self) -> str:
        """Which project on which server: what a pull's watermark belongs to. The same under another address."""
        return f"{self._created}#{self.project}"

    @property
    def page(self) -> str:
        """URL of the project's page, where a reviewer begins."""
        return f"{self.url}/projects/{self.project}/data"

    def people(self) -> dict[str, str]:
        """Reviewers by number: name and e-mail, for the eyes of whoever leads them. They are to be stored nowhere."""
        with _explained(self.url):
            users = list(self._client.users.list())
        return {str(user.id): f"{user.first_name} {user.last_name} <{user.email}>".strip() for user in users}

    def _tasks(self, name: str, values: Sequence[str], include: str) -> Iterator[Any]:
        """Tasks whose data field ``name`` is one of ``values``: some at a time, since they stand in the address."""
        for start in range(0, len(values), ASKED):
            some = {"operator": "in_list", "type": "List", "value": values[start : start + ASKED]}
            query = _query({"filter": f"filter:tasks:data.{name}", **some})
            found = {"query": query, "fields": "task_only", "include": include, "page_size": PAGE}
            yield from self._client.tasks.list(project=self.project, **found)

    def existing_keys(self, dialogue_ids: Collection[str]) -> set[str]:
        """Returns the keys of all questions about these dialogues that the project has."""
        with _explained(self.url):
            found = self._tasks("dialogue_id", sorted(dialogue_ids), "id,data")
            return {key for task in found for key in keys_of(task.data)}

    def open_tasks(self) -> int:
        """How many tasks of the project wait for an answer; skipped ones do."""
        with _explained(self.url):
            found = self._client.projects.get(self.project)
        return (found.task_number or 0) - (found.finished_task_number or 0)

    def ask_two(self, dialogue_ids: Collection[str], keys: Collection[str]) -> None:
        """Lets two people answer the tasks of these dialogues that hold questions with these keys.

        Label Studio sees to it that they are two.
        """
        with _explained(self.url):
            for task in list(self._tasks("dialogue_id", sorted(dialogue_ids), "id,overlap,data")):
                if task.overlap < 2 and not set(keys).isdisjoint(keys_of(task.data)):
                    self._client.tasks.update(str(task.id), overlap=2)

    def waiting_tasks(self) -> Iterator[WaitingTask]:
        """Tasks that nobody has answered or skipped yet, as they stand on the server."""
        empty = [
            {"filter": f"filter:tasks:{name}", "operator": "equal", "type": "Number", "value": 0}
            for name in ("total_annotations", "cancelled_annotations")
        ]
        begun = {"filter": "filter:tasks:draft_exists", "operator": "equal", "type": "Boolean"}
        with _explained(self.url):
            for value in (False, True):  # a task itself tells of its reader's own drafts alone
                query = _query(*empty, {**begun, "value": value})
                for task in self._client.tasks.list(project=self.project, query=query, fields="all", page_size=PAGE):
                    if len(task.predictions or ()) == 1:
                        yield WaitingTask(task.id, task.data, _plain_prediction(task.predictions[0]), value)

    def change(self, waiting: WaitingTask, data: Mapping[str, Any], prediction: Mapping[str, Any]) -> None:
        """Gives an open task other data and another proposal. Killed between the two, the next push repeats both."""
        with _explained(self.url):
            self._client.predictions.update(waiting.prediction["id"], **prediction)
            self._client.tasks.update(str(waiting.id), data=dict(data))

    def remove(self, waiting: WaitingTask) -> None:
        """Removes a task that nobody has answered or begun."""
        with _explained(self.url):
            self._client.tasks.delete(str(waiting.id))

    def show_tabs(self, disagreements: Sequence[str]) -> None:
        """Brings the project's tabs up to date; ``disagreements``: keys of the questions on which people disagree."""
        with _explained(self.url):
            show_tabs(self._client, self.project, disagreements)

    def push(self, tasks: Sequence[dict[str, Any]]) -> int:
        """Imports tasks (``TaskMaker.task``); returns how many."""
        with _explained(self.url):
            for start in range(0, len(tasks), BATCH):
                self._client.projects.import_tasks(self.project, request=list(tasks[start : start + BATCH]))
        return len(tasks)

    def delete(self, dialogue_ids: Collection[str]) -> int:
        """Removes all tasks of these dialogues with their annotations, drafts and proposals; returns how many tasks.

        Asked again it deletes what is left, so it may be interrupted.
        """
        with _explained(self.url):
            ids = [task.id for task in self._tasks("dialogue_id", sorted(dialogue_ids), "id")]
            for task_id in ids:
                self._client.tasks.delete(str(task_id))
        return len(ids)

    def has_annotation(self, number: int) -> bool:
        """Whether the server has an annotation of this number."""
        with _explained(self.url):
            try:
                self._client.annotations.get(number)
            except ApiError as error:
                if error.status_code == 404:
                    return False
                raise
        return True

    def changed_tasks(self, since: str | None, answered: bool = True) -> Iterator[dict[str, Any]]:
        """Tasks that changed at or after ``since`` (ISO 8601), as plain JSON; with ``answered`` those that have
        annotations. A task changes, too, when its annotation is deleted.

        None is dated after the reading began: a task may change again behind a page that was read, while later
        pages bring newer ones, and the next pull, which begins at the newest date, must not pass it over.
        """
        some = {"filter": "filter:tasks:total_annotations", "operator": "greater", "type": "Number", "value": 0}
        late = {"operator": "greater_or_equal", "type": "Datetime", "value": since or EPOCH}
        query = _query(*([some] if answered else []), {"filter": "filter:tasks:updated_at", **late})
        with _explained(self.url):
            began = self._newest()
            for task in self._client.tasks.list(project=self.project, query=query, page_size=PAGE):
                yield _plain(task.model_dump(), began)

    def _newest(self) -> str:
        """By the server's clock: when a task changed last; but no later than now, for what is deleted in bulk on a
        server of another time zone is dated hours ahead, and would hide what follows."""
        now = moment(datetime.now(UTC))
        newest = {"query": _query(ordering="-tasks:updated_at"), "fields": "task_only", "include": "id,updated_at"}
        tasks = self._client.tasks.list(project=self.project, **newest, page_size=1)
        return min(next((moment(task.updated_at) for task in tasks), EPOCH), now)


def _query(*filters: dict[str, Any], ordering: str = "tasks:id") -> str:
    query = {"filters": {"conjunction": "and", "items": filters}, "ordering": [ordering]}
    return json.dumps(query, separators=(",", ":"))


def _plain(task: dict[str, Any], latest: str) -> dict[str, Any]:
    found = {name: task[name] or [] for name in ("annotations", "predictions")}
    return {"data": task["data"], "updated_at": min(moment(task["updated_at"]), latest), **found}


def _plain_prediction(prediction: Any) -> dict[str, Any]:
    found = prediction if isinstance(prediction, dict) else prediction.model_dump()
    return {name: found[name] for name in ("id", "score", "result")}
