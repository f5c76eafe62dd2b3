"""What a pack's ``sample/*.yaml`` may say, typed and checked before anything is generated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from kefu.shop.pack import Pack
from kefu.shop.part import Lang, PackError
from kefu.yaml_file import read_yaml

Share = Annotated[float, Field(ge=0, le=1)]
Phrases = dict[Lang, tuple[str, ...]]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rates(Part):
    """Shares of dialogues or turns, each between 0 and 1."""

    english: Share = Field(description="of people who are not customers of the demo database")
    known_customer: Share
    greeting: Share
    closing: Share
    follow_up: Share
    bare_data: Share = Field(description="topics that begin with nothing but an order number")
    abandoned: Share
    csat: Share
    typo: Share = Field(description="customer turns with a slip")
    sloppy: Share = Field(description="customer turns without or with too much punctuation")
    mixed: Share = Field(description="customer turns with words of the other language or script")
    repeated: Share = Field(description="customer turns that are sent twice")
    broken: Share
    duplicate: Share
    near_duplicate: Share
    reviewed: Share = Field(description="dialogues whose turns people labelled")
    human_error: Share = Field(description="of those labels")
    own_words: Share = Field(
        0.0, description="agents' turns to held-out customers in words of their own (own_words.yaml)"
    )


class Settings(Part):
    first_day: str = Field(description="YYYY-MM-DD")
    offset: str = Field(description="of the times, e.g. +08:00")
    strangers: int = Field(gt=0, description="people who are not in the demo database")
    topics: tuple[float, ...] = Field(description="weights of 1, 2, … topics in a dialogue")
    hours: tuple[float, ...] = Field(min_length=24, max_length=24, description="weight of each hour of the day")
    csat: dict[str, tuple[float, ...]] = Field(description="outcome → weights of 1 to 5 stars")
    customers: str = Field(description="query: customer_id, name, phone, email of the demo database")
    orders: dict[str, str] = Field(description="name → query of :customer's order ids before :day")
    intents: dict[str, float] = Field(description="weight of each intent as a topic")
    faq_share: dict[str, float] = Field(
        {}, description="intent → share of its topics that are knowledge questions, 0.3 unless told"
    )
    rates: Rates


class People(Part):
    """Settings of the makers of personal data (``data/sample/people.py``)."""

    surnames: str
    given: tuple[str, ...]
    english_names: tuple[str, ...]
    mail_domains: tuple[str, ...]
    phone_prefixes: tuple[str, ...]
    phone_spellings: tuple[str, ...] = Field(description="formats over a, b, c: the 3, 4 and 4 digits")
    regions: tuple[str, ...] = Field(min_length=1, description="six-digit region codes of ID cards")
    card_prefixes: tuple[str, ...]
    addresses: Phrases
    order_number: str = Field(description="{date} is YYMMDD, # a digit")
    formats: dict[str, str] = Field({}, description="other made-up numbers: name → format, # a digit")


class Slip(Part):
    """How customers mistype: what is written → what comes out."""

    typos: dict[Lang, dict[str, str]]
    other_script: dict[Lang, dict[str, str]]
    endings: dict[Lang, tuple[str, ...]] = Field(description="too much punctuation")


class Beat(Part):
    """One step of a script: somebody says a phrase of a group, or one of several scripts follows."""

    c: str | None = Field(None, description="phrase group the customer speaks from")
    a: str | None = Field(None, description="phrase group the agent speaks from, or faq:<id>")
    any: tuple[tuple[Beat, ...], ...] = ()
    intent: str | None = Field(None, description="of this customer turn; None: the script's")
    unless: str | None = Field(None, description="left out when this was said already in the topic")
    p: Share = 1.0


class Script(Part):
    id: str
    intent: str
    weight: float = Field(1.0, gt=0)
    order: str | None = Field(None, description="which of the settings' order queries its order comes from")
    outcome: str = "resolved"
    since: int = 0
    beats: tuple[Beat, ...]


class FollowUp(Part):
    """A further question on a topic, often too short to be understood alone."""

    c: Phrases
    a: str


OwnWords = dict[Lang, dict[str, tuple[str, ...]]]


class Spec(Part):
    settings: Settings
    people: People
    slips: Slip
    words: dict[str, Phrases] = Field(description="{name} → what may stand there")
    by_slot: dict[str, dict[str, Phrases]] = Field({}, description="{slot~name} → slot value → phrases")
    values: dict[str, dict[str, Phrases]] = Field(description="{slot=name} → slot value → how customers say it")
    phrases: dict[str, Phrases]
    scripts: tuple[Script, ...]
    own_words: OwnWords = Field({}, description="language → words of agents → what they also write")
    follow_ups: dict[str, tuple[FollowUp, ...]] = Field(description="intent → further questions")


def _groups(beats: tuple[Beat, ...]) -> set[str]:
    inner = {name for beat in beats for script in beat.any for name in _groups(script)}
    return inner | {name for beat in beats for name in (beat.c, beat.a) if name}


def _check(spec: Spec, pack: Pack, folder: Path) -> None:
    faq = {f"faq:{entry.id}" for entry in pack.faq}
    problems = [
        f"scripts: {s.id}: unknown intent {s.intent}" for s in spec.scripts if s.intent not in pack.taxonomy.names
    ]
    known = faq | set(spec.phrases)
    for script in spec.scripts:
        problems += [f"scripts: {script.id}: no phrases {n!r}" for n in sorted(_groups(script.beats) - known)]
    for intent, questions in spec.follow_ups.items():
        problems += [f"follow_ups: {intent}: no phrases {q.a!r}" for q in questions if q.a not in known]
    problems += [f"values: {name}: no such slot" for name in spec.values if name not in pack.slots]
    if problems:
        raise PackError(f"{folder}: " + "; ".join(problems))


def load_spec(pack: Pack) -> Spec:
    """Reads ``sample/*.yaml`` of a pack: one file a field of Spec. Raises PackError with file and field."""
    folder = pack.folder / "sample"
    parts = {}
    for name, field in Spec.model_fields.items():
        path = folder / f"{name}.yaml"
        if not path.exists() and not field.is_required():
            continue
        try:
            raw = read_yaml(path)
            parts[name] = TypeAdapter[Any](field.annotation or object).validate_python(raw)
        except (OSError, yaml.YAMLError) as error:
            raise PackError(f"{path}: cannot be read: {error}") from error
        except ValidationError as error:
            rows = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
            raise PackError(f"{path}: " + "; ".join(rows)) from error
    spec = Spec(**parts)
    _check(spec, pack, folder)
    return spec
