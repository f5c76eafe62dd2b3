"""What a model is asked, one suite a file; every model gets the very same items."""

from __future__ import annotations

from collections.abc import Callable

from evaluation.candidate import ReleaseUnderTest
from evaluation.items import Items
from evaluation.result import Result
from evaluation.suites import answers, baselines, flows, general, retrieval, router, simulator

SUITES: dict[str, Callable[[ReleaseUnderTest, Items], Result]] = {
    "answers": answers.centre,
    "constant": baselines.constant,
    "edge": answers.edge,
    "first_entry": baselines.first_entry,
    "flows": flows.run,
    "general": general.run,
    "retrieval": retrieval.run,
    "router": router.run,
    "simulator": simulator.run,
    "simulator_centre": simulator.centre,
    "simulator_edge": simulator.edge,
}
