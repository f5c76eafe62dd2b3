"""Stage `judge`: the centre model's opinion of turns between hopeless and sure → store/judge.

    python -m pipelines.judge

Off with judge.turns = 0: then no model is loaded. Its metrics tell whether it is worth asking.
"""

from __future__ import annotations

from pathlib import Path

from data.labeling.autolabel import answered_turns
from data.labeling.labeler import OUT_OF_FOLD, OutOfFoldPrediction
from data.labeling.opinions.combine import OPINIONS, Opinion, judge_worth
from data.labeling.opinions.judge_sampling import ConfidenceRange, find_candidates, sample_turns
from data.labeling.params import Judge
from data.review.labels import load_reviews
from kefu.intents.classifier import class_names
from kefu.io import atomic_dir, read_jsonl, write_jsonl
from kefu.paths import BASE, DIALOGUES, JUDGE, LABELER, REVIEWED
from kefu.shop.taxonomy import load_taxonomy
from kefu.store import dialogues_by_id
from pipelines.stage import stage


def ask(params: Judge, pack: Path) -> tuple[list[Opinion], dict[str, float]]:
    """Asks the centre model about the drawn turns; returns its opinions and their metrics."""
    from data.labeling.opinions.judge import Judge as Model  # torch: slow to load, and needed only here

    taxonomy = load_taxonomy(pack)
    people = load_reviews(REVIEWED, taxonomy.version)
    reviewed = list(read_jsonl(LABELER / OUT_OF_FOLD, OutOfFoldPrediction))
    confidences = ConfidenceRange(pack, LABELER, params, answered_turns(people.labels.values(), people.undecided))
    turns = find_candidates(DIALOGUES, confidences, reviewed)
    drawn = sample_turns(turns, params)
    dialogues = dialogues_by_id(DIALOGUES, (name for name, _ in drawn))
    opinions = Model.load_base(BASE, taxonomy, params.max_prompt_tokens).opinions(dialogues, drawn)
    return opinions, {"band": float(len(turns)), **judge_worth(reviewed, opinions, class_names(LABELER))}


def main() -> None:
    with stage("judge", Judge) as s:
        params = s.params
        opinions, figures = ask(params, s.pack) if params.turns else ([], {"opinions": 0.0})
        with atomic_dir(JUDGE, private=True) as folder:
            write_jsonl(folder / OPINIONS, opinions)
        s.log(figures)
        shown = ", ".join(f"{name} {value:g}" for name, value in figures.items())
        print(f"   {shown}" if params.turns else "   off: judge.turns is 0")


if __name__ == "__main__":
    main()
