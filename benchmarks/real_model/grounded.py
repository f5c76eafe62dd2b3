"""How many answers of a real model are supported by what it was shown, and right, before and after it was taught?

    python -m benchmarks.real_model.grounded --model FOLDER [--adapter FOLDER] [--release store/release]
        [--sample 40] [--unanswered 20] [--seeds 7 8 9] [--file benchmarks/knowledge/questions.yaml]

Messages of the pack's measuring side that ask a question of the FAQ, and some that nothing in the pack answers, under
the prompt that serving writes, with what the release's retriever finds; each seed draws its own. Or the questions of
``--file``, which nobody learned from. The model answers greedily; claims are typed and judged by serving's output
guard, as in the gate's ``grounded`` (``evaluation/suites/answers.py``). Right is measured by token F1 with the entry's
answer (words, not truth). A question that nothing answers is refused when the answer offers a person and claims
nothing, or says that it cannot help and claims nothing unsupported. Results: docs/measurements/real_model.md.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.real_model.teach import open_folder
from benchmarks.real_model.writer import BatchWriter
from data.sets.from_pack.answers import pack_questions
from evaluation.candidate import ReleaseUnderTest, open_release
from evaluation.suites.answers import makes_claim
from kefu.llm.chat import ChatRenderer
from kefu.metrics.text import token_f1
from kefu.paths import RELEASE
from kefu.schema import Example, Message
from kefu.shop.pack import Pack
from kefu.shop.wordings.labelled import UNANSWERED
from pipelines.params import load_params

MAX_NEW_TOKENS = 64
OFFERS_A_PERSON = re.compile(r"人工|客服来答|\bagent\b|\bperson\b", re.IGNORECASE)
CANNOT_HELP = re.compile(r"帮不上忙|cannot help", re.IGNORECASE)  # beside what the shop is there for: a claim


class Asked(NamedTuple):
    """A question. right: the answers of the entries that answer it; none: nothing does."""

    example: Example
    right: tuple[str, ...]


class Figures(NamedTuple):
    """Shares of all answers, then of the answered questions, then of those that nothing answers.

    right: mean token F1 with the entry's answer. shown: entries that the prompt showed.
    """

    grounded: float
    claiming: float
    grounded_of_claiming: float
    right: float
    shown: float
    refused: float


def draw_questions(pack: Pack, count: int, unanswered: int, seed: int) -> list[Asked]:
    """Messages of the measuring side that follow nothing, each alone."""
    answered, others = pack_questions(pack, "measure")
    nothing = [one for one in others if one.label == UNANSWERED]
    rng, answers = random.Random(seed), {faq.id: faq.answer for faq in pack.faq}
    chosen = rng.sample(answered, min(count, len(answered)))
    made = [Asked(example_of(one.text), (answers[one.label.partition(":")[2]].in_(one.lang),)) for one in chosen]
    return made + [Asked(example_of(one.text), ()) for one in rng.sample(nothing, min(unanswered, len(nothing)))]


def read_questions(path: Path, pack: Pack, count: int, unanswered: int) -> list[Asked]:
    """The first Chinese questions of a file such as ``benchmarks/knowledge/questions.yaml``, in its order."""
    answers = {faq.id: faq.answer for faq in pack.faq}
    found = [
        Asked(example_of(one["ask"]), tuple(answers[entry].in_("zh") for entry in one["entry"]))
        for one in yaml.safe_load(path.read_text(encoding="utf8"))["zh"]
    ]
    return [one for one in found if one.right][:count] + [one for one in found if not one.right][:unanswered]


def example_of(say: str) -> Example:
    """A message without an answer, as a conversation of its own."""
    said = (Message(role="user", content=say), Message(role="assistant", content=""))
    return Example(id=say, messages=said, split="eval", dialogue_id=say, customer=say, intent="faq")


def figures(release: ReleaseUnderTest, asked: Sequence[Asked], answers: Sequence[str]) -> Figures:
    """Args: answers: of a model, one to each question."""
    grounded = [not release.unsupported(one.example, answer) for one, answer in zip(asked, answers, strict=True)]
    claiming = [makes_claim(answer) for answer in answers]
    known = [(one, answer) for one, answer in zip(asked, answers, strict=True) if one.right]
    f1 = [max(token_f1(answer, right) for right in one.right) for one, answer in known]
    shown = [any(right in release.prompt(one.example)[0].content for right in one.right) for one, _ in known]
    refused = [
        is_refusal(answer, ok) for one, answer, ok in zip(asked, answers, grounded, strict=True) if not one.right
    ]
    of_claiming = [ok for ok, claims in zip(grounded, claiming, strict=True) if claims]
    return Figures(*(_mean(some) for some in (grounded, claiming, of_claiming, f1, shown, refused)))


def is_refusal(answer: str, grounded: bool) -> bool:
    """Args: grounded: whether all that the answer claims is supported."""
    if CANNOT_HELP.search(answer):
        return grounded
    return bool(OFFERS_A_PERSON.search(answer)) and not makes_claim(answer)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def report(found: dict[str, Figures], title: str) -> None:
    """Prints a row for each draw, and their mean."""
    table = Table("drawn by", *Figures._fields, title=title)
    mean = [_mean([one for one in column if one == one]) for column in zip(*found.values(), strict=True)]
    for name, row in [*found.items(), ("mean", Figures(*mean))]:
        table.add_row(name, *(f"{value:.3f}" for value in row))
    Console(width=120).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a Hugging Face folder")
    parser.add_argument("--adapter", type=Path, help="of benchmarks.real_model.teach; default: the model untaught")
    parser.add_argument("--release", type=Path, default=RELEASE, help="whose pack and retriever write the prompts")
    parser.add_argument("--sample", type=int, default=40, help="questions with an answer, of each seed")
    parser.add_argument("--unanswered", type=int, default=20, help="questions that nothing answers, of each seed")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7])
    parser.add_argument("--file", type=Path, help="questions instead of drawn ones, asked in Chinese")
    parser.add_argument("--show", type=int, default=0, help="answers to print, of each seed")
    asked = parser.parse_args()
    base = open_folder(asked.model)
    renderer = ChatRenderer.from_folder(base.folder, base.facts.empty_think)
    started, count, found = time.process_time(), 0, {}
    writer = BatchWriter(base.folder, renderer, asked.adapter, None)
    with open_release("challenger", asked.release, load_params().serving) as release:
        draws = (
            {asked.file.name: read_questions(asked.file, release.pack, asked.sample, asked.unanswered)}
            if asked.file
            else {str(seed): draw_questions(release.pack, asked.sample, asked.unanswered, seed) for seed in asked.seeds}
        )
        for name, questions in draws.items():
            written = writer.write([release.prompt(one.example) for one in questions], MAX_NEW_TOKENS)
            answers = [answer.strip() for answer in written]
            found[name], count = figures(release, questions, answers), count + len(questions)
            for one, answer in list(zip(questions, answers, strict=True))[: asked.show]:
                unsupported = [claim.kind for claim in release.unsupported(one.example, answer)]
                print(f"{one.example.id}    {answer!r}    unsupported: {unsupported}")
    report(found, f"{count} answers, {(time.process_time() - started) / count:.2f} CPU s each, loading included")


if __name__ == "__main__":
    main()
