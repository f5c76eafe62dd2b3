"""YAML as packs use it: safe tags only, and a key that stands twice is an error (YAML keeps the last in silence)."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml


class _UniqueKeys(yaml.CSafeLoader):
    """Refuses a mapping with two equal keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                problem = f"the key {key!r} stands twice: keep one of them"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """The file's content. Raises OSError, or yaml.YAMLError naming the line and the key that stands twice."""
    with path.open(encoding="utf8") as file:
        return yaml.load(file, Loader=_UniqueKeys)
