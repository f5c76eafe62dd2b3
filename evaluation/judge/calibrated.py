"""A judge that is only believed where it agrees with reviewers.

Its verdicts on pairs that people have judged (a reviewer's answer beside the one that it replaced) are compared with
theirs: agreement, and Cohen's kappa, which takes off what chance would agree. Below ``min_kappa``, or with fewer than
``min_verdicts`` pairs, it is not asked about challenger and champion at all.

Reviewers' pairs have a winner each and are drawn in random order, so a judge that always names one place has a kappa
of 0. Not covered: reviewers correct bad answers, so their pairs may be easier than two models' answers.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.bootstrap import Sample, paired_bootstrap
from evaluation.compare import Results
from evaluation.items import Items
from evaluation.judge.pairwise import PairwiseJudge, Preference
from evaluation.params import Evaluate, Judge
from evaluation.result import Result
from kefu.io import read_jsonl
from kefu.llm.base_models import open_base
from kefu.llm.engine import Engine
from kefu.metrics.classification import cohen_kappa
from kefu.progress import progress
from kefu.schema import Example, Prediction, PreferenceExample
from kefu.split import fraction, sample_by_customer

logger = logging.getLogger(__name__)
SUITE = "judge"
SCORES: dict[Preference, float] = {"first": 1.0, "tie": 0.0, "second": -1.0}


@dataclass(frozen=True)
class Calibration:
    """How far a judge agrees with reviewers. agreement: share of equal verdicts, a tie is none of theirs."""

    verdicts: int
    agreement: float
    kappa: float

    def is_believed(self, params: Judge) -> bool:
        return self.verdicts >= params.min_verdicts and self.kappa >= params.min_kappa


def judge_answers(
    base: Path, preferences: Path, items: Items, own: Results, champion: Results, params: Evaluate
) -> Result:
    """Calibrates the judge on reviewers' pairs and asks it about both releases' answers, if it is believed.

    Both releases' models should be out of memory: the base model is loaded.
    """
    judge = PairwiseJudge(load_engine(base))
    found = calibrate(judge, list(read_jsonl(preferences, PreferenceExample)), params.judge, params.seed)
    use = "used" if found.is_believed(params.judge) else "not used (evaluate.judge)"
    about = f"agreement with reviewers {found.agreement:.3f}, kappa {found.kappa:.3f} on {found.verdicts} pairs"
    logger.info("judge: %s: %s", about, use)
    said = {suite: (_by_id(own[suite]), _by_id(champion[suite])) for suite in ("answers", "edge")}
    return compare_answers(judge, found, items.answers, said, params.judge, params.seed)


def _by_id(result: Result) -> dict[str, str]:
    return {prediction.id: prediction.predicted for prediction in result.predictions}


def load_engine(base: Path) -> Engine:
    """The centre's base model: trained by nobody here, so it is partial to neither release.

    Raises:
        MissingBase, ChangedBase: see ``kefu.llm.base_models``.
    """
    from serving.engines.transformers import TransformersEngine  # torch: not needed where no judge is

    found = open_base(base, "centre")
    return TransformersEngine("judge", found.folder, found.ref.name)


def calibrate(judge: PairwiseJudge, pairs: Sequence[PreferenceExample], params: Judge, seed: int) -> Calibration:
    """Asks the judge about at most ``params.verdicts`` pairs that reviewers have judged."""
    drawn = sorted(pairs, key=lambda pair: fraction(pair.id, seed))[: params.verdicts]
    return agreement(*verdicts(judge, drawn, seed))


def verdicts(
    judge: PairwiseJudge, pairs: Sequence[PreferenceExample], seed: int
) -> tuple[list[Preference], list[Preference]]:
    """The reviewers' and the judge's; where the chosen answer stands is drawn at random."""
    theirs: list[Preference] = []
    own: list[Preference] = []
    with progress("judging what reviewers judged", len(pairs)) as tick:
        for pair in pairs:
            answers = [pair.chosen[-1].content, pair.rejected[-1].content]
            swapped = random.Random(f"{seed}:{pair.id}").random() < 0.5
            first, second = reversed(answers) if swapped else answers
            theirs.append("second" if swapped else "first")
            own.append(judge.prefer(pair.prompt, first, second))
            tick()
    return theirs, own


def agreement(theirs: Sequence[Preference], own: Sequence[Preference]) -> Calibration:
    """How far two judges of the same pairs agree."""
    if not theirs:
        return Calibration(0, 0.0, 0.0)
    equal = sum(a == b for a, b in zip(theirs, own, strict=True)) / len(theirs)
    return Calibration(len(theirs), equal, cohen_kappa(theirs, own))


def compare_answers(
    judge: PairwiseJudge,
    calibration: Calibration,
    asked: Sequence[Example],
    answers: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]],
    params: Judge,
    seed: int,
) -> Result:
    """Challenger's answers against the champion's, both models; only the calibration where the judge is not believed.

    Args:
        answers: suite → (challenger's, champion's) answers by example id.
    """
    figures = {
        "judge_agreement": calibration.agreement,
        "judge_kappa": calibration.kappa,
        "judge_verdicts": float(calibration.verdicts),
    }
    if not calibration.is_believed(params):
        return Result({}, [], figures=figures)
    samples: dict[str, Sample] = {}
    predictions: list[Prediction] = []
    chosen = sample_by_customer(asked, params.pairs, seed)
    for suite, (own, other) in answers.items():
        verdicts = []
        with progress(f"judging, {suite}", len(chosen)) as tick:
            for example in chosen:
                verdicts.append(judge.prefer(example.messages[:-1], own[example.id], other[example.id]))
                predictions.append(_prediction(suite, example, own[example.id], other[example.id], verdicts[-1]))
                tick()
        name = "net_wins" if suite == "answers" else f"net_wins_{suite}"
        won = Sample.of([SCORES[verdict] for verdict in verdicts], customers=[e.customer for e in chosen])
        nothing = Sample(won.values * 0, won.weights, won.groups)
        samples[name] = won
        figures[f"{name}_low"] = paired_bootstrap(won, nothing, seed).low
    return Result(samples, predictions, figures=figures)


def _prediction(suite: str, example: Example, own: str, other: str, verdict: Preference) -> Prediction:
    return Prediction(
        suite=SUITE,
        id=f"{suite}:{example.id}",
        question=example.messages[-2].content,
        expected=other,
        predicted=own,
        score=SCORES[verdict],
        model="challenger",
    )
