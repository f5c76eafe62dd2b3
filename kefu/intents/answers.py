"""The answer classifier: what a message says to an open question, as labels of ``kefu/shop/wordings/labelled.py``.

It sees the whole message and the question. A yes that stands alone is another class than a yes with company: a
confirmation changes something in the shop. What neither answers nor asks for a person is ``OTHER``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from kefu.intents.classifier import TextClassifier, search_together
from kefu.intents.wishes import WISHES, WishClassifier, wish_sample

YES, NO, LEAVE, HESITATE, CORRECT, RESUME, REPLY, PERSON = (
    "yes", "no", "leave", "hesitate", "correct", "resume", "reply", "person",
)  # fmt: skip
YES_TOO = "yes with company"  # beside a question, another wish or a complaint
OTHER = "other"
ORDER = (PERSON, YES, NO, LEAVE, HESITATE, CORRECT, RESUME, REPLY)  # of a message with several labels, the first counts
ANSWERS = "answers"  # folder beside the router's files


def answer_class(acts: Iterable[str]) -> str:
    """The class of a wording by its labels."""
    kinds = {act.partition(":")[0] for act in acts}
    found = next((kind for kind in ORDER if kind in kinds), OTHER)
    return YES_TOO if found == YES and kinds - {YES, "talk"} else found


class AnswerClassifier:
    """The trained classifier: ``AnswerClassifier.load(folder).predict(text, question)``."""

    def __init__(self, classifier: TextClassifier) -> None:
        self._classifier = classifier

    @classmethod
    def load(cls, folder: Path) -> AnswerClassifier:
        """Reads what ``training.intents.answers.train_answers`` wrote."""
        return cls(TextClassifier.load(folder))

    def predict(self, text: str, open_question: str) -> dict[str, float]:
        """The calibrated probability of each class for a redacted text."""
        return self.predict_many([(text, open_question)])[0]

    def predict_many(self, messages: Sequence[tuple[str, str]]) -> list[dict[str, float]]:
        """Does the same as ``predict`` for many (text, open question) at once, which is faster."""
        rows = self._classifier.predict([wish_sample(*message) for message in messages])
        return [dict(zip(self._classifier.config.classes, map(float, row), strict=True)) for row in rows]


def load_with_wishes(folder: Path) -> tuple[WishClassifier | None, AnswerClassifier | None]:
    """The two classifiers beside the router's files, as far as a release has them; they have nearly the same words."""
    paths = folder / WISHES, folder / ANSWERS
    wishes, answers = (TextClassifier.load(path) if path.is_dir() else None for path in paths)
    search_together([classifier for classifier in (wishes, answers) if classifier])
    return WishClassifier(wishes) if wishes else None, AnswerClassifier(answers) if answers else None
