"""Labelled messages of the pack: ``wordings/*.yaml``, what customers write and what each message does.

    - say: 羽绒枕那单我不要了，帮我退了吧
      acts: [flow:return]
    - {say: 下周二以后吧, after: 您希望什么时候送？, acts: [reply]}

``acts`` names everything that the message does, by ``label_names``. ``after`` is what the assistant said before it.
The wish classifier and the search learn from one side (``kefu.split.labelled_side``); the other only measures.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from kefu.io import file_hash
from kefu.shop.pack import Pack
from kefu.shop.part import PackError, Part, read_part

# What a message does that has no name of the pack; "reply" answers an open question and does nothing else.
SUM = "sum"
RECOMMEND = "recommend"
SHOPPING = (SUM, RECOMMEND, "compare")
TO_A_PERSON = ("person", "complaint")
TO_A_QUESTION = ("reply", "yes", "no", "hesitate", "leave", "resume", "correct")
OUTSIDE = "outside"
UNANSWERED = "unanswered"  # a question about the shop that nothing in the pack answers


class Wording(Part):
    say: str = Field(min_length=1, description="the message; personal data of nobody")
    acts: tuple[str, ...] = Field(min_length=1, description="labels of all that it does")
    after: str = Field("", description="what the assistant said before it; empty: it may open a chat")


def label_names(pack: Pack) -> frozenset[str]:
    """The labels that a wording of this pack may have."""
    named = {
        "flow": (flow.name for flow in pack.flows),
        "query": pack.queries,
        "ask": (faq.id for faq in pack.faq),
        "talk": pack.acts.small_talk,
        "danger": pack.danger,
    }
    labels = {f"{kind}:{name}" for kind, names in named.items() for name in names}
    return frozenset({*labels, *SHOPPING, *TO_A_PERSON, *TO_A_QUESTION, OUTSIDE, UNANSWERED})


def load_wordings(pack: Pack) -> tuple[Wording, ...]:
    """All wordings of a pack, file by file; none without the folder. Raises PackError naming file and wording."""
    return tuple(wording for wordings in wordings_by_file(pack).values() for wording in wordings)


def wordings_by_file(pack: Pack) -> dict[str, tuple[Wording, ...]]:
    """The same by the name of their file, without its ending."""
    return {path.stem: tuple(read_wordings(path, pack)) for path in sorted((pack.folder / "wordings").glob("*.yaml"))}


def read_wordings(path: Path, pack: Pack) -> Iterator[Wording]:
    """The wordings of a file. Raises PackError naming a wording with a label that the pack does not have."""
    known = label_names(pack)
    for wording in _parsed(path, file_hash(path)):
        if unknown := sorted(set(wording.acts) - known):
            raise PackError(f"{path}: {wording.say!r}: the pack has no {', '.join(unknown)}: name what it has")
        yield wording


@lru_cache(maxsize=32)  # files; a training reads all of them up to five times, and YAML takes seconds a time
def _parsed(path: Path, content_hash: str) -> tuple[Wording, ...]:
    """The file as it is now.

    Args:
        content_hash: of the file, so that a changed file is read again.
    """
    return read_part(path, tuple[Wording, ...])
