"""How much is kept of a session: beyond each bound the oldest goes first.

What the policy needs stays: the open flow with its slots and its question, language, subject, and whether a person is
asked for. Turns are most of the rest, and are needed least. Not covered: the slots of one flow and the shop's rows in
it, which are as large as a few messages and as the shop makes them. Who gives more personal data than is kept may see
one instead of another where an old turn is read again, for its placeholder is then given anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from kefu.text.placeholders import PLACEHOLDER
from serving.params import Serving
from serving.sessions.cases import Handoff
from serving.sessions.session import SaidTurn, Session

LAST = 2  # turns that are kept however long they are: a message and its answer


@dataclass(frozen=True)
class Limits:
    """Bounds of one session; each as the parameter of ``serving`` that it comes from (``limits_of``).

    history_kb, answers: in the store, which keeps them (``COMMIT`` in ``scripts.py``).
    """

    chars: int = 16_000
    personal: int = 300
    waiting: int = 10
    case_chars: int = 100_000
    history_kb: int = 256
    answers: int = 100

    def trim(self, session: Session) -> None:
        """Takes from a session what is too much of it."""
        session.turns = newest(session.turns, self.chars)
        session.paused, session.wishes = session.paused[-self.waiting :], session.wishes[-self.waiting :]
        if len(session.vault) > self.personal:
            self._forget_unused(session)

    def trimmed(self, handoff: Handoff) -> Handoff:
        """The case with its newest turns."""
        return handoff.model_copy(update={"turns": newest(handoff.turns, self.case_chars)})

    def _forget_unused(self, session: Session) -> None:
        """Takes the oldest personal data that nothing in the session speaks of, a quarter more than is needed."""
        spoken_of = session.model_dump_json(exclude={"vault"})
        used = {found[0] for found in PLACEHOLDER.finditer(spoken_of)}
        unused = [name for name in session.vault if name not in used]
        for name in unused[: len(session.vault) - self.personal * 3 // 4]:
            del session.vault[name]


DEFAULT = Limits()


def limits_of(params: Serving) -> Limits:
    """The bounds that the parameters name."""
    return Limits(
        chars=params.session_max_chars,
        personal=params.session_max_personal,
        waiting=params.session_max_waiting,
        case_chars=params.case_max_chars,
        history_kb=params.session_history_kb,
        answers=params.session_max_answers,
    )


def newest(turns: list[SaidTurn], max_chars: int) -> list[SaidTurn]:
    """The newest turns that have at most so many characters together; the last exchange in any case."""
    rest = max_chars
    for at in range(len(turns) - 1, -1, -1):
        rest -= len(turns[at].text)
        if rest < 0:
            return turns[max(0, min(at + 1, len(turns) - LAST)) :]
    return turns
