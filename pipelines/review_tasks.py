"""What `kefu review push|pull|status` and `make review` do outside a run of the loop.

`pull` writes data/reviewed, an input of the loop: the labeler learns from it on the next `dvc repro`.
"""

from __future__ import annotations

from data.review import reviewed, sync
from data.review.studio import Studio, StudioUnavailable
from kefu import params
from kefu.dialogues import read_dialogues
from kefu.io import read_jsonl
from kefu.pack import Taxonomy, load_taxonomy
from kefu.params import Params
from kefu.paths import DIALOGUES, LABELS, REVIEWED, ROOT
from kefu.schema import ReviewTask


def _open() -> tuple[Params, Taxonomy]:
    loaded = params.load()
    return loaded, load_taxonomy(ROOT / loaded.pack)


def _studio(loaded: Params, taxonomy: Taxonomy) -> Studio:
    studio = Studio.from_environment(loaded.review, taxonomy)
    if studio is None:
        raise StudioUnavailable(
            "No Label Studio: set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY (`make review` has one)"
        )
    return studio


def waiting() -> list[ReviewTask]:
    """Tasks of the queue without an answer in data/reviewed; none before the first run."""
    path = LABELS / "queue.jsonl"
    if not path.exists():
        return []
    _, taxonomy = _open()
    known = reviewed.known(REVIEWED, taxonomy.version)
    return sync.open_tasks(read_jsonl(path, ReviewTask), known, taxonomy.version)


def push_queue() -> int:
    """Pushes what waits, at most review.push_limit; returns how many were new. Raises StudioUnavailable."""
    loaded, taxonomy = _open()
    studio, tasks = _studio(loaded, taxonomy), waiting()
    return sync.push(studio, tasks, read_dialogues(DIALOGUES), taxonomy, loaded.review.push_limit)


def pull_reviews() -> tuple[int, int]:
    """Takes what people finished into data/reviewed; returns (new or changed, refused). Raises StudioUnavailable."""
    loaded, taxonomy = _open()
    studio = _studio(loaded, taxonomy)
    before = reviewed.known(REVIEWED, taxonomy.version).labels.values()
    answers = sync.pull(studio, taxonomy, reviewed.since(REVIEWED, studio.name))
    reviewed.remember(REVIEWED, studio.name, answers)
    return len([label for label in answers.labels if label not in before]), answers.refused
