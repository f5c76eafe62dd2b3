"""Stage `autolabel`: intents and slots of all turns nobody reviewed → accepted labels, and a queue for people.

python -m pipelines.autolabel
"""

from data.label.acceptance import choose
from data.label.autolabel import autolabel, decided, propose
from data.label.labeler import OUT_OF_FOLD, Judged, arrays
from data.label.slot_labels import SlotLabels
from data.review.reviewed import known
from kefu.calibration import coverage_curve
from kefu.classifier import TextClassifier
from kefu.dialogues import read_dialogues
from kefu.io import atomic_dir, read_jsonl, write_csv, write_json, write_jsonl
from kefu.pack import load, load_rules
from kefu.paths import DIALOGUES, LABELER, LABELS, PLOTS, REVIEWED, ROOT
from pipelines.stage import stage


def main() -> None:
    with stage("autolabel") as s:
        params, pack = s.params.autolabel, load(ROOT / s.params.pack)
        version = pack.taxonomy.version
        people = known(REVIEWED, version)
        dialogues = {dialogue.id: dialogue for dialogue in read_dialogues(DIALOGUES)}
        judged = list(read_jsonl(LABELER / OUT_OF_FOLD, Judged))
        predicted, (confidence, correct) = [j.predicted for j in judged], arrays(judged)
        rule = choose(predicted, confidence, correct, params.target_precision, params.confidence_level)
        skip = decided(people.labels.values(), people.undecided)
        labelling_rules = load_rules(ROOT / s.params.pack)
        proposals = propose(dialogues.values(), skip, TextClassifier.load(LABELER), labelling_rules)
        rules = SlotLabels(pack, people.labels.values(), dialogues, version)
        result = autolabel(proposals, rule, rules, params, version)
        with atomic_dir(LABELS) as folder:
            write_jsonl(folder / "accepted.jsonl", result.accepted)
            write_jsonl(folder / "queue.jsonl", result.queue)
            write_json(folder / "acceptance.json", rule.model_dump())
        curve = [(row["coverage"], row["precision"]) for row in coverage_curve(confidence, correct)]
        write_csv(PLOTS / "autolabel/coverage_precision.csv", ("coverage", "precision"), curve)
        s.log(result.metrics)
        print(f"   {result.metrics['coverage']:.1%} of {len(proposals):,} turns accepted, precision ≥ {rule.bound:.3f}")


if __name__ == "__main__":
    main()
