"""How far fine-tuning moved the centre model from its base on general questions.

Export measures it, where base and adapter are in memory together (``distill/kl_from_base.py``), and seals it in the
release. A release without the figure has no metric here; a bound of the gate on it is then an error that says so.
"""

from __future__ import annotations

from evaluation.candidate import ReleaseUnderTest
from evaluation.items import Items
from evaluation.result import Result
from kefu.io import read_json
from kefu.registry.seal import GENERAL


def run(release: ReleaseUnderTest, items: Items) -> Result:
    """KL in nats a token of the base's own answers."""
    path = release.folder / GENERAL
    return Result({}, [], figures=read_json(path) if path.exists() else {})
