"""Whom a release's models were trained on, without being a list of people.

``<release>/trained_on/<part>.bin`` holds 8 bytes a customer, sorted: the keyed hash of the pseudonym under
KEFU_SECRET. Asked about one person it says yes or no; without the secret it says nothing about anybody.
(A wrong yes has a chance of one in 10^13 at a million customers.) Continued training adds what the champion
had seen. Held-out customers are not in it: nothing was learned from them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow.parquet as pq

from kefu.privacy.pseudonyms import signature
from kefu.store import DIALOGUES

FOLDER = "trained_on"
SIZE = 8  # bytes
ROUTER, CENTRE, EDGE = "router", "centre", "edge"


def mark(customer: str) -> bytes:
    """Returns the keyed hash that stands for a customer's pseudonym in these lists."""
    return bytes.fromhex(signature(FOLDER, customer))[:SIZE]


def learned_from(path: Path) -> set[str]:
    """Pseudonyms in the training half of a file of examples; nobody when there is no such file."""
    if not path.exists():
        return set()
    with path.open(encoding="utf8") as file:
        examples = (json.loads(line) for line in file if line.strip())
        return {example["customer"] for example in examples if example["split"] == "train"}


def pretrained_on(chats: Path, store: Path) -> set[str]:
    """Pseudonyms of those whose dialogues are among the chats that base models are pretrained on."""
    with chats.open(encoding="utf8") as file:
        ids = {json.loads(line)["id"] for line in file if line.strip()}
    tables = (pq.read_table(path, columns=["id", "customer"]) for path in sorted(store.glob(f"dt=*/{DIALOGUES}")))
    return {row["customer"] for table in tables for row in table.to_pylist() if row["id"] in ids}


def write(release: Path, sets: Path, base: Iterable[str], champion: Path | None) -> None:
    """Writes into a release whom each of its models was trained on.

    Args:
        sets: folder of the sets that its models were trained on.
        base: who the base models were pretrained on.
        champion: the release from which training was continued, if it was.
    """
    router = learned_from(sets / "router.jsonl")
    taught = (learned_from(sets / f"{name}.jsonl") for name in ("sft", "replay", "preferences"))
    centre = set(base).union(*taught)
    inherited = set(_marks(champion / FOLDER / f"{CENTRE}.bin")) if champion else set()
    for part, people in ((ROUTER, router), (CENTRE, centre), (EDGE, centre)):  # edge: the centre model teaches it
        marks = {mark(customer) for customer in people} | (inherited if part != ROUTER else set())
        path = release / FOLDER / f"{part}.bin"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"".join(sorted(marks)))


def _marks(path: Path) -> Iterator[bytes]:
    data = path.read_bytes() if path.exists() else b""
    return (data[start : start + SIZE] for start in range(0, len(data), SIZE))


def saw(release: Path, customer: str) -> list[str] | None:
    """Which parts of a release were trained on a customer; None when the release does not tell."""
    if not (release / FOLDER).is_dir():
        return None
    wanted = mark(customer)
    return [path.stem for path in sorted((release / FOLDER).glob("*.bin")) if wanted in _marks(path)]
