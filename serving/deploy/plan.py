"""What is to be served, as every process of the deployment is told it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from serving.params import Serving


@dataclass(frozen=True)
class Plan:
    """A release and where it runs. ``version`` is the registry's, or 'local'."""

    release: Path
    version: str
    content_hash: str
    runtime: Path
    raw: Path
    params: Serving
    store_url: str
