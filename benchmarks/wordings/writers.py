"""Is a writer read whom nothing was learned from? A file of the pack's wordings, by classifiers that never saw it.

    python -m benchmarks.wordings.writers ordinary_english [--without ordinary_chinese …]

Each file of ``wordings/`` is by writers of its own (``--without``: others that are left out as well). The wish
classifier and the index are trained from the pack without these files, then measured on the first one: wishes that
are found among all, with and without what the assistant said before them, and entries of the knowledge among messages
that ask for nothing else and may open a chat. Results:
docs/measurements/conversations.md.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.sets.retrieval import retrieval_examples
from kefu.intents.wishes import WishClassifier
from kefu.knowledge.entries import same_answers
from kefu.knowledge.search import Search
from kefu.params import pack_folder
from kefu.shop.pack import Pack, load_pack
from kefu.shop.slots import language
from kefu.shop.wordings.labelled import Wording, wordings_by_file
from pipelines.params import load_params
from training.intents.wishes import LabelledText, class_of, measure_wishes, train_wishes
from training.retriever import build_index


def main() -> None:
    """Prints how many messages teach, and the shares that are right."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="the writer's file, without its ending")
    parser.add_argument("--without", nargs="*", default=(), help="other files that teach nothing")
    parser.add_argument("--pack", type=Path, default=pack_folder())
    asked = parser.parse_args()
    files = wordings_by_file(load_pack(asked.pack))
    if unknown := {asked.file, *asked.without} - set(files):
        parser.error(f"{asked.pack / 'wordings'} has no {', '.join(sorted(unknown))}: it has {', '.join(files)}")
    with tempfile.TemporaryDirectory() as folder:
        rest = Path(folder, "pack")
        shutil.copytree(asked.pack, rest)
        for name in {asked.file, *asked.without}:
            (rest / "wordings" / f"{name}.yaml").unlink()
        taught, messages = load_pack(rest), files[asked.file]
        print(f"{sum(len(some) for some in wordings_by_file(taught).values()):,} other messages, four fifths teach")
        print(f"wishes: {_wishes(taught, messages, Path(folder, 'wishes'))}")
        if opening := [m for m in messages if len(m.acts) == 1 and m.acts[0].startswith("ask:") and not m.after]:
            print(f"entries: {_entries(taught, opening)}")
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_utime:.0f} CPU-s")


def _wishes(pack: Pack, messages: tuple[Wording, ...], folder: Path) -> str:
    """What the wish classifier finds of messages that ask for one thing at most."""
    train_wishes(pack, load_params().router, folder)
    redactor = pack.redactor()
    texts = [
        LabelledText(redactor.redact(message.say, {}), label, redactor.redact(message.after, {}))
        for message in messages
        if (label := class_of(message.acts))
    ]
    classifier = WishClassifier.load(folder)
    figures = measure_wishes(classifier, texts)
    told = f"{figures['wish_accuracy']:.1%} of {len(texts):,} right, calibration error {figures['wish_ece']:.3f}"
    if not any(text.previous for text in texts):
        return told
    alone = measure_wishes(classifier, [text._replace(previous="") for text in texts])
    return f"{told}; {alone['wish_accuracy']:.1%} without what was said before"


def _entries(pack: Pack, messages: Sequence[Wording]) -> str:
    """Whether the first or one of the first three entries answers a message that only asks for one."""
    params = load_params()
    search = Search(build_index(pack, retrieval_examples(pack, (), params.build), params.retriever))
    same, places = same_answers(pack), list[int]()
    for message in messages:
        lang = language(message.say)
        right = f"{message.acts[0].replace('ask:', 'faq:', 1)}:{lang}"
        found = [hit.entry.id for hit in search.search(message.say, lang, top=3)]
        places.append(next((n for n, name in enumerate(found) if name in same.get(right, (right,))), 3))
    place = np.array(places)
    return f"first {np.mean(place == 0):.1%}, of the first three {np.mean(place < 3):.1%}, {len(place):,} messages"


if __name__ == "__main__":
    main()
