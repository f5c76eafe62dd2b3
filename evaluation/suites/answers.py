"""The language models on held-out conversations: what they say, and how likely they find what was said.

``answers`` is the centre model, ``edge`` the student, which is also compared with its teacher. Loss is
over all held-out tokens; the other figures read the greedy answer. Words are compared, not truth: the
worst answers stand in the report for people to read.
"""

from __future__ import annotations

from collections.abc import Sequence

from evaluation.bootstrap import Sample
from evaluation.items import Items
from evaluation.metrics import TEXT
from evaluation.metrics.text import token_f1
from evaluation.result import Result
from evaluation.subject import Subject
from kefu.schema import Example, Prediction


def centre(subject: Subject, items: Items) -> Result:
    """Loss a token, token F1, ROUGE-L, repetition, share of empty answers."""
    return _run(subject, items, "answers", "centre")


def edge(subject: Subject, items: Items) -> Result:
    """The same of the edge model, and its agreement with the centre model."""
    result = _run(subject, items, "edge", "edge")
    pairs = [
        (_answer(subject, items, "edge", example), _answer(subject, items, "centre", example))
        for example in items.answers
    ]
    result.samples["agreement"] = Sample.of([token_f1(student, teacher) for student, teacher in pairs])
    return result


def _answer(subject: Subject, items: Items, engine: str, example: Example) -> str:
    return subject.answer(engine, example, items.max_new_tokens)


def _run(subject: Subject, items: Items, suite: str, engine: str) -> Result:
    said = [_answer(subject, items, engine, example) for example in items.answers]
    pairs = [(a, e.messages[-1].content) for a, e in zip(said, items.answers, strict=True)]
    samples = {name: Sample.of([score(*pair) for pair in pairs]) for name, score in TEXT.items()}
    samples["empty"] = Sample.of([float(not answer) for answer in said])
    samples["loss"] = _loss(subject, engine, items.answers)
    predictions = [
        Prediction(
            suite=suite,
            id=example.id,
            question=example.messages[-2].content,
            expected=expected,
            predicted=answer,
            score=token_f1(answer, expected),
            model=subject.name,
        )
        for example, (answer, expected) in zip(items.answers, pairs, strict=True)
    ]
    return Result(samples, predictions)


def _loss(subject: Subject, engine: str, examples: Sequence[Example]) -> Sample:
    """Nats a token, weighted by tokens, so that the mean is the corpus' loss."""
    losses = [subject.engines[engine].loss(example.messages) for example in examples]
    return Sample.of([nats / count for nats, count in losses], [count for _, count in losses])
