"""Two customers under one session: each can be forgotten, and nothing is signed that was not searched for."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data.channels.params import Columns, Source
from data.forget import ledger, raw
from data.forget.leftovers import Needle, search
from data.forget.raw import forget_raw
from kefu.io import read_json
from kefu.privacy.pseudonyms import pseudonym
from pipelines.commands import forget as pipeline
from pipelines.commands.cli import app
from tests.channels.examples import EXAMPLES, document, record
from tests.forget import conftest
from tests.forget.conftest import DAYS, Project
from tests.forget.test_raw import HER, HIM, hers, params, put

UB = "c_fedcba9876543210"


@pytest.mark.parametrize("channel", ["csv", "jddc", "serving_log"])
def test_raw_loses_his_rows_of_a_shared_session_and_keeps_hers(channel: str, tmp_path: Path) -> None:
    his, her = record(channel, 1, "我的单呢"), hers(channel, 1, "我也要退")
    path = put(tmp_path, document(channel, her, his, hers(channel, 2), record(channel, 3)).encode())
    him = str(EXAMPLES[channel].customer)
    customer = him if him.startswith("c_") else pseudonym(him)
    removed = forget_raw(tmp_path, customer, params(channel), True)
    assert removed.failed == [] and removed.shared >= {"shop:2026-11-09:s1"}
    assert path.read_text(encoding="utf8") == document(channel, her, hers(channel, 2))
    assert forget_raw(tmp_path, customer, params(channel), True).records == 0
    other = UB if channel == "serving_log" else pseudonym(HER)
    assert forget_raw(tmp_path, other, params(channel), True).failed == []
    assert path.read_text(encoding="utf8") == document(channel)


def test_rows_without_a_customer_stay_and_are_told(tmp_path: Path) -> None:
    rows = [f"m1,{who},2026/11/9 10:00,{role},{words}\n" for who, role, words in (
        (HIM, "买家", "我的单呢"), (HER, "买家", "我也要退"), ("", "卖家", "好的"), ("", "卖家", f"{HIM} 已退"),
    )]  # fmt: skip
    path = put(tmp_path, document("csv", *rows).encode())
    removed = forget_raw(tmp_path, pseudonym(HIM), params("csv"), True)
    assert (
        "1 rows without a customer stay" in removed.unclear[0] or "2 rows without a customer stay" in removed.unclear[0]
    )
    assert rows[1] in path.read_text(encoding="utf8") and "我的单呢" not in path.read_text(encoding="utf8")


TABLE = "会话,买家,发送方,内容\ns0,ux,买家,能退货吗\n1.23E+17,u2,买家,黑天鹅在吗\n1.23E+17,u3,买家,白天鹅有货吗\n"


@pytest.fixture
def shared(full: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A table in which a spreadsheet made one session of two customers'."""
    columns = Columns(session="会话", customer="买家", role="发送方", text="内容")
    table = Source(name="table", channel="csv", columns=columns, roles={"买家": "customer"})
    ingest = conftest.INGEST.model_copy(update={"sources": (*conftest.INGEST.sources, table)})
    monkeypatch.setattr(conftest, "INGEST", ingest)
    loaded = conftest.LOADED.model_copy(update={"ingest": ingest})
    monkeypatch.setattr(pipeline, "load_params", lambda: loaded)
    full.put(f"table/dt={DAYS[0]}/t.csv", TABLE)
    full.ingest()
    return full


@pytest.mark.parametrize(("customer", "words", "kept"), [("u3", "白天鹅", "黑天鹅"), ("u2", "黑天鹅", "白天鹅")])
def test_either_of_two_customers_can_be_forgotten(shared: Project, customer: str, words: str, kept: str) -> None:
    rows = shared.store / f"dialogues/dt={DAYS[0]}/quarantine.jsonl"
    assert words in rows.read_text(encoding="utf8") and f"table:{DAYS[0]}:1.23E+17" not in shared.dialogues()
    shown = CliRunner().invoke(app, ["forget", "--customer", customer])
    assert shown.exit_code == 0 and "nothing of this" not in shown.output, shown.output
    raw_file = (shared.root / f"store/raw/table/dt={DAYS[0]}/t.csv").read_text(encoding="utf8")
    assert words not in raw_file and kept in raw_file and "能退货吗" in raw_file
    assert words not in rows.read_text(encoding="utf8")
    shared.ingest()
    (left,) = [d for d in shared.dialogues().values() if d.id.endswith("1.23E+17")]
    assert kept in left.turns[0].text and words not in str(left)


