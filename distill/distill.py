"""Teacher answers, student learns: the edge model of the next release.

The student learns from two kinds of chats: questions of the training split answered by the teacher (what
serving would say), and, when ``human_answers`` is set, as many chats as people answered them; on both it
follows the teacher's logits as well.

Logits can only be compared over one vocabulary. With two tokenizers only sequence-level distillation is
possible (``alpha: 0``): the teacher's answers travel as text.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from distill import student as students
from distill import teacher as teachers
from distill.params import Distill
from distill.student import Row, save
from distill.teacher import Model
from kefu.errors import KefuError
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.schema import Example, Message

logger = logging.getLogger(__name__)
EVALUATED = 64  # held-out chats that the student is measured on before and after


class DifferentVocabulary(KefuError, ValueError):
    """Teacher and student cannot be compared token by token; the message says what to do."""


class NothingToDistill(KefuError, ValueError):
    """The teacher's answers teach nothing, or too few do; the message says why and what to do."""


@dataclass(frozen=True)
class TeacherAnswers:
    """Chats that the teacher answered, and how many of its answers teach nothing.

    empty: it ended at once, or wrote white space only: learned, that would be silence.
    """

    chats: list[tuple[Message, ...]]
    unfinished: int
    empty: int


@dataclass(frozen=True)
class DistillationResult:
    """Metrics, and (step, loss) along the way."""

    metrics: dict[str, float]
    losses: list[tuple[int, float]]


def check_vocabulary(centre: BaseModel, edge: BaseModel, alpha: float) -> None:
    """Raises DifferentVocabulary when logits have to be compared and cannot."""
    one, other = (
        Tokenizer.from_file(str(base.folder / "tokenizer.json")).get_vocab(with_added_tokens=True)
        for base in (centre, edge)
    )
    if alpha and one != other:
        differing = sum(one.get(token) != i for token, i in other.items())
        raise DifferentVocabulary(
            f"{centre.ref.name} and {edge.ref.name} have different vocabularies ({len(one)} and {len(other)} tokens, "
            f"{differing} of the second's are not the first's): their logits cannot be compared. "
            "Set distill.alpha to 0 (the edge model then learns from the answers alone), or choose an edge model of "
            "the same family, e.g. Qwen/Qwen3-1.7B for Qwen/Qwen3-8B"
        )


def questions(examples: Sequence[Example], count: int, seed: int) -> list[tuple[Message, ...]]:
    """Chats of the training split up to the last customer message, drawn at random, each one once."""
    asked = {example.messages[: _last_user(example) + 1] for example in examples if _last_user(example) >= 0}
    ordered = sorted(asked, key=lambda messages: [message.content for message in messages])
    return random.Random(seed).sample(ordered, min(count, len(ordered)))


def _last_user(example: Example) -> int:
    return max((i for i, message in enumerate(example.messages) if message.role == "user"), default=-1)


