"""How well is read what customers write? The labelled wordings of the pack, the side that nothing learns from.

    python -m benchmarks.wordings [--release store/release] [--side measure] [--show 20]
    python -m benchmarks.wordings --file benchmarks/wordings/held_out/plain_chinese.yaml

Each wording is the first message of a signed-in customer; those that answer a question are left out. It is read by the
rules and the router alone, as of a release without a wish classifier, and with it. Right is a message of which all acts
are read and nothing else; greetings and courtesy beside a wish do not count. Results:
docs/measurements/conversations.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.table import Table

from kefu.acts import (
    Act,
    Ask,
    Compare,
    Complaint,
    Danger,
    OutOfScope,
    Person,
    Query,
    Quote,
    Recommend,
    SmallTalk,
    Start,
)
from kefu.intents.wishes import WISHES, WishClassifier
from kefu.paths import RELEASE
from kefu.shop.wordings.labelled import OUTSIDE, UNANSWERED, Wording, load_wordings, read_wordings
from kefu.split import labelled_side
from pipelines.params import load_params
from serving.dialogue.assistant import Assistant
from serving.dialogue.reading.fast_reader import FastReader
from serving.sessions.session import Session
from serving.sessions.store import Held, Sessions
from serving.sessions.valkey import embedded_store

NAMED = {
    Start: ("flow", "flow"), Query: ("query", "name"), Ask: ("ask", "entry"),
    SmallTalk: ("talk", "kind"), Danger: ("danger", "kind"),
}  # fmt: skip
BARE = {Quote: "sum", Recommend: "recommend", Compare: "compare", Person: "person", Complaint: "complaint"}
HEAD = ("acts", "messages", "rules and router", "with classifier")


def labels_of(acts: Sequence[Act]) -> frozenset[str]:
    """The labels of what was read; "unanswered" for what was not understood."""
    labels = set[str]()
    for act in acts:
        if named := NAMED.get(type(act)):
            name = str(getattr(act, named[1]))
            labels.add(f"{named[0]}:{name.split(':')[1] if isinstance(act, Ask) and ':' in name else name}")
        elif isinstance(act, OutOfScope):
            labels.add(OUTSIDE)
        else:
            labels.add(BARE.get(type(act), UNANSWERED))
    return without_courtesy(labels)


def without_courtesy(labels: set[str] | tuple[str, ...]) -> frozenset[str]:
    """Labels without courtesy, where there is something else."""
    wishes = {label for label in labels if not label.startswith("talk:")}
    return frozenset(wishes or labels)


def read_all(assistant: Assistant, customer: str, wordings: Sequence[Wording]) -> Iterator[frozenset[str]]:
    """The labels that are read in each wording."""
    for wording in wordings:
        session = Session(id=uuid.uuid4().hex, customer=customer)
        turn = assistant._understand(Held(session, None, "", ""), wording.say, None, 0.0)
        yield labels_of(turn.reading.acts)


def main() -> None:
    """Prints shares by kind of act, and what was misread."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=RELEASE)
    parser.add_argument("--side", default="measure", choices=("learn", "measure"))
    parser.add_argument("--file", type=Path, help="labelled messages instead of the pack's: all of them")
    parser.add_argument("--show", type=int, default=0, help="misread messages to print")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, closing(embedded_store()) as store:
        params = load_params().serving
        sessions = Sessions(store.url, params.session_ttl_s)
        assistant = Assistant.open(asked.release, Path(folder), params, sessions=sessions, engines={})
        with closing(assistant):
            pack, reader = assistant.pack, assistant._reader
            assert isinstance(reader, FastReader)
            if asked.file:
                wordings = list(read_wordings(asked.file, pack))
            else:
                wordings = [w for w in load_wordings(pack) if labelled_side(w.say) == asked.side and not w.after]
            read, took = dict[str, list[frozenset[str]]](), dict[str, float]()
            for name in ("rules", "classifier"):
                folder_of = asked.release / "router" / WISHES
                reader.guesser.classifier = WishClassifier.load(folder_of) if name == "classifier" else None
                started = time.process_time()
                read[name] = list(read_all(assistant, pack.shop.demo_customers[0], wordings))
                took[name] = 1000 * (time.process_time() - started) / len(wordings)
    _print(wordings, read, took, asked.show)


def _print(
    wordings: Sequence[Wording], read: dict[str, list[frozenset[str]]], took: dict[str, float], show: int
) -> None:
    console, groups = Console(width=140), defaultdict[str, list[int]](list)
    for number, wording in enumerate(wordings):
        kinds = {act if act.startswith("flow:") else act.partition(":")[0] for act in wording.acts}
        groups["several" if len(without_courtesy(wording.acts)) > 1 else min(kinds)].append(number)
    true = [without_courtesy(wording.acts) for wording in wordings]
    right = {name: [a == b for a, b in zip(some, true, strict=True)] for name, some in read.items()}
    table = Table(*HEAD)
    for group, numbers in [*sorted(groups.items()), ("all", list(range(len(wordings))))]:
        shares = [f"{sum(right[name][n] for n in numbers) / len(numbers):.1%}" for name in ("rules", "classifier")]
        table.add_row(group, str(len(numbers)), *shares)
    console.print(table)
    for name, some in read.items():
        wrong = [(w, s) for w, s, t in zip(true, some, right[name], strict=True) if not t]
        flows = sum(any(label.startswith("flow:") and label not in w for label in s) for w, s in wrong)
        print(f"{name}: {flows} messages began a flow that nobody wanted; {took[name]:.2f} CPU-ms a message")
    misread = [(w, s) for w, s, ok in zip(wordings, read["classifier"], right["classifier"], strict=True) if not ok]
    print(Counter((min(w.acts), min(s, default="nothing")) for w, s in misread).most_common(12))
    for wording, labels in misread[:show]:
        print(f"{wording.say}    wants {', '.join(wording.acts)}    read {', '.join(sorted(labels))}")


if __name__ == "__main__":
    main()
