"""Fewer than three folds leave no turn to learn from, so they are refused with that reason."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipelines.params import load_params


@pytest.mark.parametrize("section", ["router", "labeler"])
def test_two_folds_are_refused_with_their_reason(section: str) -> None:
    loaded = getattr(load_params(), section)
    given = loaded.model_dump()
    assert type(loaded)(**given | {"folds": 3}).folds == 3
    for folds in (2, 1, 0):
        with pytest.raises(ValidationError, match=r"folds\n.*must be 3 or more: two are left out"):
            type(loaded)(**given | {"folds": folds})
