"""Each reason of quarantine that the code can give is told in Chinese, too, and like reasons are one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from data.monitoring.reasons import in_both_languages, without_values
from kefu.paths import ROOT

ERRORS = {"BadRow", "Invalid", "Piece", "Problem", "Undecodable"}
NAMES = {"reason", "_CLASH"}
VALUE = "7"  # stands for what a message fills in


def _message(node: ast.expr | None) -> str | None:
    """The text of a literal, with VALUE for what is filled in; None for what is no sentence."""
    match node:
        case ast.Constant(value=str(text)):
            return text if " " in text else None
        case ast.JoinedStr(values=parts):
            words = [part.value if isinstance(part, ast.Constant) else VALUE for part in parts]
            return "".join(map(str, words)) if any(" " in str(word) for word in words) else None
    return None


def reasons_in_code() -> Iterator[str]:
    """Messages of errors in readers and validation, and what is bound to a name for a reason."""
    for file in sorted(path for room in ("channels", "ingest") for path in (ROOT / "data" / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_bytes())):
            found = list[ast.expr | None]()
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                found = [*node.args]
            elif isinstance(node, ast.Assign) and NAMES & {t.id for t in node.targets if isinstance(t, ast.Name)}:
                found = [node.value]
            yield from filter(None, map(_message, found))


def test_every_reason_of_the_readers_is_told_in_chinese() -> None:
    given = sorted({without_values(reason) for reason in reasons_in_code()})
    assert len(given) > 35  # the search above finds them
    told = {reason: in_both_languages(reason) for reason in given}
    assert [reason for reason, text in told.items() if text.zh == text.en] == []
    assert all(text.en == reason for reason, text in told.items())


@pytest.mark.parametrize(
    ("reason", "chinese"),
    [
        ("turns[3].role: 'robot9' is not one of agent, bot", "turns[…].role：… 不在 agent, bot 之内"),
        ("field customer, turns is missing", "缺字段 customer, turns"),
        ("the record: expected an object, got list", "整条记录：应为对象，却是 list"),
        ("turns: expected an array, got str", "turns：应为数组，却是 str"),
        ("not JSON: Expecting ',' delimiter: line 1 column 90 (char 89)", "不是合法的 JSON：缺分隔符"),
        ("session is incomplete: line 12: 7 columns instead of 9", "会话不完整：第 … 行：有 … 列，应为 … 列"),
        ("two customers in one session: c_1 (a) and c_2 (b)", "一个会话里有两位顾客：请每位顾客的对话单独导出"),
        ("a reason {that} nobody has worded", "a reason {that} nobody has worded"),
    ],
)
def test_a_reason_keeps_its_fields_and_loses_its_values(reason: str, chinese: str) -> None:
    assert in_both_languages(without_values(reason)).zh == chinese
