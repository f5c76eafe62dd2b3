"""The chats that the student learns from: questions that the teacher answers, and what people answered."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from distill import teacher as teachers
from distill.params import Distill
from distill.teacher import Model
from kefu.errors import KefuError
from kefu.llm.chat import ChatRenderer
from kefu.metrics.text import repetition
from kefu.schema import Example, Message
from training.checkpoints import Checkpoints

NO_QUESTION = (
    "distill: the centre model was asked nothing: the SFT set has no training chat whose question leaves room for "
    "{params.max_new_tokens} new tokens in distill.max_length ({params.max_length}): raise it"
)
LOOPING = 0.5  # share of an answer's 4-grams that are repeated, from which nothing is learned of it


class NothingToDistill(KefuError, ValueError):
    """The teacher's answers teach nothing, or too few do; the message says why and what to do."""


@dataclass(frozen=True)
class TeacherAnswers:
    """Chats that the teacher answered, and how many of its answers teach nothing.

    empty: it ended at once, or wrote white space only: learned, that would be silence.
    looping: it says the same again and again.
    """

    chats: list[tuple[Message, ...]]
    unfinished: int
    empty: int
    looping: int = 0

    @property
    def useless(self) -> int:
        return self.unfinished + self.empty + self.looping


def questions(examples: Sequence[Example], count: int, seed: int) -> list[tuple[Message, ...]]:
    """Chats of the training split up to the last customer message, drawn at random, each one once."""
    asked = {example.messages[: _last_user(example) + 1] for example in examples if _last_user(example) >= 0}
    ordered = sorted(asked, key=lambda messages: [message.content for message in messages])
    return random.Random(seed).sample(ordered, min(count, len(ordered)))


def _last_user(example: Example) -> int:
    return max((i for i, message in enumerate(example.messages) if message.role == "user"), default=-1)


def human_answers(train: Sequence[Example], params: Distill) -> list[tuple[Message, ...]]:
    """As many chats that people answered, with ``human_answers``; else none."""
    if not params.human_answers:
        return []
    drawn = random.Random(params.seed).sample(train, min(params.examples, len(train)))
    return [example.messages for example in drawn]


def fitting_questions(
    asked: Sequence[tuple[Message, ...]], renderer: ChatRenderer, params: Distill
) -> list[tuple[Message, ...]]:
    """Those that leave room for an answer in ``max_length``, without their oldest messages where these do not fit."""
    room = params.max_length - params.max_new_tokens - len(renderer.prompt([]))
    return [fit for messages in asked if (fit := renderer.fit(messages, room))]


def ask(
    teacher: Model,
    renderer: ChatRenderer,
    asked: Sequence[tuple[Message, ...]],
    params: Distill,
    checkpoints: Checkpoints | None,
) -> TeacherAnswers:
    """The teacher's answers; a chat that leaves no room for an answer is not asked."""
    fitting = fitting_questions(asked, renderer, params)
    prompts = [renderer.prompt(messages) for messages in fitting]
    answers = teachers.answer(
        teacher,
        prompts,
        renderer.stop_ids,
        params.max_new_tokens,
        params.answer_batch_size,
        checkpoints,
        params.save_steps,
    )
    said = [(messages, renderer.decode(ids)) for messages, ids in zip(fitting, answers, strict=True) if ids is not None]
    worded = [(messages, text) for messages, text in said if text.strip()]
    chats = [
        (*messages, Message(role="assistant", content=text)) for messages, text in worded if repetition(text) < LOOPING
    ]
    return TeacherAnswers(
        chats, unfinished=len(fitting) - len(said), empty=len(said) - len(worded), looping=len(worded) - len(chats)
    )


def check_answers(answered: TeacherAnswers, params: Distill) -> None:
    """Raises NothingToDistill when the teacher was asked nothing, or more answers than allowed are unusable."""
    asked = len(answered.chats) + answered.useless
    if not asked:
        raise NothingToDistill(NO_QUESTION.format(params=params))
    if answered.useless > params.max_useless * asked:
        raise NothingToDistill(
            f"distill: of {asked} answers of the centre model {answered.unfinished} were not finished within "
            f"{params.max_new_tokens} tokens, {answered.empty} are empty and {answered.looping} repeat themselves: an "
            "edge model would learn little from them. Raise distill.max_new_tokens, or train the centre longer "
            "(finetune.max_steps, finetune.epochs) and "
            f"look at its eval_loss; distill.max_useless ({params.max_useless:g}) is the share that is allowed"
        )
