"""The prompt of acts for a model that was not taught them: all names of the pack, and examples."""

from __future__ import annotations

from pathlib import Path

import yaml

from kefu.shop.pack import Pack
from kefu.shop.part import Text

PROMPTS = Path(__file__).parent / "prompts.yaml"


def with_names(pack: Pack) -> Pack:
    """The pack with this prompt in place of its own ``acts``."""
    acts = Text.model_validate(yaml.safe_load(PROMPTS.read_text(encoding="utf8"))["acts"])
    return pack.model_copy(update={"prompts": {**pack.prompts, "acts": acts}})
