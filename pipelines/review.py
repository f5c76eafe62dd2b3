"""Stage `review`: queue → Label Studio → data/store/review/labels.jsonl, all labels by people.

python -m pipelines.review
"""

from data.review.sync import sync
from kefu.dialogues import read_dialogues
from kefu.io import read_jsonl, write_jsonl
from kefu.pack import load_taxonomy
from kefu.paths import DIALOGUES, LABELS, REVIEW, REVIEWED, ROOT
from kefu.schema import ReviewTask
from pipelines.stage import stage


def main() -> None:
    with stage("review") as s:
        queue = list(read_jsonl(LABELS / "queue.jsonl", ReviewTask))
        taxonomy = load_taxonomy(ROOT / s.params.pack)
        result = sync(queue, read_dialogues(DIALOGUES), REVIEWED, taxonomy, s.params.review)
        write_jsonl(REVIEW / "labels.jsonl", result.labels)
        s.log(result.metrics)
        print(f"   {result.metrics['reviewed']:.0f} turns reviewed, {result.metrics['waiting']:.0f} wait for a person")


if __name__ == "__main__":
    main()
