"""The language models on held-out conversations: what they say, and how likely they find what was said.

``answers`` is the centre model, ``edge`` the student, which is also compared with its teacher. Both are asked as
serving would ask, with what the release's own retriever finds. Loss is of the last answer alone; the other figures
read the greedy answer. Words are compared, not truth: the worst answers stand in the report for people to read, and
``gain_over_constant`` says what the words are worth beside one sentence that is the same for every question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from evaluation.bootstrap import Sample, paired_bootstrap
from evaluation.candidate import ReleaseUnderTest
from evaluation.items import Items
from evaluation.metrics import TEXT
from evaluation.result import Result
from kefu.metrics.text import token_f1
from kefu.progress import progress
from kefu.schema import Example, Prediction


def centre(release: ReleaseUnderTest, items: Items) -> Result:
    """Loss a character, token F1, its gain over a constant sentence, ROUGE-L, repetition, empty, withheld answers."""
    return _run(release, items, "answers", "centre")


def edge(release: ReleaseUnderTest, items: Items) -> Result:
    """The same of the edge model, and its agreement with the centre model."""
    result = _run(release, items, "edge", "edge")
    pairs = [
        (_answer(release, items, "edge", example), _answer(release, items, "centre", example))
        for example in items.answers
    ]
    result.samples["agreement"] = Sample.of([token_f1(student, teacher) for student, teacher in pairs])
    return result


def _answer(release: ReleaseUnderTest, items: Items, engine: str, example: Example) -> str:
    return release.answer(engine, example, items.max_new_tokens)


def _run(release: ReleaseUnderTest, items: Items, suite: str, engine: str) -> Result:
    said = []
    with progress(f"answers, {release.name}'s {engine} model", len(items.answers)) as tick:
        for example in items.answers:
            said.append(_answer(release, items, engine, example))
            tick()
    result = score(suite, said, release, items)
    result.samples["loss"] = _loss(release, engine, items.answers)
    withheld = [float(not release.heard(e, answer)) for e, answer in zip(items.answers, said, strict=True)]
    result.samples["withheld"] = Sample.of(withheld, customers=[example.customer for example in items.answers])
    own, constant = (r.samples["token_f1"] for r in (result, score("constant", items.constant, release, items)))
    result.samples["gain_over_constant"] = replace(own, values=own.values - constant.values)
    result.figures["gain_over_constant_low"] = paired_bootstrap(own, constant, items.seed).low
    result.figures |= _unseen(result, items)
    return result


def score(suite: str, said: Sequence[str], release: ReleaseUnderTest, items: Items) -> Result:
    """What was said to each of ``items.answers``, by the metrics that need only the words."""
    pairs = [(a, e.messages[-1].content) for a, e in zip(said, items.answers, strict=True)]
    customers = [example.customer for example in items.answers]
    samples = {name: Sample.of([metric(*pair) for pair in pairs], customers=customers) for name, metric in TEXT.items()}
    predictions = [
        Prediction(
            suite=suite,
            id=example.id,
            question=example.messages[-2].content,
            expected=expected,
            predicted=answer,
            score=token_f1(answer, expected),
            model=release.name,
            seen=expected.strip() in items.taught,
        )
        for example, (answer, expected) in zip(items.answers, pairs, strict=True)
    ]
    return Result(samples, predictions)


def _loss(release: ReleaseUnderTest, engine: str, examples: Sequence[Example]) -> Sample:
    """Nats a character, weighted by characters, so that the mean is that of all answers' text.

    A token is another amount of text for each tokenizer: 26 Chinese characters are 20 tokens of Qwen's, 43 of
    SmolLM2's. The end of an answer counts as one character.
    """
    nats = [release.loss(engine, example) for example in examples]
    characters = [len(example.messages[-1].content) + 1 for example in examples]
    values = [one / length for one, length in zip(nats, characters, strict=True)]
    return Sample.of(values, characters, [example.customer for example in examples])


def _unseen(result: Result, items: Items) -> dict[str, float]:
    """Share of the held-out answers that training has word by word, and figures over the others, if there are any.

    Canned replies are said to customers on both sides of the split; a model that knows them by heart shows it there.
    """
    unseen = np.array([example.messages[-1].content.strip() not in items.taught for example in items.answers])
    found = {"seen": 1 - float(unseen.mean())}
    if unseen.any():
        for name in ("loss", "token_f1"):
            sample = result.samples[name]
            found[f"{name}_unseen"] = float(np.average(sample.values[unseen], weights=sample.weights[unseen]))
    return found
