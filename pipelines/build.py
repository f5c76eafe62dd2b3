"""Stage `build`: dialogues + labels → store/sets/{router,sft,replay,preferences,retrieval}.jsonl, split by customer.

python -m pipelines.build
"""

from collections import Counter

from data.sets.builder import Builder
from data.sets.params import Build
from evaluation.forgetting.frozen_sets import check_held_out, read_frozen
from kefu.io import atomic_dir, read_jsonl, write_csv
from kefu.paths import DIALOGUES, FROZEN, LABELS, PLOTS, REVIEW, SETS
from kefu.schema import Label
from kefu.shop.pack import load_pack
from pipelines.stage import stage


def main() -> None:
    with stage("build", Build) as s:
        params, pack = s.params, load_pack(s.pack)
        check_held_out(read_frozen(FROZEN), params.eval_share, params.seed)
        reviewed = list(read_jsonl(REVIEW / "labels.jsonl", Label))
        builder = Builder(DIALOGUES, LABELS / "accepted.jsonl", LABELS / "signals.jsonl", reviewed, pack, params)
        sets = builder.sets()
        with atomic_dir(SETS, private=True) as folder:
            sets.write(folder)
        counts = Counter((example.intent, example.split) for example in sets.intents)
        rows = [(intent, counts[intent, "train"], counts[intent, "eval"]) for intent in pack.taxonomy.names]
        write_csv(PLOTS / "build/intents.csv", ("intent", "train", "eval"), rows)
        s.log(sets.figures)
        many = len(sets.intents), len(sets.conversations), len(sets.questions)
        print("   {:,} turns, {:,} conversations, {:,} questions".format(*many))


if __name__ == "__main__":
    main()
