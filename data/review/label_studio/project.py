"""The review project on a Label Studio server: made once, its page kept up with the shop pack.

One annotation a task is asked for; the share that two people answer gets its overlap task by task
(``studio``). The list of tasks shows what was asked and proposed, not markup, hashes, or who said what.
"""

from __future__ import annotations

import logging
from typing import Any

from data.review.label_studio.page import Page
from data.review.label_studio.slot_labels import PageSlots
from data.review.label_studio.tasks import MODEL
from data.review.params import Review
from data.review.task_id import MARK, OBJECT
from kefu.shop.pack import Pack

DATA = (OBJECT, "key", "dialogue_id", "turn", "version", "schema", MARK)
COLUMNS = (
    *("inner_id", "total_annotations", "cancelled_annotations", "total_predictions", "annotators"),
    *("annotations_results", "annotations_ids", "predictions_score", "predictions_model_versions"),
    *("predictions_results", "file_upload", "storage_filename", "created_at", "updated_at", "updated_by"),
    *("avg_lead_time", "draft_exists"),
)
HIDDEN = [f"tasks:data.{name}" for name in DATA] + [f"tasks:{name}" for name in COLUMNS]

logger = logging.getLogger(__name__)


def project(client: Any, params: Review, pack: Pack) -> int:
    """Id of the project with that title; made when missing, its page brought up to date."""
    config = Page(pack.taxonomy, PageSlots(pack).titles, params.language).xml()
    found = [p for p in client.projects.list(title=params.project) if p.title == params.project]
    if not found:
        return _made(client, params.project, config)
    there = client.projects.get(min(p.id for p in found))
    if there.label_config != config:
        client.projects.update(there.id, label_config=config)
        logger.info("project %s: page brought up to taxonomy %s", params.project, pack.taxonomy.version)
    return int(there.id)


def _made(client: Any, title: str, config: str) -> int:
    settings = {"maximum_annotations": 1, "show_collab_predictions": True, "model_version": MODEL}
    made = int(client.projects.create(title=title, label_config=config, **settings).id)
    client.views.create(
        project=made, data={"title": "Review", "hiddenColumns": {"explore": HIDDEN, "labeling": HIDDEN}}
    )
    return made
