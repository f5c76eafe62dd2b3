"""Labels that cannot be used: how many for which reason, and some examples for the log."""

from __future__ import annotations

import logging

from data.labeling.join import LOG, SHOWN, Joined


class LeftOut:
    """Counts, and keeps the first few places, however many there are."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, list[str]]] = {}

    def add(self, reason: str, place: str) -> None:
        """One more."""
        count, places = self._found.get(reason, (0, []))
        self._found[reason] = count + 1, places if len(places) == SHOWN else [*places, place]

    def join(self, joined: Joined) -> None:
        """Those of some joined labels."""
        for reason, places in joined.problems.items():
            for place in places:
                self.add(reason, place)

    def warn(self, what: str) -> None:
        """Logs each reason as ``Joined.warn`` does."""
        for reason, (count, places) in sorted(self._found.items()):
            LOG.log(logging.WARNING, "%s: %d labels left out: %s: %s …", what, count, reason, ", ".join(places))
