"""The SAMPLE days: the same bytes each time, days that do not disturb each other, truth that fits the text."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from data.sample.generate import Size, generate
from data.sample.people import bank_card, id_card
from data.sample.spec import load_spec
from data.sample.template import TemplateError, expand, parse
from kefu.io import read_jsonl
from kefu.paths import ROOT
from kefu.privacy.detectors import numbers
from kefu.privacy.redact import Redactor
from kefu.schema import Label
from kefu.shop.pack import Pack, load_pack
from kefu.shop.part import PackError
from kefu.shop.slots import extract, language
from kefu.split import fraction
from serving.tools.demo_database import build

SHOP = ROOT / "shop"


@dataclass(frozen=True)
class Made:
    folder: Path
    counts: dict[str, float]

    def day(self, name: str) -> bytes:
        return (self.folder / "shop" / f"dt={name}" / "chat.jsonl").read_bytes()

    def labels(self, name: str) -> list[Label]:
        return list(read_jsonl(self.folder / f"{name}.jsonl", Label))


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(SHOP)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    db = tmp_path_factory.mktemp("shop") / "shop.db"
    build(SHOP, db)
    with closing(sqlite3.connect(db)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def make(pack: Pack, shop: sqlite3.Connection, folder: Path, size: Size) -> Made:
    reviewed, truth = folder / "reviewed.jsonl", folder / "truth.jsonl"
    return Made(folder, generate(pack, shop, folder / "shop", reviewed, truth, size))


@pytest.fixture(scope="module")
def week(pack: Pack, shop: sqlite3.Connection, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(pack, shop, tmp_path_factory.mktemp("week"), Size(days=7, dialogues=460, seed=7))


def test_a_week_has_what_the_demo_promises(week: Made) -> None:
    lines = [line for path in week.folder.glob("shop/*/chat.jsonl") for line in path.read_text("utf8").splitlines()]
    assert week.counts["dialogues"] >= 3000
    assert len(lines) == week.counts["lines"]
    twice = sum(count - 1 for count in Counter(lines).values())
    assert 0.01 < twice / len(lines) < 0.03
    broken = len(lines) - twice - week.counts["dialogues"]
    assert 0.004 < broken / len(lines) < 0.02


def test_the_same_seed_gives_the_same_bytes_and_more_days_leave_the_others(
    pack: Pack, shop: sqlite3.Connection, tmp_path: Path
) -> None:
    two = make(pack, shop, tmp_path / "two", Size(2, 40, 7))
    three = make(pack, shop, tmp_path / "three", Size(3, 40, 7))
    again = make(pack, shop, tmp_path / "again", Size(3, 40, 7))
    other = make(pack, shop, tmp_path / "other", Size(2, 40, 8))
    for day in ("2026-11-09", "2026-11-10"):
        assert two.day(day) == three.day(day) == again.day(day) != other.day(day)
    assert three.day("2026-11-11") == again.day("2026-11-11")
    assert three.labels("reviewed")[: len(two.labels("reviewed"))] == two.labels("reviewed")


def _rows(made: Made) -> dict[str, dict[str, Any]]:
    """Dialogues by day and session; lines that are broken are left out."""
    found = {}
    for path in sorted(made.folder.glob("shop/*/chat.jsonl")):
        for line in path.read_text("utf8").splitlines():
            with suppress(ValueError, KeyError, TypeError):
                row = json.loads(line)
                found[f"{path.parent.name} {row['session']}"] = {
                    "customer": row["customer"],
                    "customers": [t["text"] for t in row["turns"] if t["role"] == "customer"],
                    "agents": [t["text"] for t in row["turns"] if t["role"] == "agent"],
                }
    return found


def test_agents_answer_held_out_customers_in_words_that_no_other_customer_reads(
    pack: Pack, shop: sqlite3.Connection, week: Made, tmp_path: Path
) -> None:
    def is_held_out(customer: str) -> bool:
        return fraction(customer, seed=3) < 0.2

    reviewed, truth = tmp_path / "reviewed.jsonl", tmp_path / "truth.jsonl"
    generate(pack, shop, tmp_path / "shop", reviewed, truth, Size(days=7, dialogues=460, seed=7), is_held_out)
    before, now = _rows(week), _rows(Made(tmp_path, {}))
    assert before.keys() == now.keys()
    answers = {text for faq in pack.faq for lang in ("zh", "en") for text in [faq.answer.in_(lang)]}
    taught = {text for row in now.values() if not is_held_out(row["customer"]) for text in row["agents"]}
    reworded = unseen = faqs = 0
    for name, row in now.items():
        assert row["customers"] == before[name]["customers"], "customers write as they did"
        for was, said in zip(before[name]["agents"], row["agents"], strict=True):
            reworded += was != said
            unseen += was != said and said not in taught
            answer = next((answer for answer in answers if answer in was), "")
            faqs += bool(answer) and was != said
            assert answer in said, "the shop's promises are not reworded"
        assert is_held_out(row["customer"]) or row["agents"] == before[name]["agents"]
    held_out = sum(len(row["agents"]) for row in now.values() if is_held_out(row["customer"]))
    assert 0.2 < unseen / held_out < 0.5 and unseen / reworded > 0.9 and faqs > 10


def _texts(week: Made) -> dict[tuple[str, int], str]:
    texts: dict[tuple[str, int], str] = {}
    for path in sorted(week.folder.glob("shop/*/chat.jsonl")):
        for line in path.read_text("utf8").splitlines():
            try:
                row = json.loads(line)
                turns = [(turn["role"], turn["text"]) for turn in row["turns"]]
                name = f"shop:{path.parent.name[3:]}:{row['session']}"
            except (ValueError, KeyError, TypeError):
                continue  # one of the broken lines
            texts |= {
                (name, i): text for i, (role, text) in enumerate(turns) if role == "customer" and isinstance(text, str)
            }
    return texts


def test_truth_names_every_customer_turn_and_reviewers_saw_some_of_them(pack: Pack, week: Made) -> None:
    texts, truth = _texts(week), {(x.dialogue_id, x.turn): x for x in week.labels("truth") if x.what == "intent"}
    assert set(truth) <= set(texts)
    assert {label.value for label in truth.values()} == set(pack.taxonomy.names)
    seen = [label for label in week.labels("reviewed") if label.what == "intent"]
    assert not any(":2026-11-15:" in label.dialogue_id for label in seen), "the last day waits for the machine"
    wrong = sum(truth[label.dialogue_id, label.turn].value != label.value for label in seen) / len(seen)
    assert 0.005 < wrong < 0.03
    assert 0.2 < len(seen) / len(truth) < 0.3


def test_slots_are_what_the_rules_find_and_no_personal_data_is_a_label(pack: Pack, week: Made) -> None:
    texts, labels = _texts(week), [x for x in week.labels("truth") if x.what.startswith("slot:")]
    found = [
        extract(texts[x.dialogue_id, int(x.turn or 0)], pack.slots, language(texts[x.dialogue_id, int(x.turn or 0)]))
        for x in labels
    ]
    right = sum(slots.get(x.what[5:]) == x.value for slots, x in zip(found, labels, strict=True))
    assert len(labels) > 300
    assert right / len(labels) > 0.9  # the rest was mistyped
    assert all(pack.slots[x.what[5:]].pii is None for x in labels)


def test_personal_data_of_every_kind_is_there_and_redaction_finds_it(pack: Pack, week: Made) -> None:
    redactor, kinds = Redactor(pack.shop.pii), Counter[str]()
    for text in _texts(week).values():
        kinds.update(found.kind for found in redactor.find(text))
    for kind in ("ORDER", "TRACKING", "PHONE", "NAME", "ADDRESS", "EMAIL", "ID_CARD", "BANK_CARD", "TAX"):
        assert kinds[kind] >= 3, kinds


def test_later_days_bring_new_words_and_short_questions_mean_several_things(week: Made) -> None:
    texts = _texts(week)
    early = {text for (name, _), text in texts.items() if ":2026-11-09:" in name}
    late = [text for (name, _), text in texts.items() if ":2026-11-15:" in name]
    assert sum(text not in early for text in late) / len(late) > 0.4
    truth = {(x.dialogue_id, x.turn): x.value for x in week.labels("truth") if x.what == "intent"}
    meanings = {intent for turn, intent in truth.items() if texts[turn[0], int(turn[1] or 0)].startswith("多久")}
    assert len(meanings) >= 5


def test_check_digits_are_right() -> None:
    rng = random.Random(1)
    assert all(numbers.id_card(id_card("310115", rng)) for _ in range(50))
    assert all(numbers.bank_card(bank_card("622202", rng)) for _ in range(50))


def test_phrases_say_what_their_brackets_allow() -> None:
    rng, said = random.Random(1), set[str]()
    for _ in range(200):
        said.add(expand(parse("(a|b(c|))，{x}"), rng, str.upper))
    assert said == {"a，X", "b，X", "bc，X"}
    for wrong in ("(a|b", "a)b", "a{b"):
        with pytest.raises(TemplateError):
            parse(wrong)


def test_a_broken_sample_file_is_named_with_its_field(tmp_path: Path) -> None:
    folder = shutil.copytree(SHOP, tmp_path / "shop")
    path = folder / "sample/settings.yaml"
    raw = yaml.safe_load(path.read_text("utf8"))
    raw["rates"]["typo"] = 2
    path.write_text(yaml.safe_dump(raw), encoding="utf8")
    with pytest.raises(PackError, match=r"settings\.yaml: rates\.typo"):
        load_spec(load_pack(folder))
