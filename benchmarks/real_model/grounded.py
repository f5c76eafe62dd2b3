"""How many answers of a real model are supported by what it was shown, before and after it was taught?

    python -m benchmarks.real_model.grounded --model FOLDER [--adapter FOLDER] [--release store/release] [--sample 40]

Messages of the pack's measuring side that ask a question of the FAQ, under the prompt that serving writes, with what
the release's retriever finds. The model answers greedily; claims are typed and judged by serving's output guard, as in
the gate's ``grounded`` (``evaluation/suites/answers.py``). Results: docs/measurements/real_model.md.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

from benchmarks.real_model.teach import open_folder
from benchmarks.real_model.writer import BatchWriter
from evaluation.candidate import ReleaseUnderTest, open_release
from evaluation.suites.answers import makes_claim
from kefu.llm.chat import ChatRenderer
from kefu.paths import RELEASE
from kefu.schema import Example, Message
from kefu.shop.pack import Pack
from kefu.shop.wordings.labelled import load_wordings
from kefu.split import labelled_side
from pipelines.params import load_params

MAX_NEW_TOKENS = 64


def draw_questions(pack: Pack, count: int, seed: int) -> list[Example]:
    """Messages that ask one question of the FAQ and follow nothing, each alone; nobody reads their answers."""
    asked = sorted(
        {
            wording.say
            for wording in load_wordings(pack)
            if not wording.after
            and len(wording.acts) == 1
            and wording.acts[0].startswith("ask:")
            and labelled_side(wording.say) == "measure"
        }
    )
    return [question(say) for say in random.Random(seed).sample(asked, min(count, len(asked)))]


def question(say: str) -> Example:
    """A message as an example without an answer."""
    return Example(
        id=say,
        messages=(Message(role="user", content=say), Message(role="assistant", content="")),
        split="eval",
        dialogue_id=say,
        customer=say,
        intent="faq",
    )


def report(release: ReleaseUnderTest, questions: list[Example], answers: list[str], show: int) -> None:
    """Prints the shares, and some answers with the claims that nothing supports."""
    unsupported = [release.unsupported(*pair) for pair in zip(questions, answers, strict=True)]
    for asked, answer, claims in list(zip(questions, answers, unsupported, strict=True))[:show]:
        print(f"{asked.id}    {answer!r}    unsupported: {[claim.kind for claim in claims]}")
    claiming = [not claims for answer, claims in zip(answers, unsupported, strict=True) if makes_claim(answer)]
    count = len(answers)
    print(
        f"{count} answers: grounded {sum(not claims for claims in unsupported) / count:.1%}, claiming "
        f"{len(claiming) / count:.1%}, of these grounded {sum(claiming)} of {len(claiming)}, empty {answers.count('')}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a Hugging Face folder")
    parser.add_argument("--adapter", type=Path, help="of benchmarks.real_model.teach; default: the model untaught")
    parser.add_argument("--release", type=Path, default=RELEASE, help="whose pack and retriever write the prompts")
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=int, default=0, help="answers to print")
    asked = parser.parse_args()
    base = open_folder(asked.model)
    renderer = ChatRenderer.from_folder(base.folder, base.facts.empty_think)
    with open_release("challenger", asked.release, load_params().serving) as release:
        questions = draw_questions(release.pack, asked.sample, asked.seed)
        chats = [release.prompt(one) for one in questions]
        started = time.process_time()
        answers = BatchWriter(base.folder, renderer, asked.adapter, None).write(chats, MAX_NEW_TOKENS)
        cpu_s = time.process_time() - started
        report(release, questions, [answer.strip() for answer in answers], asked.show)
    print(f"{cpu_s / len(chats):.2f} CPU seconds an answer, loading included")


if __name__ == "__main__":
    main()
