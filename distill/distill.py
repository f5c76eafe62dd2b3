"""Teacher answers, student learns: the edge model of the next release.

The student learns from two kinds of chats: questions of the training split answered by the teacher (what
serving would say), and, when ``human_answers`` is set, as many chats as people answered them; on both it
follows the teacher's logits as well.

Each model reads a chat in its own template (Qwen3 opens with an empty thought, Qwen2.5 does not); the logits are
compared position by position on the learned tokens, over the ids that mean the same to both. With two tokenizers
only sequence-level distillation is possible (``alpha: 0``): the teacher's answers travel as text.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill import student as students
from distill import teacher as teachers
from distill.loss import columns
from distill.memory import TODO, distill_memory
from distill.params import Distill
from distill.student import Row, save
from distill.teacher import Model
from kefu.errors import KefuError
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.llm.vocabulary import shared_ids
from kefu.metrics.text import repetition
from kefu.progress import LogFigures, ignore_figures
from kefu.schema import Example, Message
from kefu.split import sample_by_customer
from training import memory
from training.checkpoints import Checkpoints
from training.precision import supported_precision

logger = logging.getLogger(__name__)
LOOPING = 0.5  # share of an answer's 4-grams that are repeated, from which nothing is learned of it
EVALUATED = 64  # held-out chats that the student is measured on before and after


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


@dataclass(frozen=True)
class DistillationResult:
    """Metrics, and (step, loss) along the way."""

    metrics: dict[str, float]
    losses: list[tuple[int, float]]


def questions(examples: Sequence[Example], count: int, seed: int) -> list[tuple[Message, ...]]:
    """Chats of the training split up to the last customer message, drawn at random, each one once."""
    asked = {example.messages[: _last_user(example) + 1] for example in examples if _last_user(example) >= 0}
    ordered = sorted(asked, key=lambda messages: [message.content for message in messages])
    return random.Random(seed).sample(ordered, min(count, len(ordered)))


def _last_user(example: Example) -> int:
    return max((i for i, message in enumerate(example.messages) if message.role == "user"), default=-1)


def distill(
    centre: BaseModel,
    adapter: Path,
    edge: BaseModel,
    examples: Sequence[Example],
    params: Distill,
    out: Path,
    checkpoints: Checkpoints | None = None,
    log: LogFigures = ignore_figures,
) -> DistillationResult:
    """Trains the student and writes it to ``out``; goes on from the newest checkpoints when there are some.

    Args:
        checkpoints: of a run with the same inputs, of the teacher's answers and of the student; None: none.
        log: gets the figures of each step while it runs.

    Raises:
        DifferentVocabulary: ``alpha`` is above 0, and logits cannot be compared.
        NothingToDistill: no chat to learn from, or too few usable answers of the teacher.
        NotEnoughMemory: it would not fit.
        NotFinite: a weight, loss or gradient is NaN or infinite. What was in ``out`` stays.
    """
    params = params.model_copy(update={"dtype": supported_precision(params.dtype, "distill")})
    shared = columns(shared_ids(centre, edge)) if params.alpha else slice(0)
    ask, learn = (ChatRenderer.from_folder(base.folder, base.facts.empty_think) for base in (centre, edge))
    follow = ask if params.alpha else None
    _check_memory(centre, edge, params)
    teacher = teachers.load_teacher(centre, adapter, params)
    train = [e for e in examples if e.split == "train"]
    asked_before = checkpoints.below("answers") if checkpoints else None
    answered = _answered(teacher, ask, questions(train, params.examples, params.seed), params, asked_before)
    _check_answers(answered, params)
    chats = [*answered.chats, *_human_answers(train, params)]
    rows = rows_of(chats, learn, follow, params.max_length)
    if not rows:
        raise NothingToDistill(
            f"distill: there is nothing to learn from: of {len(answered.chats)} answers of the centre model and, where "
            f"distill.human_answers is true, of people, none fits distill.max_length ({params.max_length} tokens): "
            "raise it, set distill.human_answers to true, or train the centre longer"
        )
    logger.info(
        "%d answers of the teacher (besides %d unfinished, %d empty, %d loops), %d chats to learn from",
        *(len(answered.chats), answered.unfinished, answered.empty, answered.looping, len(rows)),
    )
    compared: Model | None = teacher if follow is not None else None
    del teacher  # where its answers are all that is needed, its memory is the student's now
    asked = sample_by_customer([e for e in examples if e.split == "eval"], EVALUATED, params.seed)
    held_out = rows_of([e.messages for e in asked], learn, follow, params.max_length)
    student = students.load_student(edge, params)
    before = students.scores(student, compared, held_out, params, learn.end_id, shared)
    losses = students.train(
        student,
        compared,
        rows,
        params,
        learn.end_id,
        shared,
        checkpoints.below("student") if checkpoints else None,
        (lambda: students.scores(student, None, held_out, params, learn.end_id, shared)["student_loss"])
        if held_out
        else None,
        log,
    )
    after = students.scores(student, compared, held_out, params, learn.end_id, shared)
    save(student, edge, out)
    metrics = {f"{name}_before": value for name, value in before.items() if name != "teacher_loss"} | after
    metrics |= {"answers": float(len(answered.chats)), "chats": float(len(rows))}
    metrics |= {"unfinished": float(answered.unfinished), "empty": float(answered.empty)}
    metrics |= {"looping": float(answered.looping), "left_out": float(len(chats) - len(rows))}
    return DistillationResult(metrics, losses)


def _check_memory(centre: BaseModel, edge: BaseModel, params: Distill) -> None:
    shapes = [memory.of_folder(base.folder, base.facts.lora_targets) for base in (centre, edge)]
    needed = distill_memory(shapes[0], shapes[1], params)
    memory.check("distill", needed, memory.free_bytes(memory.this_device()), TODO)


def _human_answers(train: Sequence[Example], params: Distill) -> list[tuple[Message, ...]]:
    if not params.human_answers:
        return []
    drawn = random.Random(params.seed).sample(train, min(params.examples, len(train)))
    return [example.messages for example in drawn]


def rows_of(
    chats: Sequence[Sequence[Message]], learn: ChatRenderer, follow: ChatRenderer | None, max_length: int
) -> list[Row]:
    """Each chat as the student reads it, and as the teacher does, whose template may be another one.

    A chat is left out when it does not fit, or when the two do not learn the very same tokens, position by position.

    Args:
        learn: the student's renderer.
        follow: the teacher's; None when its logits are not asked.
        max_length: tokens of the student's chat.
    """
    made = []
    for chat in chats:
        fit = learn.fit(chat, max_length)
        if not fit:
            continue
        ours, theirs = learn.render(fit), follow.render(fit) if follow else None
        if ours.learned and (theirs is None or theirs.learned == ours.learned):
            made.append(Row(ours, theirs))
    return made


def _answered(
    teacher: Model,
    renderer: ChatRenderer,
    asked: Sequence[tuple[Message, ...]],
    params: Distill,
    checkpoints: Checkpoints | None,
) -> TeacherAnswers:
    """Asks the teacher; a chat that leaves no room for an answer is not asked."""
    room = params.max_length - params.max_new_tokens
    fitting = [fit for messages in asked if (fit := renderer.fit(messages, room - len(renderer.prompt([]))))]
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


def _check_answers(answered: TeacherAnswers, params: Distill) -> None:
    """Raises NothingToDistill when the teacher was asked nothing, or more answers than allowed are unusable."""
    asked = len(answered.chats) + answered.useless
    if not asked:
        raise NothingToDistill(
            "distill: the centre model was asked nothing: the SFT set has no training chat whose question leaves "
            f"room for {params.max_new_tokens} new tokens in distill.max_length ({params.max_length}): raise it"
        )
    if answered.useless > params.max_useless * asked:
        raise NothingToDistill(
            f"distill: of {asked} answers of the centre model {answered.unfinished} were not finished within "
            f"{params.max_new_tokens} tokens, {answered.empty} are empty and {answered.looping} repeat themselves: an "
            "edge model would learn little from them. Raise distill.max_new_tokens, or train the centre longer "
            "(finetune.max_steps, finetune.epochs) and "
            f"look at its eval_loss; distill.max_useless ({params.max_useless:g}) is the share that is allowed"
        )
