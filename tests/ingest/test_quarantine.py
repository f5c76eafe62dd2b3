"""What quarantine shows of a damaged record names its customer by the pseudonym alone."""

from __future__ import annotations

import pytest

from data.channels import CHANNELS
from data.channels.base import PERSON_KEYS, PerLine
from data.ingest.quarantine import safe_text
from kefu.privacy.pseudonyms import pseudonym
from kefu.privacy.redact import Redactor
from tests.channels.examples import EXAMPLES, record

JSON_RECORDS = sorted(name for name, channel in CHANNELS.items() if isinstance(channel, PerLine))


@pytest.mark.parametrize("channel", JSON_RECORDS)
def test_the_customer_of_a_torn_record_is_a_pseudonym(channel: str) -> None:
    customer = str(EXAMPLES[channel].customer)
    torn = record(channel, 1).strip()[:-1]
    assert f'"{customer}"' in torn
    shown = safe_text(torn, Redactor({}))
    assert f'"{customer}"' not in shown and pseudonym(customer) in shown


@pytest.mark.parametrize("key", sorted(PERSON_KEYS))
def test_every_key_of_a_person_is_hidden(key: str) -> None:
    shown = safe_text(f'{{"{key}": "u7", "{key}": 7, "text": "在吗', Redactor({}))
    assert shown == f'{{"{key}": "{pseudonym("u7")}", "{key}": {pseudonym("7")}, "text": "在吗'


def test_other_keys_stay() -> None:
    assert safe_text('{"status": 7, "text": "在吗', Redactor({})) == '{"status": 7, "text": "在吗'
