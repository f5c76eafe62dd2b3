"""The slope of memory in a soak is of its second half, and none of a flat line; what failed stands in its minute."""

from __future__ import annotations

import pytest

from benchmarks.serving.soak import Soak


def test_the_slope_is_of_the_second_half() -> None:
    start_up = [(float(at), {"Chat": 100.0 + at, "store": 20.0}) for at in range(50)]
    steady = [(float(at), {"Chat": 150.0 + (at - 50) / 360, "store": 20.0}) for at in range(50, 100)]
    found = Soak(1.0, samples=[*start_up, *steady])
    assert found.slope_mb_per_hour("Chat") == pytest.approx(10.0)
    assert found.slope_mb_per_hour("store") == pytest.approx(0.0, abs=1e-6)


def test_a_minute_has_its_failures_and_what_other_programs_took() -> None:
    answers, others = [(3.0, 8.0), (59.0, 12.0), (61.0, 2000.0)], [(5.0, 0.5), (65.0, 20.0), (70.0, 21.0)]
    found = Soak(1.0, seconds=71.0, answers=answers, failures=[(62.0, "503")], others_cpu_s=others)
    first, second = found.minutes()
    assert (len(first.latencies_ms), first.failed, first.others_cpu_s) == (2, 0, 0.5)
    assert (second.p99_ms, second.failed, second.others_cpu_s) == (2000.0, 1, 41.0)
