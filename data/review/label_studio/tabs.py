"""The tabs of the review project's list: all tasks, the skipped, the answered, each person's own, the disagreements.

The list shows what was asked and proposed, and how sure the machine was (a number, to sort and filter by); not
markup, hashes, or who said what. The community edition knows no "my tasks", so everybody on the server has a tab of
their own. What people changed in a tab stays, but for its filter and for columns that Kefu hides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from data.review.task_id import ASKED_RESOLUTION, OBJECT, QUESTIONS, RESOLUTIONS

DATA = (OBJECT, "key", "dialogue_id", "version", "schema", QUESTIONS, RESOLUTIONS, ASKED_RESOLUTION)
COLUMNS = (
    *("inner_id", "total_annotations", "cancelled_annotations", "total_predictions", "annotators"),
    *("annotations_results", "annotations_ids", "predictions_model_versions"),
    *("predictions_results", "file_upload", "storage_filename", "created_at", "updated_at", "updated_by"),
    *("avg_lead_time", "draft_exists"),
)
HIDDEN = [f"tasks:data.{name}" for name in DATA] + [f"tasks:{name}" for name in COLUMNS]
NOTHING = "-"  # is in no key


def show_tabs(client: Any, project: int, disagreements: Sequence[str]) -> None:
    """Makes the tabs that are missing and brings the others up to date; ``disagreements``: keys of questions."""
    there = {view.data["title"]: view for view in client.views.list(project=project)}
    for title, rules in _tabs(client, disagreements).items():
        filters = {"filters": {"conjunction": "and", "items": rules}} if rules else {}
        if title not in there:
            data = {"title": title, "hiddenColumns": {"explore": HIDDEN, "labeling": HIDDEN}}
            client.views.create(project=project, data=data | filters)
            continue
        data = there[title].data
        hidden = {
            part: [*names, *(n for n in HIDDEN if n not in names)] for part, names in data["hiddenColumns"].items()
        }
        wanted = data | {"hiddenColumns": hidden} | filters
        if _meaning(wanted) != _meaning(data):
            client.views.update(str(there[title].id), project=project, data=wanted)


def _tabs(client: Any, disagreements: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Title → the rules that a task of the tab keeps."""
    # Operators that the list itself knows: with another one ("in_list") no page of the project opens.
    some = {"operator": "greater", "type": "Number", "value": 0}
    tabs: dict[str, list[dict[str, Any]]] = {
        "Review": [],
        "Skipped": [{"filter": "filter:tasks:cancelled_annotations", **some}],
        "Answered": [{"filter": "filter:tasks:total_annotations", **some}],
        "Disagreements": [_rule("data.key", "regex", "String", "|".join(disagreements) or NOTHING)],
    }
    for user in client.users.list():
        tabs[f"Mine: {user.email}"] = [_rule("annotators", "contains", "List", user.id)]
    return tabs


def _rule(column: str, operator: str, kind: str, value: Any) -> dict[str, Any]:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}


def _meaning(data: dict[str, Any]) -> tuple[Any, Any]:
    """What of a tab is compared: the server adds fields of its own to each rule."""
    rules = data.get("filters", {}).get("items", [])
    return data["hiddenColumns"], [[rule[name] for name in ("filter", "operator", "value")] for rule in rules]
