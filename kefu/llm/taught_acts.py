"""Under which system prompts the models of a release were taught to write acts (``kefu/llm/acts_format.py``).

A model that was taught under one prompt reads little under another (docs/measurements/real_model.md). So a release
keeps the hashes of the prompts that were taught, in ``taught_acts.json`` under its seal, and serving asks for acts
under no other one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from kefu.io import read_json, write_json
from kefu.llm.prompt import acts_system
from kefu.shop.pack import Pack
from kefu.shop.part import LANGUAGES, Lang

FILE = "taught_acts.json"


def save_taught_prompts(release: Path, prompts: Iterable[str]) -> None:
    """Writes the hashes of rendered system prompts into a release folder, before that is sealed; none: no file."""
    if hashes := sorted({_hash(prompt) for prompt in prompts}):
        write_json(release / FILE, {"system_prompts": hashes})


def were_taught(release: Path) -> bool:
    """Whether the models of a release were taught acts at all."""
    return (release / FILE).is_file()


def taught_languages(release: Path, pack: Pack) -> tuple[Lang, ...]:
    """Languages in which the pack asks for acts under a prompt that the release's models were taught.

    Args:
        pack: has a prompt ``acts``.
    """
    if not were_taught(release):
        return ()
    taught = set(read_json(release / FILE)["system_prompts"])
    return tuple(lang for lang in LANGUAGES if _hash(acts_system(pack, lang)) in taught)


def _hash(prompt: str) -> str:
    return hashlib.sha256(prompt.encode()).hexdigest()
