"""Teacher answers, student learns: the edge model of the next release.

The student learns by one of three methods (``distill/methods/``): from the teacher's answers and people's (off-policy,
with or without the teacher's logits), from its own answers, which the teacher scores (on-policy), or from a teacher
with another tokenizer (cross-tokenizer).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill import student as students
from distill import teacher as teachers
from distill.answers import (
    NO_QUESTION,
    NothingToDistill,
    TeacherAnswers,
    ask,
    check_answers,
    fitting_questions,
    human_answers,
    questions,
)
from distill.loss import columns
from distill.memory import TODO, distill_memory
from distill.methods.objective import Objective
from distill.methods.off_policy import OffPolicy
from distill.pairs import ModelPair, Row, prompts_of
from distill.params import Distill
from distill.scores import scores
from distill.student import save
from distill.top_k import cache_top_k
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.llm.vocabulary import shared_ids
from kefu.progress import LogFigures, ignore_figures
from kefu.schema import Example
from kefu.split import sample_by_customer
from training import memory
from training.checkpoints import Checkpoints
from training.precision import bound_kernel_caches, supported_precision

logger = logging.getLogger(__name__)
EVALUATED = 64  # held-out chats that the student is measured on before and after


@dataclass(frozen=True)
class DistillationResult:
    """Metrics, and (step, loss) along the way."""

    metrics: dict[str, float]
    losses: list[tuple[int, float]]


@dataclass(frozen=True)
class Lessons:
    """What the student learns from, and counts of it for the metrics."""

    rows: list[Row]
    counts: dict[str, float]


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
        DifferentVocabulary: the method compares logits token by token, and they cannot be compared.
        NothingToDistill: no chat to learn from, or too few usable answers of the teacher.
        NotEnoughMemory: it would not fit.
        NotFinite: a weight, loss or gradient is NaN or infinite. What was in ``out`` stays.
    """
    bound_kernel_caches()
    params = params.model_copy(update={"dtype": supported_precision(params.dtype, "distill")})
    shared = columns(shared_ids(centre, edge)) if params.compares_tokens else slice(0)
    learn, follow = (ChatRenderer.from_folder(base.folder, base.facts.empty_think) for base in (edge, centre))
    _check_memory(centre, edge, params)
    teacher = teachers.load_teacher(centre, adapter, params) if params.needs_teacher else None
    pair = ModelPair(centre, edge, teacher, learn, follow, shared)
    objective = make_objective(pair, params)
    lessons = _lessons(pair, objective, [e for e in examples if e.split == "train"], params, checkpoints)
    if not params.alpha:  # its answers were all that is needed: its memory is the student's now
        pair = pair._replace(teacher=None)
        objective = make_objective(pair, params)
    asked = sample_by_customer([e for e in examples if e.split == "eval"], EVALUATED, params.seed)
    held_out = objective.rows([e.messages for e in asked])
    student = students.load_student(edge, params)
    before, rows = objective.measure(student, held_out), lessons.rows
    if params.top_k:
        rows = cache_top_k(pair, rows, params, checkpoints.below("top_k") if checkpoints else None)
        pair = pair._replace(teacher=None)
        objective = make_objective(pair, params)
    losses = students.train(
        student,
        objective,
        rows,
        params,
        checkpoints.below("student") if checkpoints else None,
        (lambda: scores(student, None, held_out, params, learn.end_id, shared)["student_loss"]) if held_out else None,
        log,
    )
    if params.top_k:
        objective = make_objective(pair._replace(teacher=teachers.load_teacher(centre, adapter, params)), params)
    after = objective.measure(student, held_out)
    save(student, edge, out)
    metrics = {f"{name}_before": value for name, value in before.items() if name != "teacher_loss"} | after
    return DistillationResult(metrics | lessons.counts, losses)


def make_objective(pair: ModelPair, params: Distill) -> Objective:
    """What ``distill.method`` names."""
    # The other two import TRL's trainers, which takes seconds.
    if params.method == "on-policy":
        from distill.methods.on_policy import OnPolicy

        return OnPolicy(pair, params)
    if params.method == "cross-tokenizer":
        from distill.methods.cross_tokenizer import CrossTokenizer

        return CrossTokenizer(pair, params)
    return OffPolicy(pair, params)


def _check_memory(centre: BaseModel, edge: BaseModel, params: Distill) -> None:
    shapes = [memory.of_folder(base.folder, base.facts.lora_targets) for base in (centre, edge)]
    needed = distill_memory(shapes[0], shapes[1], params)
    memory.check("distill", needed, memory.free_bytes(memory.this_device()), TODO)


def _lessons(
    pair: ModelPair, objective: Objective, train: Sequence[Example], params: Distill, checkpoints: Checkpoints | None
) -> Lessons:
    """The student's chats: prompts that it answers itself, or answered ones.

    Raises:
        NothingToDistill: see ``distill``.
    """
    asked = questions(train, params.examples, params.seed)
    if params.method == "on-policy":
        fitting = fitting_questions(asked, pair.learn, params)
        if not fitting:
            raise NothingToDistill(NO_QUESTION.format(params=params))
        rows = prompts_of(fitting, pair.learn, pair.follow)
        return Lessons(rows, {"chats": float(len(rows)), "left_out": float(len(asked) - len(rows))})
    answered = TeacherAnswers([], unfinished=0, empty=0)
    if params.teacher_answers:
        assert pair.teacher is not None
        answered = ask(pair.teacher, pair.follow, asked, params, checkpoints.below("answers") if checkpoints else None)
        check_answers(answered, params)
    chats = [*answered.chats, *human_answers(train, params)]
    rows = objective.rows(chats)
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
    counts = {"answers": len(answered.chats), "chats": len(rows), "unfinished": answered.unfinished}
    counts |= {"empty": answered.empty, "looping": answered.looping, "left_out": len(chats) - len(rows)}
    return Lessons(rows, {name: float(count) for name, count in counts.items()})
