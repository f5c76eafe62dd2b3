"""The slope of memory in a soak: of its second half, and none of a flat line."""

from __future__ import annotations

import pytest

from benchmarks.serving.soak import Soak


def test_the_slope_is_of_the_second_half() -> None:
    start_up = [(float(at), {"Chat": 100.0 + at, "store": 20.0}) for at in range(50)]
    steady = [(float(at), {"Chat": 150.0 + (at - 50) / 360, "store": 20.0}) for at in range(50, 100)]
    found = Soak(1.0, samples=[*start_up, *steady])
    assert found.slope_mb_per_hour("Chat") == pytest.approx(10.0)
    assert found.slope_mb_per_hour("store") == pytest.approx(0.0, abs=1e-6)
