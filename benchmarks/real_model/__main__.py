"""How many messages does a real model read rightly that the fast reader does not, before and after it was taught?

    python -m benchmarks.real_model --model FOLDER [--adapter FOLDER] [--release store/release] [--sample 600]

A seeded sample of the pack's wordings of the measuring side that open a conversation. A message is right when all its
acts are read and nothing else (``benchmarks.wordings``). The model writes greedily, inside the pack's grammar, and what
it writes is held by the product's ``ModelReader``. The cascade takes the model where the fast reader is less sure than
``serving.reader_min_probability``; the bound is chosen on half of the sample and reported on the other. Without an
adapter, which ``benchmarks.real_model.teach`` makes, the model is asked with the names and examples of
``benchmarks/acts/prompts.yaml``. Results: docs/measurements/real_model.md.
"""

from __future__ import annotations

import argparse
import logging
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.acts.untaught import with_names
from benchmarks.real_model.fast_reader import open_assistant, read_openings
from benchmarks.real_model.teach import open_folder
from benchmarks.real_model.writer import BatchWriter
from benchmarks.wordings.__main__ import labels_of, without_courtesy
from kefu.llm.acts_format import acts_grammar
from kefu.llm.chat import ChatRenderer
from kefu.paths import RELEASE
from kefu.schema import Message as ChatMessage
from kefu.shop.part import LANGUAGES
from kefu.shop.wordings.labelled import TO_A_QUESTION, UNANSWERED, wordings_by_file
from kefu.split import fraction, labelled_side
from pipelines.params import load_params
from serving.dialogue.assistant import Assistant
from serving.dialogue.reading.message import Message, Reading
from serving.dialogue.reading.model_reader import CascadeReader, ModelReader, acts_prompt
from serving.params import Serving

BOUNDS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01)  # the last one: the model reads everything
MAX_NEW_TOKENS = 24  # above every true text of one or two acts


class Case(NamedTuple):
    """A wording, its file, its true labels, and what the fast reader made of it."""

    say: str
    file: str
    labels: frozenset[str]
    message: Message
    fast: Reading


class Recorded:
    """An engine that has written everything before."""

    name = "recorded"

    def __init__(self, texts: Mapping[tuple[ChatMessage, ...], str]) -> None:
        self._texts = texts

    def stream(self, messages: Sequence[ChatMessage], max_new_tokens: int) -> Iterator[str]:
        yield self._texts[tuple(messages)]

    def loss(self, messages: Sequence[ChatMessage]) -> tuple[float, int]:
        raise NotImplementedError


