"""The pack's ``demo.yaml``: quick questions of the chat page, and conversations that show what Kefu does."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import ValidationError

from kefu.shop.part import PackError, Part, Text
from kefu.yaml_file import read_yaml


class Conversation(Part):
    """What one customer (None: a stranger) says, one message after the other, over one channel."""

    title: str
    channel: Literal["http", "sse", "ws"]
    customer: str | None = None
    messages: tuple[str, ...]


class Demo(Part):
    questions: tuple[Text, ...] = ()
    conversations: tuple[Conversation, ...] = ()


def load_demo(pack_folder: Path) -> Demo:
    """Reads ``demo.yaml``; a pack without one has nothing to show. Raises PackError."""
    path = pack_folder / "demo.yaml"
    if not path.exists():
        return Demo()
    try:
        return Demo.model_validate(read_yaml(path))
    except (yaml.YAMLError, ValidationError) as error:
        raise PackError(f"{path}: {error}") from error