def distill(
    centre: BaseModel, adapter: Path, edge: BaseModel, examples: Sequence[Example], params: Distill, out: Path
) -> DistillationResult:
    """Trains the student and writes it to ``out``.

    Raises:
        DifferentVocabulary: see ``check_vocabulary``.
        NothingToDistill: no chat to learn from, or too few usable answers of the teacher.
        NotFinite: a weight, loss or gradient is NaN or infinite. What was in ``out`` stays.
    """
    check_vocabulary(centre, edge, params.alpha)
    teacher = teachers.load_teacher(centre, adapter, params)
    ask, learn = (ChatRenderer.from_folder(base.folder, base.facts.empty_think) for base in (centre, edge))
    train = [e for e in examples if e.split == "train"]
    held_out = _rows([e.messages for e in examples if e.split == "eval"][:EVALUATED], learn, params.max_length)
    answered = _answered(teacher, ask, questions(train, params.examples, params.seed), params)
    _check_answers(answered, params)
    rows = _rows(answered.chats, learn, params.max_length)
    if params.human_answers:
        drawn = random.Random(params.seed).sample(train, min(params.examples, len(train)))
        rows += _rows([e.messages for e in drawn], learn, params.max_length)
    if not rows:
        raise NothingToDistill(
            f"distill: there is nothing to learn from: of {len(answered.chats)} answers of the centre model and, where "
            f"distill.human_answers is true, of people, none fits distill.max_length ({params.max_length} tokens): "
            "raise it, set distill.human_answers to true, or train the centre longer"
        )
    logger.info(
        "%d answers of the teacher (besides %d unfinished, %d empty), %d chats to learn from",
        *(len(answered.chats), answered.unfinished, answered.empty, len(rows)),
    )
    student = students.load_student(edge, params)
    before = _scores(student, teacher, held_out, learn, params)
    losses = students.train(student, teacher, rows, params, learn.end_id)
    after = _scores(student, teacher, held_out, learn, params)
    save(student, edge, out)
    metrics = {f"{name}_before": value for name, value in before.items()} | after
    metrics |= {"answers": float(len(answered.chats)), "chats": float(len(rows))}
    metrics |= {"unfinished": float(answered.unfinished), "empty": float(answered.empty)}
    return DistillationResult(metrics, losses)


def _answered(
    teacher: Model, renderer: ChatRenderer, asked: Sequence[tuple[Message, ...]], params: Distill
) -> TeacherAnswers:
    """Asks the teacher; a chat that leaves no room for an answer is not asked."""
    room = params.max_length - params.max_new_tokens
    fitting = [fit for messages in asked if (fit := renderer.fit(messages, room - len(renderer.prompt([]))))]
    prompts = [renderer.prompt(messages) for messages in fitting]
    answers = teachers.answer(teacher, prompts, renderer.end_id, params.max_new_tokens, params.batch_size)
    said = [(messages, renderer.decode(ids)) for messages, ids in zip(fitting, answers, strict=True) if ids is not None]
    chats = [(*messages, Message(role="assistant", content=text)) for messages, text in said if text.strip()]
    return TeacherAnswers(chats, unfinished=len(fitting) - len(said), empty=len(said) - len(chats))


def _check_answers(answered: TeacherAnswers, params: Distill) -> None:
    """Raises NothingToDistill when the teacher was asked nothing, or more answers than allowed are unusable."""
    useless = answered.unfinished + answered.empty
    asked = len(answered.chats) + useless
    if not asked:
        raise NothingToDistill(
            "distill: the centre model was asked nothing: the SFT set has no training chat whose question leaves "
            f"room for {params.max_new_tokens} new tokens in distill.max_length ({params.max_length}): raise it"
        )
    if useless > params.max_useless * asked:
        raise NothingToDistill(
            f"distill: of {asked} answers of the centre model {answered.unfinished} were not finished within "
            f"{params.max_new_tokens} tokens and {answered.empty} are empty: an edge model would learn little from "
            "it. Raise distill.max_new_tokens, or train the centre longer (finetune.max_steps, finetune.epochs) and "
            f"look at its eval_loss; distill.max_useless ({params.max_useless:g}) is the share that is allowed"
        )


def _rows(chats: Sequence[Sequence[Message]], renderer: ChatRenderer, max_length: int) -> list[Row]:
    rendered = [renderer.render(fit) for chat in chats if (fit := renderer.fit(chat, max_length))]
    return [(one.ids, one.mask) for one in rendered if any(one.mask[1:])]


def _scores(
    student: Model,
    teacher: Model,
    rows: Sequence[Row],
    renderer: ChatRenderer,
    params: Distill,
) -> dict[str, float]:
    """The student's figures and the teacher's loss beside them, on the same held-out chats."""
    if not rows:
        return {}
    found = {f"student_{k}": v for k, v in students.scores(student, teacher, rows, renderer.end_id).items()}
    if params.alpha:
        found["teacher_loss"] = students.scores(teacher, teacher, rows, renderer.end_id)["loss"]
    return found
