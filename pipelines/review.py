"""Stage `review`: queue → Label Studio → store/review: all labels by people, and how far these agree.

python -m pipelines.review
"""

from data.labeling.guarantee.audit_ledger import drawn_turns
from data.review.params import Review
from data.review.sync import sync
from kefu.io import read_jsonl, write_json, write_jsonl
from kefu.paths import DIALOGUES, LABELS, REVIEW, REVIEWED
from kefu.schema import ReviewTask
from kefu.shop.pack import load_pack
from kefu.store import read_dialogues
from pipelines.stage import stage


def main() -> None:
    with stage("review", Review) as s:
        pack = load_pack(s.pack)
        version = pack.taxonomy.version
        queue = list(read_jsonl(LABELS / "queue.jsonl", ReviewTask))
        result = sync(queue, read_dialogues(DIALOGUES), REVIEWED, pack, s.params, drawn_turns(LABELS, version))
        write_jsonl(REVIEW / "labels.jsonl", result.labels, private=True)
        write_json(REVIEW / "agreement.json", result.agreement, private=True)
        s.log(result.metrics)
        print(f"   {result.metrics['reviewed']:.0f} turns reviewed, {result.metrics['waiting']:.0f} wait for a person")


if __name__ == "__main__":
    main()
