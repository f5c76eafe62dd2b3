"""How far a real model's weights for OpenVINO are from its safetensors, on the pack's golden questions.

    python -m benchmarks.serving.parity --model FOLDER --release store/release [--weights f16 int8 int4] [--prompts 20]

The questions are those of the golden conversations that the FAQ answers, under the prompt that serving writes, with
what the release's retriever finds. The safetensors answer them greedily; KL and agreement are taken on these answers,
token by token, as the export takes them on people's (``distill/openvino/parity.py``). Then each engine writes its own.
Results: docs/measurements/engines.md.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import get_args

import torch

from benchmarks.real_model.grounded import example_of
from benchmarks.serving.servers import load, machine
from benchmarks.serving.whole_server import link_files
from distill.openvino.convert import convert
from distill.openvino.parity import Difference, difference, equal_share, written
from distill.openvino.weights import WeightFormat
from evaluation.candidate import open_release
from evaluation.golden import load_goldens
from kefu.paths import RELEASE
from kefu.schema import Example, Message
from kefu.shop.pack import Pack
from pipelines.params import load_params
from serving.engines.chat_engine import EngineSettings
from serving.engines.openvino.engine import WEIGHTS, OpenVINOEngine
from serving.engines.transformers import TransformersEngine

Prompt = tuple[Message, ...]
TIMEOUT_S = 3600.0  # of an answer, also on a busy machine


def golden_questions(pack: Pack, count: int) -> list[Example]:
    """The first ``count`` messages of the goldens that the FAQ answers, each alone; nobody reads their answers."""
    turns = (turn for golden in load_goldens(pack.folder / "golden") for turn in golden.turns)
    asked = dict.fromkeys(turn.say for turn in turns if turn.expect.route == "faq")
    return [example_of(say) for say in list(asked)[:count]]


def compare(
    folder: Path, formats: Sequence[WeightFormat], prompts: Sequence[Prompt], work: Path
) -> Iterator[tuple[WeightFormat, Difference, float]]:
    """Each format with its difference on the model's own answers, and the share of answers that it writes alike."""
    settings = EngineSettings(threads=torch.get_num_threads(), timeout_s=TIMEOUT_S)
    model = TransformersEngine("model", folder, settings=settings)
    answers = written(model, prompts)
    chats = [
        (*prompt, Message(role="assistant", content=answer))
        for prompt, answer in zip(prompts, answers, strict=True)
        if answer
    ]
    for weights in formats:
        link_files(folder, work / weights)
        convert(work / weights, work / weights / WEIGHTS, weights)
        with closing(OpenVINOEngine(weights, work / weights, settings=settings)) as engine:
            yield weights, difference(model, engine, chats), equal_share(answers, written(engine, prompts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a Hugging Face folder")
    parser.add_argument("--release", type=Path, default=RELEASE, help="whose pack and retriever write the prompts")
    parser.add_argument("--weights", nargs="+", choices=get_args(WeightFormat), default=list(get_args(WeightFormat)))
    parser.add_argument("--prompts", type=int, default=20)
    args = parser.parse_args()
    print(machine())
    with open_release("challenger", args.release, load_params().serving) as release:
        prompts = [tuple(release.prompt(question)) for question in golden_questions(release.pack, args.prompts)]
    with tempfile.TemporaryDirectory(prefix="kefu-bench-") as work:
        for name, far, equal in compare(args.model, args.weights, prompts, Path(work)):
            print(
                f"{name}: KL {far.kl:.4g} nats a token, the same likeliest token {far.agreement:.1%}, "
                f"{equal * len(prompts):.0f} of {len(prompts)} answers equal, load {load()}",
                flush=True,
            )


if __name__ == "__main__":
    main()