class ReadBefore:
    """A reader that gives what was read before."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def read(self, message: Message) -> Reading:
        return self._reading


def draw_cases(assistant: Assistant, count: int, seed: int) -> list[Case]:
    """Opening messages of the measuring side, each the first of a signed-in customer."""
    pack = assistant.pack
    known = [
        (file, wording)
        for file, wordings in wordings_by_file(pack).items()
        for wording in wordings
        if labelled_side(wording.say) == "measure" and not wording.after and not set(TO_A_QUESTION) & set(wording.acts)
    ]
    drawn = random.Random(seed).sample(known, min(count, len(known)))
    read = read_openings(assistant, [wording.say for _, wording in drawn])
    return [
        Case(wording.say, file, without_courtesy(wording.acts), message, reading)
        for (file, wording), (message, reading) in zip(drawn, read, strict=True)
    ]


def labels_by(cases: Sequence[Case], reader: ModelReader, params: Serving) -> dict[str, list[frozenset[str]]]:
    """What each way reads: "fast", "model", and the cascade of each bound."""
    read: dict[str, list[frozenset[str]]] = {"fast": [labels_of(case.fast.acts) for case in cases], "model": []}
    for case in cases:
        found = reader.read(case.message, case.fast)
        read["model"].append(labels_of(found.acts) if found else frozenset({UNANSWERED}))
    logging.disable()  # what could not be parsed was told once
    for bound in BOUNDS:
        bounded = params.model_copy(update={"reader_min_probability": bound})
        read[f"{bound:g}"] = [
            labels_of(CascadeReader(ReadBefore(case.fast), reader, bounded).read(case.message).acts) for case in cases
        ]
    logging.disable(logging.NOTSET)
    return read


def right(cases: Sequence[Case], read: Sequence[frozenset[str]], numbers: Sequence[int]) -> float:
    """Share of messages of which exactly the acts were read."""
    return sum(read[n] == cases[n].labels for n in numbers) / len(numbers) if numbers else float("nan")


def unwanted(cases: Sequence[Case], read: Sequence[frozenset[str]], numbers: Sequence[int]) -> float:
    """Share of messages on which a flow starts that nobody wanted."""
    flows = ({label for label in read[n] if label.startswith("flow:")} - cases[n].labels for n in numbers)
    return sum(map(bool, flows)) / len(numbers) if numbers else float("nan")


def report(cases: Sequence[Case], read: Mapping[str, Sequence[frozenset[str]]], seed: int) -> None:
    """Prints the curve over bounds on both halves of the sample, and shares by file with the bound of the first."""
    console = Console(width=120)
    chosen = [n for n, case in enumerate(cases) if fraction(case.say, seed) < 0.5]
    reported = [n for n, case in enumerate(cases) if fraction(case.say, seed) >= 0.5]
    table = Table("reads", "right, to choose", "right, reported", "unwanted flow, to choose", "unwanted flow, reported")
    for name, some in read.items():
        figures = [f"{share(cases, some, part):.1%}" for share in (right, unwanted) for part in (chosen, reported)]
        table.add_row(name, *figures)
    console.print(table)
    best = max((f"{bound:g}" for bound in BOUNDS), key=lambda name: right(cases, read[name], chosen))
    print(f"best bound on {len(chosen)} messages: {best}; reported on {len(reported)} others")
    files = defaultdict[str, list[int]](list)
    for n in reported:
        files[cases[n].file].append(n)
    by_file = Table("file", "messages", "fast", "model", f"cascade at {best}")
    for file, numbers in [*sorted(files.items()), ("all", reported)]:
        shares = [f"{right(cases, read[name], numbers):.1%}" for name in ("fast", "model", best)]
        by_file.add_row(file, str(len(numbers)), *shares)
    console.print(by_file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a Hugging Face folder")
    parser.add_argument("--adapter", type=Path, help="of benchmarks.real_model.teach; default: the model untaught")
    parser.add_argument("--release", type=Path, default=RELEASE, help="whose fast reader and knowledge are used")
    parser.add_argument("--sample", type=int, default=600)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=int, default=0, help="texts of the model to print")
    asked = parser.parse_args()
    params = load_params().serving
    with open_assistant(asked.release) as assistant:
        cases = draw_cases(assistant, asked.sample, asked.seed)
        pack = assistant.pack if asked.adapter else with_names(assistant.pack)
        chats = [tuple(acts_prompt(pack, case.message)) for case in cases]
        base = open_folder(asked.model)
        renderer = ChatRenderer.from_folder(base.folder, base.facts.empty_think)
        started = time.process_time()
        writer = BatchWriter(base.folder, renderer, asked.adapter, acts_grammar(pack))
        texts = writer.write(chats, MAX_NEW_TOKENS)
        cpu_s = time.process_time() - started
        engine = Recorded(dict(zip(chats, texts, strict=True)))
        engines = {"edge": engine, "centre": engine}
        reader = ModelReader(pack, params, engines, assistant._knowledge, assistant._linker, LANGUAGES)
        read = labels_by(cases, reader, params)
    for case, text in list(zip(cases, texts, strict=True))[: asked.show]:
        print(f"{case.say}    wants {', '.join(case.labels)}    {text!r}")
    tokens = sum(len(renderer.prompt(chat)) for chat in chats) / len(chats)
    print(f"{len(cases)} messages, {tokens:.0f} tokens a prompt, {cpu_s / len(cases):.2f} CPU seconds a message")
    report(cases, read, asked.seed)


if __name__ == "__main__":
    main()
