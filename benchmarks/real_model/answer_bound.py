"""From which probability may a model's answer be said? What a real model says where the search is unsure.

    python -m benchmarks.real_model.answer_bound --model FOLDER [--adapter FOLDER] [--release store/release]
        [--in-band 40] [--seed 7] [--show 0]

Only questions of which the search is unsure (no entry at ``serving.candidate_min_probability``) reach a model. Those of
the measuring side (``benchmarks.real_model.grounded``), of ``benchmarks/knowledge/questions.yaml`` and of
``measured.yaml`` are drawn evenly from bands of the best passage's probability, and count for all of their band. The
model answers greedily under serving's prompt; serving's output guard says what a customer hears under each
``serving.answer_min_probability``. It is right when it has the words of an entry that answers (token F1), else wrong,
or a refusal. Where nothing answers, nothing is right. ``pack.unanswered`` is not asked: the search learned from it.
Results: docs/measurements/real_model.md.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.knowledge.__main__ import measured_questions, written_questions
from benchmarks.real_model.grounded import MAX_NEW_TOKENS, Asked, example_of, is_refusal
from benchmarks.real_model.teach import open_folder
from benchmarks.real_model.writer import BatchWriter
from data.sets.from_pack.answers import pack_questions
from evaluation.candidate import ReleaseUnderTest, open_release
from kefu.knowledge.entries import knowledge_entries, same_answers
from kefu.llm.chat import ChatRenderer
from kefu.metrics.text import token_f1
from kefu.paths import RELEASE
from kefu.shop.slots import language
from pipelines.params import load_params

BOUNDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)  # 0: all is said
BANDS = 10  # of the best passage's probability
RIGHT_F1 = 0.5
BATCH_SIZE = 32
OUTCOMES = ("right", "wrong", "refused", "silent")


class Case(NamedTuple):
    """A question that reaches the model.

    probability: of the best passage that it is shown. weight: questions of the band that it stands for.
    """

    asked: Asked
    probability: float
    weight: float = 1.0

    @property
    def band(self) -> int:
        return min(BANDS - 1, int(self.probability * BANDS))


def questions_of(release: ReleaseUnderTest) -> Iterator[Asked]:
    """Questions that nobody learned from, each once, with the answers of the FAQ that are right; none: nothing is.

    What a query alone answers is left out: a model is not shown what the shop's systems know.
    """
    answers = {entry.id: entry.answer for entry in knowledge_entries(release.pack) if entry.kind != "query"}
    same, found = same_answers(release.pack), dict[str, frozenset[str]]()
    for one in (one for some in pack_questions(release.pack, "measure") for one in some):
        entry = f"faq:{one.label.partition(':')[2]}:{one.lang}"
        found[one.text] = same.get(entry, frozenset([entry])) if one.label.startswith("ask:") else frozenset()
    sets = written_questions(release.search) | measured_questions(release.search)
    for asked in (asked for some in sets.values() for asked in some):
        found.setdefault(asked.text, asked.right)
    for text, entries in found.items():
        right = tuple(answers[entry] for entry in sorted(entries) if entry in answers)
        if right or not entries:
            yield Asked(example_of(text), right)


def unsure_cases(release: ReleaseUnderTest, unsure: float) -> list[Case]:
    """Args: unsure: probability of the best entry, from which no model is asked."""
    cases = []
    for asked in questions_of(release):
        text = asked.example.id
        hits = release.knowledge.search(text, language(text))
        if hits and hits[0].probability < unsure:
            shown = [hit.probability for hit in hits if hit.entry.kind != "query"]
            cases.append(Case(asked, max(shown, default=0.0)))
    return cases


def draw_evenly(cases: Sequence[Case], in_band: int, seed: int) -> list[Case]:
    """At most ``in_band`` of each band, weighted to stand for all of it."""
    bands = defaultdict[int, list[Case]](list)
    for case in cases:
        bands[case.band].append(case)
    rng, drawn = random.Random(seed), list[Case]()
    for _, some in sorted(bands.items()):
        taken = rng.sample(some, min(in_band, len(some)))
        drawn += [case._replace(weight=len(some) / len(taken)) for case in taken]
    return drawn


def outcome(heard: str, right: Sequence[str]) -> str:
    """One of OUTCOMES. Args: right: answers of the entries that answer the question."""
    if not heard:
        return "silent"
    if any(token_f1(heard, answer) >= RIGHT_F1 for answer in right):
        return "right"
    return "refused" if is_refusal(heard, grounded=True) else "wrong"  # the guard has held what is not grounded


def by_band(cases: Sequence[Case], outcomes: Sequence[str], shown: Sequence[bool]) -> Table:
    """What the model says without a bound, as counts of the drawn questions.

    Args:
        shown: whether the prompt has an answer that is right.
    """
    head = ("best passage", "questions", "asked", "answered by an entry", "which is shown")
    table = Table(*head, "right", "wrong, an entry answers", "wrong, none does", "refused", "silent")
    for band in sorted({case.band for case in cases}):
        own = [n for n, case in enumerate(cases) if case.band == band]
        answerable = {n for n in own if cases[n].asked.right}
        count = Counter(outcomes[n] for n in own)
        wrong = sum(outcomes[n] == "wrong" for n in answerable)
        cells = (
            f"{band / BANDS:.1f} to {(band + 1) / BANDS:.1f}",
            f"{sum(cases[n].weight for n in own):.0f}",
            *map(str, (len(own), len(answerable), sum(shown[n] for n in own), count["right"], wrong)),
            *map(str, (count["wrong"] - wrong, count["refused"], count["silent"])),
        )
        table.add_row(*cells)
    return table


def by_bound(cases: Sequence[Case], outcomes: dict[float, list[str]]) -> Table:
    """What is said under each bound, weighted: shares of all questions, and how much of what is told is wrong."""
    table = Table("bound", "answers told", *OUTCOMES, "wrong, of the told")
    total = sum(case.weight for case in cases)
    for bound, some in outcomes.items():
        weight = {name: sum(c.weight for c, o in zip(cases, some, strict=True) if o == name) for name in OUTCOMES}
        told = weight["right"] + weight["wrong"]
        count = some.count("right") + some.count("wrong")
        shares = (f"{weight[name] / total:.1%}" for name in OUTCOMES)
        table.add_row(f"{bound:g}", str(count), *shares, f"{weight['wrong'] / told:.1%}" if told else "–")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a Hugging Face folder")
    parser.add_argument("--adapter", type=Path, help="of benchmarks.real_model.teach; default: the model untaught")
    parser.add_argument("--release", type=Path, default=RELEASE, help="whose pack and retriever write the prompts")
    parser.add_argument("--in-band", type=int, default=40, help="questions to ask, of each band")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=int, default=0, help="answers to print")
    asked = parser.parse_args()
    started, params, console = time.process_time(), load_params().serving, Console(width=140)
    base = open_folder(asked.model)
    renderer = ChatRenderer.from_folder(base.folder, base.facts.empty_think)
    with open_release("challenger", asked.release, params) as release:
        cases = draw_evenly(unsure_cases(release, params.candidate_min_probability), asked.in_band, asked.seed)
        examples = [case.asked.example for case in cases]
        prompts = [release.prompt(example) for example in examples]
        written = BatchWriter(base.folder, renderer, asked.adapter, None).write(prompts, MAX_NEW_TOKENS, BATCH_SIZE)
        outcomes = dict[float, list[str]]()
        for bound in BOUNDS:
            bounded = replace(release, answer_min_probability=bound, _guards={})
            heard = [bounded.heard(example, text) for example, text in zip(examples, written, strict=True)]
            outcomes[bound] = [outcome(text, case.asked.right) for text, case in zip(heard, cases, strict=True)]
    shown = [any(right in p[0].content for right in c.asked.right) for p, c in zip(prompts, cases, strict=True)]
    for n, case in list(enumerate(cases))[: asked.show]:
        told = ", ".join(f"{bound:g} {outcomes[bound][n]}" for bound in BOUNDS)
        print(f"{case.probability:.2f} {case.asked.example.id}    {written[n].strip()!r}    {told}", flush=True)
    console.print(by_band(cases, outcomes[0.0], shown))
    console.print(by_bound(cases, outcomes))
    print(f"{len(cases)} answers, {(time.process_time() - started) / len(cases):.2f} CPU s each, all included")


if __name__ == "__main__":
    main()
