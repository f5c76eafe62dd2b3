"""Stage `autolabel`: labels for all turns nobody reviewed, with a promise for intents → store/labels.

python -m pipelines.autolabel
"""

from collections.abc import Sequence

from data.labeling.autolabel import answered_turns, certify_rule, evidence, warn_if_nothing, write_labels
from data.labeling.batch_labeler import BatchLabelerSpec
from data.labeling.guarantee import report
from data.labeling.guarantee.audit import audit
from data.labeling.guarantee.audit_ledger import load_ledger
from data.labeling.labeler import OUT_OF_FOLD, OutOfFoldPrediction
from data.labeling.opinions.combine import OPINIONS, Combiner, Opinion, by_turn, fit_opinions
from data.labeling.params import Autolabel
from data.labeling.stream import label_dialogues
from data.review.golden import golden_tasks
from data.review.labels import load_reviews
from data.review.queue import queue
from data.review.task_id import GOLDEN
from kefu.intents.classifier import class_names
from kefu.io import atomic_dir, read_jsonl, write_csv, write_json, write_jsonl
from kefu.paths import DIALOGUES, JUDGE, LABELER, LABELS, PLOTS, REVIEWED
from kefu.progress import progress
from kefu.schema import Label, TurnKey
from kefu.shop.taxonomy import load_taxonomy
from kefu.store import count_dialogues, days, dialogues_by_id
from pipelines.stage import stage


def truth(labels: Sequence[Label]) -> dict[TurnKey, str]:
    return {TurnKey(x.dialogue_id, x.turn): x.value for x in labels if x.what == "intent" and x.turn is not None}


def combined_predictions() -> tuple[list[OutOfFoldPrediction], Combiner | None]:
    """Out-of-fold predictions for reviewed turns with the judge's opinions, and what combines them on new turns."""
    classes = class_names(LABELER)
    opinions = by_turn(read_jsonl(JUDGE / OPINIONS, Opinion), classes)
    return fit_opinions(list(read_jsonl(LABELER / OUT_OF_FOLD, OutOfFoldPrediction)), opinions, classes)


def main() -> None:
    with stage("autolabel", Autolabel) as s:
        params, pack = s.params, s.pack
        taxonomy = load_taxonomy(pack)
        version = taxonomy.version
        people = load_reviews(REVIEWED, version)
        labels = list(people.labels.values())
        dialogues = dialogues_by_id(DIALOGUES, (label.dialogue_id for label in labels))
        judged, combiner = combined_predictions()
        drawn = load_ledger(REVIEWED, version)
        promise = params.target_precision, params.confidence_level
        found = audit(drawn, truth(labels), *promise, params.audit_days)
        pulled = {TurnKey(a.dialogue_id, a.turn) for a in people.annotations if a.round != GOLDEN}
        trusted = evidence(judged, pulled, drawn, {d.id: d.day for d in dialogues.values()}, found, params)
        rule = certify_rule(judged, trusted, params)
        skip = answered_turns(labels, people.undecided)
        spec = BatchLabelerSpec(pack, LABELER, rule, params, skip, tuple(labels), dialogues, combiner)
        with atomic_dir(LABELS, private=True) as folder:
            with progress("labelling dialogues", count_dialogues(DIALOGUES)) as tick:
                written = write_labels(label_dialogues(DIALOGUES, spec, params.workers, tick), folder)
            today = days(DIALOGUES)[-1]
            golden = golden_tasks(judged, class_names(LABELER), labels, params.golden_per_run, today, params.seed)
            tasks = queue(written.unsure, written.audit, golden, params.seed)
            write_jsonl(folder / "queue.jsonl", tasks)
            write_json(folder / "acceptance.json", rule.model_dump())
            curve = report.curve(judged, trusted, params.confidence_level)
            intents = report.by_intent(judged, trusted, rule, params)
            titles = {intent.name: intent.title for intent in taxonomy.intents}
            report.write(folder / "report.html", rule, intents, curve, found, params, titles)
        write_csv(PLOTS / "autolabel/coverage_precision.csv", report.CURVE, curve)
        write_csv(PLOTS / "autolabel/audit.csv", report.DAYS, found.days)
        warn_if_nothing(written, params)
        s.log({**written.metrics(rule), **found.metrics()})
        coverage, turns = s.metrics["coverage"], written.counts["turns"]
        print(f"   {coverage:.1%} of {turns:,} turns accepted, precision ≥ {params.target_precision}")


if __name__ == "__main__":
    main()
