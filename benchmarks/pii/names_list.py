"""Makes ``kefu/privacy/detectors/names.json.gz``: first names and surnames, and which are words as well.

    .venv/peers/pii/bin/python -m benchmarks.pii.names_list

The names are Faker's, of all its locales that write them in Latin letters; what is a word of Webster's second
(english-words; web2, in the public domain), a city or a brand is kept apart: alone it tells nothing.
"""

from __future__ import annotations

import gzip
import importlib
import json
import pickle
import pkgutil
import re
from importlib.util import find_spec
from pathlib import Path

import faker.providers.person as providers
from faker.providers.address.en_US import Provider as Places
from faker.providers.lorem.en_US import Provider as Lorem

from kefu.privacy.detectors.names_en_lists import FIRST, NO_NAMES

TARGET = Path(__file__).parents[2] / "kefu/privacy/detectors/names.json.gz"
_LATIN = re.compile("[A-ZÀ-Þ][a-zà-ÿ'’-]+(?:[A-ZÀ-Þ][a-zà-ÿ]+)?")
_OTHER = (  # places, brands and things of shops that are names too
    "paris london sydney austin houston dallas dublin florence milan geneva victoria georgia virginia carolina dakota "
    "montana jordan israel india china chad kenya cuba malta asia america adelaide sofia lyon nice perth bergen "
    "berlin vienna madrid lisbon porto athens rome roma verona siena catania chelsea brooklyn camden devon kent "
    "lincoln madison jackson memphis orlando savannah phoenix cleveland denver trinidad santiago lima ireland holland "
    "england scotland london york orleans alexa siri max nova nike zara tesla lexus mercedes porsche visa chase wells "
    "barclay stella apple echo kindle ring nest dell asus acer philips braun siemens bosch miele lego sony samsung "
    "canon nikon casio dyson ikea levi levis puma reebok rolex chanel dior gucci prada armani versace hermes cartier "
    "tiffany pandora bentley ford opel skoda fiat audi honda kia mini lotus calvin klein tommy hilfiger ralph lauren "
    "kors lauder spade arden martens hugo boss baker malone kay bond disney mickey minnie pooh elsa barbie potter "
    "marvel simba casper tempur ultra lite air pro plus prime april may june august easter christmas friday monday "
    "king queen prince royal internet amazon google apple paypal mastercard amex express union western bank santander"
)
_GOODS = (  # stand behind a model's name: the Amelia Sofa
    "sofa table chair lamp dress shoe shoes boot boots jacket shirt bag bags mattress bed coat pants jeans top skirt "
    "watch watches ring necklace bracelet rug curtain curtains desk shelf bookcase wardrobe stool bench mirror "
    "blanket pillow duvet mug set collection edition series perfume cream serum lipstick case cover charger cable "
    "headphones earbuds speaker phone tablet laptop camera refund order delivery card account store shop street road "
    "sir madam team everyone everybody seller manager support guys reception security concierge"
)


def _faker(part: str) -> set[str]:
    """All names of a sort, first_name or last_name, that are one word in Latin letters."""
    found = set[str]()
    for module in pkgutil.iter_modules(providers.__path__):
        provider = importlib.import_module(f"{providers.__name__}.{module.name}").Provider
        for key in dir(provider):
            names = getattr(provider, key)
            if part in key and "romanized" not in key and hasattr(names, "__iter__") and not isinstance(names, str):
                found |= {str(name).lower() for name in names if _LATIN.fullmatch(str(name)) and len(str(name)) > 2}
    return found


def _places() -> set[str]:
    """Words of countries' and states' names."""
    names = (*Places.countries, *Places.states)
    return {word for name in names for word in re.findall("[a-z]{3,}", str(name).lower())}


def _words() -> set[str]:
    spec = find_spec("english_words")
    if spec is None or spec.origin is None:
        raise SystemExit("english-words is not installed: pip install -r benchmarks/pii/requirements.txt")
    everything: set[str] = pickle.loads((Path(spec.origin).parent / "data/web2.pickle").read_bytes())  # noqa: S301
    return {word for word in everything if word.islower()} | set(Lorem.word_list) | NO_NAMES


def main() -> None:
    words, others = _words(), set(_OTHER.split()) | _places()
    first, last = _faker("first_name") | FIRST, _faker("last_name")
    sure = (first - words - others) | (set(FIRST) - others - NO_NAMES)
    tables = {
        "first": sure,
        "first_too": (first & words) - others - NO_NAMES - sure,  # names that are words: Grace, Mark
        "last": last - words - others,
        "last_too": (last & words) - others - NO_NAMES,
        "other": others,
        "common": set(Lorem.word_list) | set(_GOODS.split()) | NO_NAMES,
    }
    packed = {name: " ".join(sorted(table)) for name, table in tables.items()}
    TARGET.write_bytes(gzip.compress(json.dumps(packed, ensure_ascii=False).encode(), mtime=0))
    print({name: len(table) for name, table in tables.items()}, f"{TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
