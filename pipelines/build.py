"""Stage `build`: dialogues + labels → data/store/sets/{router,sft,preferences,retrieval}.jsonl, split by customer.

python -m pipelines.build
"""

from collections import Counter

from data.label.turns import join_intents
from data.sets.conversations import Conversations
from data.sets.corrections import Corrections
from data.sets.counts import set_counts
from data.sets.facts import Facts
from data.sets.intents import intent_examples, review_wins
from data.sets.places import Learnable
from data.sets.preferences import preference_examples
from data.sets.prompts import Prompts
from data.sets.questions import retrieval_examples
from kefu.dialogues import read_dialogues
from kefu.io import atomic_dir, read_jsonl, write_csv, write_jsonl
from kefu.pack import load
from kefu.paths import DIALOGUES, LABELS, PLOTS, REVIEW, ROOT, SETS
from kefu.redact import Redactor
from kefu.schema import Label
from pipelines.stage import stage


def main() -> None:
    with stage("build") as s:
        params, pack = s.params.build, load(ROOT / s.params.pack)
        dialogues = {dialogue.id: dialogue for dialogue in read_dialogues(DIALOGUES)}
        files = (REVIEW / "labels.jsonl", LABELS / "accepted.jsonl")
        joined = [join_intents(read_jsonl(path, Label), dialogues, pack.taxonomy.names) for path in files]
        for path, labels in zip(files, joined, strict=True):
            labels.warn(path.name)
        turns = review_wins(*(labels.turns for labels in joined))
        intents = intent_examples(turns, params)
        prompts = Prompts(pack, {(turn.dialogue.id, turn.index): turn.label.value for turn in turns}, params)
        corrections = Corrections(read_jsonl(files[0], Label), dialogues, Redactor(pack.shop.pii))
        learnable = Learnable(Facts(read_jsonl(files[0], Label), read_jsonl(LABELS / "signals.jsonl", Label)))
        conversations = Conversations(prompts, params).examples(learnable.of(dialogues.values()), corrections.places)
        preferences, without = preference_examples(corrections.places, prompts)
        questions = retrieval_examples(pack, dialogues.values(), params)
        with atomic_dir(SETS) as folder:
            write_jsonl(folder / "router.jsonl", intents)
            write_jsonl(folder / "sft.jsonl", conversations)
            write_jsonl(folder / "preferences.jsonl", preferences)
            write_jsonl(folder / "retrieval.jsonl", questions)
        counts = Counter((example.intent, example.split) for example in intents)
        rows = [(intent, counts[intent, "train"], counts[intent, "eval"]) for intent in pack.taxonomy.names]
        write_csv(PLOTS / "build/intents.csv", ("intent", "train", "eval"), rows)
        s.log(set_counts(intents, conversations, questions, preferences))
        corrected = {place.key for place in corrections.places} & {example.id for example in conversations}
        s.log({"sft.corrected": len(corrected), "sft.left_out_quality": learnable.bad})
        s.log({"corrections.refused": corrections.refused.total(), "preferences.refused": without.total()})
        print(f"   {len(intents):,} turns, {len(conversations):,} conversations, {len(questions):,} questions")


if __name__ == "__main__":
    main()
