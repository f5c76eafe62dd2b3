"""Ranking metrics against values worked out by hand."""

from kefu.metrics.ranking import hit_at, reciprocal_rank


def test_ranking() -> None:
    assert [hit_at(k, ["x", "y", "z"], "y") for k in (1, 2, 3)] == [0, 1, 1]
    assert reciprocal_rank(["x", "y"], "y") == 0.5
    assert reciprocal_rank(["x", "y"], "z") == 0
