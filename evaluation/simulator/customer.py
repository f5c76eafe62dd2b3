"""A scripted customer: says a wish, gives what is asked, checks what is confirmed, and follows the habits of the case.

The truth of every message is known: the acts that it does (``kefu/acts.py``), in plain text. Everything is drawn from
the case's number, the trial and the seed. It reads of a reply what a person sees (text, the list of orders) and what is
asked for (``Reply.asks``); it does not argue, and it does not write in the middle of an answer.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from evaluation.simulator import slips
from evaluation.simulator.cases import ORDER, Case, Wish
from kefu.acts import Act, Affirm, Ask, Cancel, Correct, Deny, Fill, Hesitate, Person, Query, Start
from kefu.shop.pack import Pack
from kefu.shop.wordings.scripts import Scripts
from serving.dialogue.reading.script import traditional
from serving.dialogue.reply import Reply

MAX_TURNS = 16
PATIENCE = 2  # how often a wish is said again before the customer leaves
MAX_CORRECTIONS = 2
SHORT = 5  # characters up to which nobody mistypes


@dataclass(frozen=True)
class Utterance:
    """A message and its truth."""

    text: str
    acts: tuple[Act, ...]


class Customer:
    """Plays one case. Make one per conversation."""

    def __init__(self, case: Case, scripts: Scripts, pack: Pack, trial: int, seed: int) -> None:
        self.case, self._scripts, self._pack = case, scripts, pack
        self._rng = random.Random(f"{seed}:{case.number}:{trial}")
        self._todo = set(case.habits)
        self._open, self._said = [case.wishes[0]], 0
        self._later = list(case.wishes[1:])
        self.words = {id(wish): self._words_of(wish) for wish in case.wishes}
        self.given_up: list[Wish] = []  # refused or left: nothing may be written for them
        self.misread: list[str] = []  # what a confirmation did not show
        self.asked: list[str] = []  # FAQ entries asked about in between
        self._asked_slots: dict[tuple[int, str], int] = {}
        self._corrections, self._seen = 0, ""
        self._wrong_told: dict[str, str] = {}  # slot → what was told wrongly and has to be put right
        if "corrects_reason" in case.habits:
            self._plan_wrong_reason(case.wishes[0])

    # What the conversation needs.

    def opening(self) -> Utterance:
        """The first message."""
        wish = self._open[0]
        text, acts = self._wish(wish, early="early" in self._todo)
        if "two_wishes" in self._todo and self._later:
            second = self._later.pop(0)
            self._open.append(second)
            more, more_acts = self._wish(second, early=True)
            text, acts = text + self._joined("also") + more, (*acts, *more_acts)
        if "greets" in self._todo:
            text = self._pick("hello") + ("，" if self.case.lang == "zh" else ", ") + text
        return self._typed(text, acts)

    def answer(self, reply: Reply) -> Utterance | None:
        """The next message; None when the customer has nothing more to say."""
        if reply.outcome == "handoff":
            return None
        if reply.asks:
            wish = self._wish_of(reply.flow)
            if wish is None:  # asked about something that was never wanted
                return self._no() if reply.asks == "confirm" else self._leave()
            return self._confirm(wish, reply) if reply.asks == "confirm" else self._give(wish, reply.asks, reply)
        return self._after(reply)

    def is_choice(self, slot: str) -> bool:
        """Whether the shop keeps a code for this slot, not the customer's words."""
        return bool(self._choices(slot))

    # Wishes.

    def _wish(self, wish: Wish, early: bool = False) -> tuple[str, tuple[Act, ...]]:
        if wish.entry:
            return self._rng.choice(self._scripts.questions(wish.entry, self.case.lang)), (Ask(entry=wish.entry),)
        assert wish.goal
        text = self._filled(self._rng.choice(self._scripts.openings(wish.name, self.case.lang)), wish)
        if wish.goal.person:
            return text, (Person(),)
        if wish.goal.query:
            return text, (Query(name=wish.goal.query),)
        assert wish.goal.flow
        slots: dict[str, str] = {}
        if early:
            comma = "，" if self.case.lang == "zh" else ", "
            order, slots[ORDER] = self._order_words(wish)
            text += comma + order
            reason = next((slot for slot in wish.slots if slot.endswith("_reason")), None)
            if reason and wish.slots[reason] in self._choices(reason):
                text += comma + self._value(wish, reason)
                slots[reason] = wish.slots[reason]
        return text, (Start(flow=wish.goal.flow, slots=slots),)

    def _wish_of(self, flow: str | None) -> Wish | None:
        for wish in self._open:
            if wish.goal and wish.goal.flow == flow:
                return wish
        for wish in self._later:  # begun before it was said: as well
            if wish.goal and wish.goal.flow == flow:
                return wish
        return None

    def _after(self, reply: Reply) -> Utterance | None:
        """Nothing is asked for: the wish was served, or it has to be said again."""
        if ORDER in self._wrong_told:
            return self._put_right(self.case.wishes[0], ORDER)
        if reply.options and (picked := self._picked(reply)):
            return picked
        served = [wish for wish in self._open if self._is_served(wish, reply)]
        for wish in served:
            self._open.remove(wish)
        if served:
            self._said = 0
        if self._open:
            return self._again(self._open[0])
        if self._later:
            wish = self._later.pop(0)
            self._open, self._said = [wish], 0
            return self._typed(*self._wish(wish))
        return None

    def _again(self, wish: Wish) -> Utterance | None:
        if self._said >= PATIENCE:
            return None
        self._said += 1
        text, acts = self._wish(wish, early=bool(wish.goal and wish.goal.flow))
        return Utterance(self._joined("again") + text, acts)

    def _picked(self, reply: Reply) -> Utterance | None:
        """The number of the question that was offered and is meant."""
        entry = next((wish.entry for wish in self._open if wish.entry), None)
        question = next((faq.question.in_(self.case.lang) for faq in self._pack.faq if faq.id == entry), None)
        if entry and question in reply.options:
            return Utterance(str(reply.options.index(question) + 1), (Ask(entry=entry),))
        return None

    def _is_served(self, wish: Wish, reply: Reply) -> bool:
        if wish.entry:
            return any(source.startswith(f"faq:{wish.entry}:") for source in reply.sources)
        assert wish.goal
        if wish.goal.query:
            return f"query:{wish.goal.query}" in reply.sources
        other = ORDER in wish.row and reply.slots.get(ORDER, wish.row[ORDER]) != wish.row[ORDER]
        return reply.flow == wish.goal.flow and not other

    # Answers to questions.

    def _give(self, wish: Wish, slot: str, reply: Reply) -> Utterance | None:
        if "digresses" in self._todo:
            return self._digress("digresses")
        times = self._asked_slots[id(wish), slot] = self._asked_slots.get((id(wish), slot), 0) + 1
        if times > PATIENCE + 2:
            return None
        first = wish is self.case.wishes[0]
        if first and slot in self._wrong_told and times > 1:  # asked again after something wrong was told
            return self._put_right(wish, slot)
        if slot == ORDER and ORDER in wish.row:
            if first and "wrong_then_right" in self._todo and self.case.wrong_order:
                self._todo.discard("wrong_then_right")
                wrong = self._wrong_told[ORDER] = self.case.wrong_order
                return self._typed(self._framed(ORDER, wrong), (Fill(slot=ORDER, value=wrong),))
            if times > 1:  # what was said before was not enough: the bare number is always right
                return Utterance(wish.row[ORDER], (Fill(slot=ORDER, value=wish.row[ORDER]),))
            text, value = self._order_words(wish)
            return self._typed(text, (Fill(slot=ORDER, value=value),))
        if first and ORDER in self._wrong_told:
            return self._put_right(wish, ORDER)
        if slot not in wish.slots:
            return self._leave()
        return self._typed(self._value(wish, slot), (Fill(slot=slot, value=wish.slots[slot]),), values=True)

    def _confirm(self, wish: Wish, reply: Reply) -> Utterance | None:
        if wish in self.given_up:
            return self._no()
        first = wish is self.case.wishes[0]
        if first and ORDER in self._wrong_told:
            return self._put_right(wish, ORDER)
        self._seen += reply.text.lower()  # an answer in between need not repeat the question
        shown = self._shown(wish)
        if absent := next((slot for slot in shown if shown[slot].lower() not in self._seen), None):
            self._corrections, self._seen = self._corrections + 1, ""
            if self._corrections > MAX_CORRECTIONS or absent != ORDER:
                self.misread.append(f"{absent}: {shown[absent]}")
                self.given_up.append(wish)
                return self._no()
            return self._correct(wish, absent)
        if first and "asks_back" in self._todo:
            return self._digress("asks_back")
        if first and "hesitates" in self._todo:
            self._todo.discard("hesitates")
            return self._typed(self._pick("hesitate"), (Hesitate(),))
        if first and (reason := next((slot for slot in self._wrong_told if slot != ORDER), None)):
            return self._put_right(wish, reason)
        if first and "changes_goal" in self._todo:
            self._todo.discard("changes_goal")
            self.given_up.append(wish)
            return self._typed(self._pick("leave"), (Cancel(),))
        assert wish.goal
        if (first and "refuses" in self._todo) or wish.goal.confirm == "no":
            self.given_up.append(wish)
            return self._no()
        return self._typed(self._pick("affirm_emoji" if "emoji_yes" in self._todo else "affirm"), (Affirm(),))

    def _digress(self, habit: str) -> Utterance:
        self._todo.discard(habit)
        entry = self._rng.choice(self._scripts.entries(self.case.lang))
        self.asked.append(entry)
        return self._typed(self._rng.choice(self._scripts.questions(entry, self.case.lang)), (Ask(entry=entry),))

    def _put_right(self, wish: Wish, slot: str) -> Utterance:
        del self._wrong_told[slot]
        return self._correct(wish, slot)

    def _correct(self, wish: Wish, slot: str) -> Utterance:
        self._seen = ""
        words = wish.row[ORDER] if slot == ORDER else self.words[id(wish)][slot]
        text = self._pick(f"correct_{slot}").replace("{value}", words)
        return Utterance(text, (Correct(slot=slot, value=wish.row[ORDER] if slot == ORDER else wish.slots[slot]),))

    def _no(self) -> Utterance:
        return self._typed(self._pick("deny"), (Deny(),))

    def _leave(self) -> Utterance | None:
        if self._said >= PATIENCE:
            return None
        self._said += 1
        return self._typed(self._pick("leave"), (Cancel(),))

    # Words.

    def _plan_wrong_reason(self, wish: Wish) -> None:
        slot = next((s for s in wish.slots if s.endswith("_reason") and self._scripts.has_act(f"correct_{s}")), None)
        if slot is None:
            return
        others = [value for value in self._choices(slot) if value != wish.slots[slot] and self._has_words(slot, value)]
        if others:
            self._wrong_told[slot] = self._rng.choice(others)

    def _has_words(self, slot: str, value: str) -> bool:
        return self._scripts.value(slot, value, self.case.lang) != [value]

    def _choices(self, slot: str) -> list[str]:
        return list(self._pack.slots[slot].choices or {})

    def _words_of(self, wish: Wish) -> dict[str, str]:
        """The words of a conversation for each slot: told the same way whenever they are told again."""
        return {
            slot: self._rng.choice(self._scripts.value(slot, value, self.case.lang))
            for slot, value in wish.slots.items()
        }

    def _value(self, wish: Wish, slot: str) -> str:
        if slot in self._wrong_told and wish is self.case.wishes[0]:
            return self._rng.choice(self._scripts.value(slot, self._wrong_told[slot], self.case.lang))
        return self._framed(slot, self.words[id(wish)][slot])

    def _framed(self, slot: str, value: str) -> str:
        shown = (
            slips.spelled(value, self.case.lang, self._rng)
            if slot == ORDER and "spelled_number" in self._todo
            else value
        )
        return self._rng.choice(self._scripts.frame(slot, self.case.lang)).replace("{value}", shown)

    def _order_words(self, wish: Wish) -> tuple[str, str]:
        if "by_product" in self._todo and wish.row.get("item"):
            self._todo.discard("by_product")
            return self._rng.choice(self._scripts.frame("by_product", self.case.lang)).replace(
                "{value}", wish.row["item"]
            ), wish.row[ORDER]
        return self._framed(ORDER, wish.row[ORDER]), wish.row[ORDER]

    def _shown(self, wish: Wish) -> dict[str, str]:
        assert wish.goal
        told = {**{k: str(v) for k, v in wish.row.items()}, **self.words[id(wish)]}
        return {slot: told[slot] for slot in wish.goal.shown}

    def _filled(self, text: str, wish: Wish) -> str:
        return text.replace("{item}", str(wish.row.get("item", "")))

    def _pick(self, act: str) -> str:
        return self._rng.choice(self._scripts.act(act, self.case.lang))

    def _joined(self, act: str) -> str:
        """Words that something follows: with a blank where the language writes one."""
        return self._pick(act) + (" " if self.case.lang == "en" else "")

    def _typed(self, text: str, acts: tuple[Act, ...], values: bool = False) -> Utterance:
        """The words as this customer writes them. values: names and addresses, which nobody wants changed."""
        lang, habits = self.case.lang, self.case.habits
        if not values:
            if "typos" in habits and len(text) > SHORT:
                text = slips.typo(text, lang, self._rng)
            if "mixed_language" in habits:
                text = slips.mixed(text, lang, self._rng)
            if "traditional" in habits:
                text = traditional(text)
        return Utterance(text, acts)
