"""presidio-analyzer on the texts of the set, run by the interpreter of its own environment.

    .venv/peers/pii/bin/python benchmarks/pii/peer.py < texts.jsonl > spans.jsonl

One row a text in and out: ``{"text", "lang"}`` → ``[[start, end, type, score], …]``; the last row is the
seconds taken. presidio has no recogniser of Chinese papers, addresses or names; its model for names comes
from GitHub and is not loaded, so its patterns stand alone, on blank spaCy pipelines with jieba for
Chinese. Lower-cased words serve as lemmas: without them its context words would never count.
"""

from __future__ import annotations

import json
import logging
import sys
import time

import spacy
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry
from presidio_analyzer import predefined_recognizers as known
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from spacy.language import Language
from spacy.tokens import Doc

TYPES = {
    "CREDIT_CARD": "BANK_CARD",
    "EMAIL_ADDRESS": "EMAIL",
    "IBAN_CODE": "BANK_CARD",
    "PHONE_NUMBER": "PHONE",
    "UK_NINO": "SSN",
    "UK_PASSPORT": "PASSPORT",
    "UK_POSTCODE": "ADDRESS",
    "UK_VEHICLE_REGISTRATION": "PLATE",
    "US_PASSPORT": "PASSPORT",
    "US_SSN": "SSN",
}
REGIONS = ("CN", "US", "GB")
ZH_PHONE = ["电话", "手机", "手机号", "号码", "座机", "联系"]
ZH_CARD = ["卡号", "银行卡", "信用卡", "退款"]


@Language.component("small_words_as_lemmas")
def small_words_as_lemmas(doc: Doc) -> Doc:
    """Sets each token's lemma to itself in small letters."""
    for token in doc:
        token.lemma_ = token.lower_
    return doc


class Blank(SpacyNlpEngine):  # type: ignore[misc]
    """Tokens only."""

    def __init__(self) -> None:
        super().__init__()
        self.nlp = {
            "en": spacy.blank("en"),
            "zh": spacy.blank("zh", config={"nlp": {"tokenizer": {"segmenter": "jieba"}}}),
        }
        for pipeline in self.nlp.values():
            pipeline.add_pipe("small_words_as_lemmas")


def recognizers() -> list[EntityRecognizer]:
    """The pattern recognisers that apply to the set."""
    generic = [
        maker(supported_language=lang)
        for maker in (known.EmailRecognizer, known.IbanRecognizer)
        for lang in ("en", "zh")
    ]
    english = [
        known.CreditCardRecognizer(),
        known.PhoneRecognizer(supported_regions=REGIONS),
        known.UsSsnRecognizer(),
        known.UsPassportRecognizer(),
        known.UkNinoRecognizer(),
        known.UkPassportRecognizer(),
        known.UkPostcodeRecognizer(),
        known.UkVehicleRegistrationRecognizer(),
    ]
    chinese = [
        known.CreditCardRecognizer(supported_language="zh", context=ZH_CARD),
        known.PhoneRecognizer(supported_language="zh", supported_regions=REGIONS, context=ZH_PHONE),
    ]
    return generic + english + chinese


def main() -> None:
    """Reads texts, writes spans and the seconds it took."""
    logging.disable(logging.CRITICAL)  # its list of top-level domains is on the web; the one it carries does
    rows = [json.loads(line) for line in sys.stdin]
    registry = RecognizerRegistry(recognizers=recognizers(), supported_languages=["en", "zh"])
    engine = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en", "zh"])
    for lang in ("en", "zh"):
        engine.analyze("ready a@example.com 13800138000", language=lang)  # loads what it loads once
    started = time.process_time()
    answers = [engine.analyze(row["text"], language=row["lang"]) for row in rows]
    seconds = time.process_time() - started
    for answer in answers:
        print(json.dumps([[x.start, x.end, TYPES[x.entity_type], x.score] for x in answer]))
    print(seconds)


if __name__ == "__main__":
    main()
