"""What Kefu says while a person is asked for: only what is true about when there will be one, and who is before."""

from __future__ import annotations

from kefu.shop.pack import Pack
from kefu.shop.part import Lang, PackError, Text
from serving.dialogue.expressions import ExpressionError, render
from serving.dialogue.flow import Visit
from serving.dialogue.reading.word_rules import evidence, plain


class HandoverWords:
    """The words of one pack; a mistake in them shows when the shop opens."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        words = pack.conversation
        for text in (pack.shop.handoff, pack.shop.handoff_closed, words.waiting, words.waiting_closed):
            if text:
                self._with_hours(text, "zh")
                self._with_hours(text, "en")

    def asked(self, visit: Visit, before: int | None = None) -> str:
        """That a person is asked for, and when there will be one.

        Args:
            before: how many come before the customer; None: it is not known, and not told.
        """
        shop = self._pack.shop
        text = shop.handoff if self.is_open(visit) else shop.handoff_closed or shop.handoff
        return self._with_hours(text, visit.lang, before)

    def waiting(self, visit: Visit, before: int | None, in_danger: bool) -> str:
        """What the customer adds meanwhile is passed on; after words of danger the bot is not offered."""
        words = self._pack.conversation
        text = words.waiting if self.is_open(visit) else words.waiting_closed or words.waiting
        if text is None or in_danger:
            return self.asked(visit, before)
        return self._with_hours(text, visit.lang, before)

    def supervisor(self, message: str, lang: Lang) -> str | None:
        """That it is noted whom the customer asks for; None when the message names nobody above the agents."""
        rule = self._pack.acts.supervisor
        return rule.noted.in_(lang) if rule and evidence(plain(message), rule) else None

    def is_open(self, visit: Visit) -> bool:
        hours = self._pack.shop.office_hours
        return hours is None or hours.include(visit.now[11:16])

    def _with_hours(self, text: Text, lang: Lang, before: int | None = None) -> str:
        hours = self._pack.shop.office_hours
        values: dict[str, str | int | None] = {"before": before}
        if hours:
            values |= {"opens": hours.opens, "closes": hours.closes}
        try:
            return render(text.in_(lang), values)
        except ExpressionError as error:
            raise PackError(f"pack.yaml or conversation.yaml: {text.in_(lang)!r}: {error}") from error
