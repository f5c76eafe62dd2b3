"""Label Studio through its SDK: one project, pushed to and pulled from without ever doubling anything.

A task's identity is its ``key`` in the task's data; what the server already has is not pushed again, so
a push that was killed half-way is simply repeated. Pulling asks only for tasks that changed since the
last pull. It deletes only what ``delete`` is asked to, for a person who wants to be forgotten. It does not
manage users or assign tasks.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from label_studio_sdk import LabelStudio
from label_studio_sdk.core.api_error import ApiError

from data.review.answers import moment
from data.review.interface import interface
from kefu.pack import Taxonomy
from kefu.params import Review

PAGE = 500  # tasks a request
BATCH = 100  # tasks an import; each import is one transaction
TIMEOUT = 30  # seconds
EPOCH = "1970-01-01T00:00:00.000000Z"  # Label Studio insists on the fraction

log = logging.getLogger("kefu.review")


class StudioUnavailable(RuntimeError):
    """Label Studio cannot be used now; the message says where, why and what to do."""


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Turns the SDK's errors into one that a person can act on."""
    try:
        yield
    except httpx.TransportError as error:
        raise StudioUnavailable(f"Label Studio at {url} does not answer ({error}); is it running?") from error
    except ApiError as error:
        if error.status_code in (401, 403):
            raise StudioUnavailable(
                f"Label Studio at {url} refuses the key (status {error.status_code}): set LABEL_STUDIO_API_KEY to the "
                "access token of its Account & Settings page"
            ) from error
        raise StudioUnavailable(f"Label Studio at {url}: status {error.status_code}: {error.body}") from error


class Studio:
    """The review project on a Label Studio server. Every method raises StudioUnavailable when it cannot."""

    def __init__(self, url: str, api_key: str, params: Review, taxonomy: Taxonomy) -> None:
        self.url = url.rstrip("/")
        with _explained(self.url):
            # The SDK's generated types leave out what its own server accepts: tests call the real one.
            self._client: Any = LabelStudio(base_url=self.url, api_key=api_key, timeout=TIMEOUT)
            self.project = self._project(params, taxonomy)

    @classmethod
    def from_environment(cls, params: Review, taxonomy: Taxonomy) -> Studio | None:
        """The server that LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY name; None when neither is set."""
        url, api_key = os.environ.get("LABEL_STUDIO_URL"), os.environ.get("LABEL_STUDIO_API_KEY")
        if not url and not api_key:
            return None
        if not url or not api_key:
            raise StudioUnavailable("Set both LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY, or neither")
        return cls(url, api_key, params, taxonomy)

    @property
    def name(self) -> str:
        """Which project on which server: what a pull's watermark belongs to."""
        return f"{self.url}#{self.project}"

    def _project(self, params: Review, taxonomy: Taxonomy) -> int:
        """Id of the project with that title; made when missing, its interface brought up to date."""
        config = interface(taxonomy)
        found = [p for p in self._client.projects.list(title=params.project) if p.title == params.project]
        if not found:
            made = self._client.projects.create(
                title=params.project,
                label_config=config,
                maximum_annotations=params.overlap,
                show_collab_predictions=True,
            )
            return int(made.id)
        project = self._client.projects.get(min(p.id for p in found))
        if project.label_config != config or project.maximum_annotations != params.overlap:
            self._client.projects.update(project.id, label_config=config, maximum_annotations=params.overlap)
            log.info("%s: interface brought up to taxonomy %s", self.url, taxonomy.version)
        return int(project.id)

    def keys(self) -> set[str]:
        """Keys of all tasks that the project has."""
        with _explained(self.url):
            pages = self._client.tasks.list(project=self.project, fields="task_only", include="id,data", page_size=PAGE)
            return {task.data["key"] for task in pages}

    def push(self, tasks: Sequence[dict[str, Any]]) -> int:
        """Imports tasks (see ``interface.studio_task``); returns how many."""
        with _explained(self.url):
            for start in range(0, len(tasks), BATCH):
                self._client.projects.import_tasks(self.project, request=list(tasks[start : start + BATCH]))
        return len(tasks)

    def delete(self, dialogue_ids: Collection[str]) -> int:
        """Removes all tasks of these dialogues with their annotations, drafts and proposals; returns how many tasks.

        Asked again it deletes what is left, so it may be interrupted.
        """
        with _explained(self.url):
            pages = self._client.tasks.list(project=self.project, fields="task_only", include="id,data", page_size=PAGE)
            ids = [task.id for task in pages if task.data.get("dialogue_id") in dialogue_ids]
            for task_id in ids:
                self._client.tasks.delete(str(task_id))
        return len(ids)

    def changed(self, since: str | None) -> Iterator[dict[str, Any]]:
        """Annotated tasks that changed at or after ``since`` (ISO 8601), as plain JSON."""
        filters = [
            {"filter": "filter:tasks:total_annotations", "operator": "greater", "type": "Number", "value": 0},
            {
                "filter": "filter:tasks:updated_at",
                "operator": "greater_or_equal",
                "type": "Datetime",
                "value": since or EPOCH,
            },
        ]
        query = json.dumps({"filters": {"conjunction": "and", "items": filters}, "ordering": ["tasks:id"]})
        with _explained(self.url):
            for task in self._client.tasks.list(project=self.project, query=query, page_size=PAGE):
                yield _plain(task.model_dump())


def _plain(task: dict[str, Any]) -> dict[str, Any]:
    return {"data": task["data"], "annotations": task["annotations"] or [], "updated_at": moment(task["updated_at"])}
