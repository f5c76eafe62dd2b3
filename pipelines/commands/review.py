"""What `kefu review push|pull|report`, `kefu status` and `make review` do outside a run of the loop.

`pull` writes store/reviewed, an input of the loop: the labeler learns from it on the next `dvc repro`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from data.labeling.guarantee import audit_ledger
from data.review import labels, sync
from data.review.agreement import agreement, table
from data.review.label_studio.annotations import Annotation
from data.review.label_studio.client import Studio, StudioUnavailable
from data.review.label_studio.tasks import Ask
from data.review.push import Pushed, open_asks, push
from data.review.task_id import GOLDEN
from kefu.io import read_jsonl
from kefu.locks import shared_lock
from kefu.paths import DIALOGUES, LABELS, REVIEWED, ROOT
from kefu.schema import ReviewTask
from kefu.shop.pack import Pack, load_pack
from kefu.shop.taxonomy import load_taxonomy
from kefu.store import read_dialogues
from pipelines.params import Params, load_params


def _known(loaded: Params) -> labels.Reviews:
    return labels.load_reviews(REVIEWED, load_taxonomy(ROOT / loaded.pack).version)


def _studio(loaded: Params, pack: Pack) -> Studio:
    studio = Studio.from_environment(loaded.review, pack)
    if studio is None:
        raise StudioUnavailable(
            "No Label Studio: set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY (`make review` starts one and shows both)"
        )
    return studio


def _asks(loaded: Params) -> list[Ask]:
    path = LABELS / "queue.jsonl"
    queue = read_jsonl(path, ReviewTask) if path.exists() else iter(())
    version = load_taxonomy(ROOT / loaded.pack).version
    return open_asks(queue, _known(loaded), version, audit_ledger.drawn_turns(LABELS, version))


def waiting() -> int:
    """How many turns wait for an answer that is not in store/reviewed; none before the first run."""
    return sum(ask.round != GOLDEN for ask in _asks(load_params()))


@shared_lock()
def push_queue() -> tuple[Pushed, str]:
    """Pushes what waits, at most review.push_limit; how many were new or refreshed, and the project's page.

    Raises StudioUnavailable, or Busy while `kefu forget` runs.
    """
    loaded = load_params()
    pack = load_pack(ROOT / loaded.pack)
    studio = _studio(loaded, pack)
    done = push(studio, _asks(loaded), _known(loaded), read_dialogues(DIALOGUES), pack, loaded.review)
    return done, studio.page


@shared_lock()
def pull_reviews() -> tuple[int, int]:
    """Takes what people finished into store/reviewed; returns labels (new or changed) and what is refused.

    Raises StudioUnavailable, or Busy while `kefu forget` runs.
    """
    loaded = load_params()
    pack = load_pack(ROOT / loaded.pack)
    studio = _studio(loaded, pack)
    before = _known(loaded)
    answers = sync.pull(studio, pack, REVIEWED)
    labels.remember(REVIEWED, studio.name, answers)
    after = _known(loaded)
    answered = {(said.dialogue_id, said.turn) for said in after.annotations}
    audit_ledger.remember(LABELS, REVIEWED, answered, _shown(after.annotations))
    new = [label for at, label in after.labels.items() if before.labels.get(at) != label]
    return len(new), answers.refused + after.refused - before.refused


def _shown(annotations: Iterable[Annotation]) -> Iterator[audit_ledger.AuditEntry]:
    """What people were shown of turns that chance drew, as their tasks tell."""
    for said in annotations:
        if said.audited is not None:
            yield audit_ledger.AuditEntry(
                dialogue_id=said.dialogue_id,
                turn=said.turn,
                day=said.dialogue_id.split(":")[1],
                predicted=said.proposal,
                confidence=said.confidence,
                accepted=said.audited,
                version=said.version,
            )


def report() -> list[str]:
    """How far reviewers agree, from store/reviewed, as lines for a terminal.

    Names are asked of the server each time and kept nowhere: files and metrics have numbers only.
    """
    loaded = load_params()
    people, note = {}, list[str]()
    try:
        studio = Studio.from_environment(loaded.review, load_pack(ROOT / loaded.pack))
        people = studio.people() if studio else {}
    except StudioUnavailable as error:
        note = ["", f"Names are not known: {error}"]
    return [line.rstrip() for line in table(agreement(_known(loaded)), people)] + note
