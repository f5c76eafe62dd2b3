"""Is what strangers ask read?

    python -m benchmarks.reading [--release store/release] [--show]

Plays the messages of four blind rounds (``strangers.yaml``) in their conversations and compares what the reader makes
of each with what three people who saw the whole conversation say that it asks. The conversations were held with older
releases, so some messages answer what is not said any more. Peer: the wish classifier alone on the same message, which
knows a question of the FAQ only as one class. ``--show`` prints what was missed. What the figures were:
docs/measurements/conversations.md.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest.mock import patch

import yaml
from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.table import Table

from evaluation.candidate import open_release
from kefu.acts import Act, kind, target_of
from kefu.intents.wishes import ASK, ScoredWish
from kefu.paths import RELEASE
from kefu.shop.wordings.labelled import SHOPPING, TO_A_PERSON
from pipelines.params import load_params
from serving.dialogue.reading.fast_reader import FastReader
from serving.dialogue.reading.message import Message, Reading

STRANGERS = Path(__file__).with_name("strangers.yaml")


class Labelled(BaseModel):
    """A message with the labels of all that it does; or_: labels that answer as well."""

    model_config = ConfigDict(extra="forbid")

    say: str
    acts: list[str]
    or_: list[str] = Field([], alias="or")

    def asked(self) -> set[str]:
        return {label for label in self.acts if _asks(label)}

    def right(self) -> set[str]:
        return self.asked() | set(self.or_)


class Conversation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    round: int
    customer: str | None
    turns: list[Labelled]


class Read(BaseModel):
    """What was made of a message: names of what it asks, and the class that the classifier gives all of it."""

    message: Labelled
    asked: set[str]
    guess: str

    @property
    def found(self) -> bool:
        """Whether all that is asked was read, one label standing for those that answer as well."""
        missed = self.message.asked() - self.asked
        return not missed or bool(self.asked & set(self.message.or_))

    @property
    def exact(self) -> bool:
        return self.found and self.asked <= self.message.right()

    @property
    def guessed(self) -> bool:
        """Whether the classifier's class is right; that of a message that asks nothing is none of a wish."""
        classes = {ASK if label.startswith("ask:") else label for label in self.message.right()}
        return self.guess in classes if self.message.asked() else not _asks(self.guess) and self.guess != ASK


def _asks(label: str) -> bool:
    return label.startswith(("flow:", "query:", "ask:")) or label in (*SHOPPING, *TO_A_PERSON)


def asked_by(acts: Sequence[Act]) -> set[str]:
    """The labels of what acts ask."""
    names = {target.replace("faq:", "ask:", 1) for act in acts if (target := target_of(act))}
    return names | {kind(act) for act in acts if kind(act) in TO_A_PERSON}


def read_all(release: Path) -> Iterator[Read]:
    seen: list[tuple[Reading, ScoredWish]] = []
    read = FastReader.read

    def noted(reader: FastReader, message: Message) -> Reading:
        guess = reader.guesser.guess(message, message.text)
        reading = read(reader, message)
        seen.append((reading, guess))
        return reading

    conversations = [Conversation.model_validate(one) for one in yaml.safe_load(STRANGERS.read_text(encoding="utf8"))]
    with patch.object(FastReader, "read", noted), open_release("challenger", release, load_params().serving) as opened:
        for conversation in conversations:
            played = opened.start_conversation(conversation.customer)
            for message in conversation.turns:
                played.say(message.say)
                reading, guess = seen[-1]
                yield Read(message=message, asked=asked_by(reading.acts), guess=guess.label)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=RELEASE)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    rows, console = list(read_all(options.release)), Console(width=140)
    table = Table("messages", "number", "all that is asked was read", "and nothing else", "peer: the right class")
    for name, some in {
        "that ask something": [row for row in rows if row.message.asked()],
        "that ask nothing": [row for row in rows if not row.message.asked()],
    }.items():
        count = Counter(
            found=sum(r.found for r in some), exact=sum(r.exact for r in some), peer=sum(r.guessed for r in some)
        )
        table.add_row(name, str(len(some)), *(f"{count[key] / len(some):.1%}" for key in ("found", "exact", "peer")))
    console.print(table)
    for row in rows if options.show else ():
        if not row.exact:
            console.print(f"{row.message.say} → {sorted(row.asked)}, right: {row.message.acts} or {row.message.or_}")


if __name__ == "__main__":
    main()
