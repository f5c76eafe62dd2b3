"""What evaluation's answers cost one after the other, and as many at once as share the engine's step.

    python -m benchmarks.serving.evaluating --model FOLDER [--release store/release] [--weights int8] [--prompts 32]

The prompts are those that ``benchmarks.serving.parity`` asks. The transformers engine, which takes one chat at a time,
stands beside it. Each way begins with the answers to other prompts, so that no cache has the rules of only one.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, get_args

from benchmarks.serving.parity import golden_questions
from benchmarks.serving.servers import load, machine
from benchmarks.serving.traffic import cpu_seconds
from benchmarks.serving.whole_server import link_files
from distill.openvino.convert import convert
from distill.openvino.weights import WeightFormat
from evaluation.candidate import open_release
from kefu.llm.engine import BatchEngine
from kefu.llm.many_answers import many_answers
from kefu.paths import RELEASE
from kefu.schema import Message
from pipelines.params import load_params
from serving.engines.chat_engine import EngineSettings
from serving.engines.openvino.engine import WEIGHTS, OpenVINOEngine
from serving.engines.transformers import TransformersEngine

Prompts = Sequence[Sequence[Message]]
Way = Callable[[BatchEngine, Prompts, int], list[str]]
WARM_UP = 4  # prompts
SETTINGS = EngineSettings(timeout_s=3600.0)


class Spent(NamedTuple):
    """Of some answers. cpu_s: all processes."""

    answers: list[str]
    seconds: float
    cpu_s: float


def one_by_one(engine: BatchEngine, prompts: Prompts, limit: int) -> list[str]:
    """Answers, each asked for when the one before is finished."""
    return ["".join(engine.stream(prompt, limit)) for prompt in prompts]


def at_once(engine: BatchEngine, prompts: Prompts, limit: int) -> list[str]:
    """Answers as evaluation asks for them."""
    return list(many_answers(engine, prompts, limit))


def spent(engine: BatchEngine, prompts: Prompts, way: Way, limit: int) -> Spent:
    """What a way takes for all prompts but the first ones, which warm up."""
    way(engine, prompts[:WARM_UP], limit)
    cpu_s, began = cpu_seconds().total(), time.monotonic()
    answers = way(engine, prompts[WARM_UP:], limit)
    return Spent(answers, time.monotonic() - began, cpu_seconds().total() - cpu_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a Hugging Face folder")
    parser.add_argument("--release", type=Path, default=RELEASE, help="whose pack and retriever write the prompts")
    parser.add_argument("--weights", choices=get_args(WeightFormat), default="int8")
    parser.add_argument("--prompts", type=int, default=32)
    parser.add_argument("--max-new-tokens", type=int, default=48)
    asked = parser.parse_args()
    print(machine())
    with open_release("challenger", asked.release, load_params().serving) as release:
        prompts = [release.prompt(question) for question in golden_questions(release.pack, WARM_UP + asked.prompts)]
    with tempfile.TemporaryDirectory(prefix="kefu-bench-") as work:
        folder = Path(work) / "model"
        link_files(asked.model, folder)
        convert(folder, folder / WEIGHTS, asked.weights)
        limit = asked.max_new_tokens
        measured = {"transformers": spent(TransformersEngine("m", folder, "", SETTINGS), prompts, at_once, limit)}
        for name, way in (("one by one", one_by_one), ("at once", at_once)):
            with closing(OpenVINOEngine("m", folder, "", SETTINGS)) as engine:
                measured[f"OpenVINO {asked.weights}, {name}"] = spent(engine, prompts, way, limit)
    before = measured[f"OpenVINO {asked.weights}, one by one"]
    for name, one in measured.items():
        equal = sum(a == b for a, b in zip(one.answers, before.answers, strict=True))
        print(
            f"{name}: {len(one.answers)} answers in {one.seconds:.1f} s ({before.seconds / one.seconds:.2f} × as fast "
            f"as one by one), {one.cpu_s:.1f} CPU-s, {equal} of them equal to those of one by one"
        )
    print(f"load {load()}")


if __name__ == "__main__":
    main()
