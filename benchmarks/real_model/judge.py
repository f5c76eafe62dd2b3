"""Would a real model, as the pairwise judge, agree with what is known to be the better answer?

    python -m benchmarks.real_model.judge --model FOLDER [--pairs 24] [--seed 7]

Pairs of answers to Chinese questions of the FAQ whose better one is known, under the prompt that the sets give:

- another question: the entry's answer against another entry's;
- one number: the entry's answer against the same with one number changed (``benchmarks/claims/flips.py``);
- silence: the entry's answer against the pack's refusal, though the answer stands in the prompt.

The product's judge decides (``evaluation/judge``), as it is calibrated on reviewers' pairs. Printed of each kind: how
often it agrees, how often it calls a tie because the place won, and Cohen's kappa; and whether ``evaluate.judge`` would
believe it. Results: docs/measurements/real_model.md.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.corrupted_log.__main__ import Fact, facts
from data.sets.from_pack.answers import Question, refusal
from data.sets.prompts import NearestKnowledge
from evaluation.judge.calibrated import agreement, verdicts
from evaluation.judge.pairwise import PairwiseJudge, Preference
from evaluation.params import Judge
from kefu.knowledge.entries import knowledge_entries
from kefu.llm.prompt import answer_messages
from kefu.paths import ROOT
from kefu.schema import Message, PreferenceExample, Turn
from kefu.shop.pack import Pack, load_pack
from kefu.shop.wordings.labelled import UNANSWERED
from pipelines.params import load_params
from serving.engines.transformers import TransformersEngine


def known_pairs(pack: Pack, count: int, seed: int) -> dict[str, list[PreferenceExample]]:
    """Kind → ``count`` pairs with the better answer as the chosen one; a question stands in one kind only."""
    nearest, entries = NearestKnowledge(pack), {entry.answer: entry for entry in knowledge_entries(pack)}
    rng, known = random.Random(seed), facts(pack)
    drawn = rng.sample(known, min(3 * count, len(known)))
    made: dict[str, list[PreferenceExample]] = {"another question": [], "one number": [], "silence": []}
    for number, fact in enumerate(drawn):
        kind = list(made)[number % len(made)]
        asked = rng.choice(fact.wordings)
        worse = {
            "another question": drawn[(number + 1) % len(drawn)].answer,
            "one number": fact.other_shop,
            "silence": refusal(pack, Question(asked, "zh", UNANSWERED)),
        }[kind]
        shown = nearest.find(asked, "zh")
        own = entries[fact.answer]
        shown = [own, *(entry for entry in shown if entry.id != own.id)][: len(shown)]
        prompt = answer_messages(pack, "zh", shown, [Turn(role="customer", text=asked, time=None)])
        made[kind].append(_pair(f"{kind}:{number}", prompt, fact, worse))
    return made


def _pair(name: str, prompt: Sequence[Message], fact: Fact, worse: str) -> PreferenceExample:
    return PreferenceExample(
        id=name,
        prompt=tuple(prompt),
        chosen=(Message(role="assistant", content=fact.answer),),
        rejected=(Message(role="assistant", content=worse),),
        split="eval",
        dialogue_id=name,
        customer=name,
        intent="faq",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a Hugging Face folder")
    parser.add_argument("--pairs", type=int, default=24, help="of each kind")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    judge = PairwiseJudge(TransformersEngine("judge", asked.model, asked.model.name))
    pairs = known_pairs(load_pack(ROOT / "shop"), asked.pairs, asked.seed)
    started = time.process_time()
    judged = {kind: verdicts(judge, some, asked.seed) for kind, some in pairs.items()}
    report(judged, load_params().evaluate.judge)
    print(f"{(time.process_time() - started) / sum(map(len, pairs.values())):.1f} CPU s a pair")


def report(judged: Mapping[str, tuple[list[Preference], list[Preference]]], params: Judge) -> None:
    """Prints agreement, ties and kappa of each kind of pairs and of all."""
    theirs_all = [one for theirs, _ in judged.values() for one in theirs]
    own_all = [one for _, own in judged.values() for one in own]
    table = Table("pairs", "count", "agrees", "tie: the place won", "kappa")
    for kind, (theirs, own) in {**judged, "all": (theirs_all, own_all)}.items():
        found = agreement(theirs, own)
        shares = f"{found.agreement:.1%}", f"{own.count('tie') / len(own):.1%}"
        table.add_row(kind, str(found.verdicts), *shares, f"{found.kappa:.3f}")
    Console(width=100).print(table)
    believed = agreement(theirs_all, own_all).is_believed(params)
    print(
        f"believed by evaluate.judge (min_kappa {params.min_kappa:g}, min_verdicts {params.min_verdicts}): {believed}"
    )


if __name__ == "__main__":
    main()
