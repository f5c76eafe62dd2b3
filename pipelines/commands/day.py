"""One day of the loop, the whole story on one page.

    kefu day        # = make day = python -m pipelines.commands.day; cron runs it every night

Yesterday's conversations lie in store/raw/serving already: serving writes them as they happen.
"""

from __future__ import annotations

import logging
import sys

from data.review.label_studio.client import StudioUnavailable
from evaluation.forgetting.frozen_sets import freeze_months
from evaluation.params import Evaluate
from kefu.io import write_json
from kefu.locks import shared_lock
from kefu.params import load_section
from kefu.paths import CHAMPION, FROZEN, SETS
from kefu.registry import releases
from pipelines.commands.errors import explain_errors
from pipelines.commands.repro import check_start, repro, version_inputs
from pipelines.commands.review import pull_reviews

logger = logging.getLogger(__name__)


def pin_champion() -> None:
    """Writes which release this day starts from and is compared with: an input of the loop like any other.

    Were the registry's alias read inside the loop, the same inputs would give other results tomorrow.
    """
    now = releases.champion()
    pin = {"version": now.version, "content_hash": now.content_hash} if now else {"version": None, "content_hash": None}
    write_json(CHAMPION, pin)
    print(f"champion: {f'version {now.version}' if now else 'none yet'}")


def take_reviews() -> None:
    """Takes what people finished in Label Studio; without a server the loop goes on with what it has."""
    try:
        new, _ = pull_reviews()
        print(f"reviews: {new} new")
    except StudioUnavailable as error:
        logger.warning("reviews: none taken. %s", error)


def freeze() -> None:
    """Freezes held-out questions of months that have none yet: no later model may forget them unseen.

    Inside the loop they would be an output, which DVC takes back from its cache with older inputs.
    """
    if months := freeze_months(SETS, FROZEN, load_section("evaluate", Evaluate)):
        print(f"frozen held-out sets: {', '.join(months)}")


def run_loop() -> int:
    """What changed runs again, in this order (dvc.yaml):

    ingest      new days: validated, redacted, deduplicated
    labeler     learns from people;  autolabel  accepts what is sure, queues the rest
    review      pushes the queue to people, pulls what they finished
    build       sets for router, retriever and models, split by customer
    router, retriever, finetune, distill    the models
    export      one sealed release
    evaluate    against the champion, on the very same items
    promote     the gate: a better champion, or what fell short
    """
    return repro()


def main() -> int:
    """Returns 0, 3 when the gate refused the release, or DVC's code; a loop that cannot start is one line and 1."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    with explain_errors(), shared_lock():
        check_start()  # a day that cannot start leaves the pin of the last one
        pin_champion()
        take_reviews()
        freeze()
        version_inputs()
        return run_loop()


if __name__ == "__main__":
    sys.exit(main())