SPELLINGS = {
    "utf8": "买家 u-zhou-77 来过".encode(),
    "gbk": "林小姐的号 来过".encode("gb18030"),
    "utf16": "id,u-zhou-77\r\n".encode("utf-16"),
    "utf16 chinese": "林小姐的号\r\n".encode("utf-16"),
    "escaped": b'{"nick": "\\u0075-zhou-77"}',
    "escaped chinese": json.dumps("林小姐的号").encode(),
    "gzip": gzip.compress("u-zhou-77,买家".encode()),
    "key": b'{"customer_id": 7}',
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_what_no_channel_reads_is_told_and_not_signed_as_nothing(full: Project, name: str) -> None:
    customer = "7" if name == "key" else "林小姐的号" if name == "gbk" or "chinese" in name else "u-zhou-77"
    path = full.root / "store/raw/old_system/dt=2020-01-01/export.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(SPELLINGS[name])
    shown = CliRunner().invoke(app, ["forget", "--customer", customer])
    assert shown.exit_code == 1 and "STILL THERE" in shown.output and "export.txt" in shown.output
    assert "nothing of this customer" not in shown.output
    done = ledger.rows(full.ledger)[-1]
    assert done["state"] == "done" and done["removed"] == {} and len(done["still_there"]) == 1
    assert customer == "7" or customer not in full.ledger.read_text(encoding="utf8")
    path.unlink()
    again = CliRunner().invoke(app, ["forget", "--customer", customer])
    assert again.exit_code == 0 and "nothing of this customer was found" in again.output
    assert ledger.rows(full.ledger)[-1]["still_there"] == [] and ledger.rows(full.ledger)[-1]["searched"]["files"] > 10


def test_words_in_the_store_are_searched_too(full: Project) -> None:
    line = conftest.line("mention", "u1", DAYS[0], "我替 u-zhou-77 问一下，什么时候到货")
    full.put(f"shop/dt={DAYS[0]}/b.jsonl", line)
    full.ingest()
    shown = CliRunner().invoke(app, ["forget", "--customer", "u-zhou-77"])
    assert shown.exit_code == 1 and "dialogues.parquet" in shown.output and "b.jsonl" in shown.output


def test_only_a_pseudonym_does_not_claim_that_raw_files_were_searched_for_the_id(full: Project) -> None:
    shown = CliRunner().invoke(app, ["forget", "--customer", pseudonym("nobody-we-know")])
    assert shown.exit_code == 0 and "nothing of this pseudonym" in shown.output
    assert "nothing of this customer" not in shown.output


def test_an_id_counts_as_a_whole_word(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("u-zhou-777 xu-zhou-77 csat 7", encoding="utf8")
    assert search([tmp_path], Needle(["u-zhou-77"])).found == search([tmp_path], Needle(["7"])).found == []
    (tmp_path / "a.zip").write_bytes(b"PK")
    assert ".zip is not read here" in search([tmp_path], Needle(["7"])).unsearched[0]


def test_a_rewritten_file_keeps_its_mode(tmp_path: Path) -> None:
    path = put(tmp_path, (record("kefu_jsonl", 1) + hers("kefu_jsonl", 2)).encode())
    path.chmod(0o600)
    assert forget_raw(tmp_path, pseudonym(HIM), params("kefu_jsonl"), True).files == 1
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_counts_still_add_up(shared: Project) -> None:
    facts = read_json(shared.store / f"dialogues/dt={DAYS[0]}/partition.json")
    ways = ("kept", "duplicates", "near_duplicates", "forgotten", "quarantined")
    assert facts["read"] == sum(facts[way] for way in ways) and raw.SETTLE_S
