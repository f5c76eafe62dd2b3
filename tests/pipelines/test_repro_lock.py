"""A dvc.lock that a kill cut short, wherever it was cut, is never left for DVC to refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from dvc.dvcfile import Lockfile
from dvc.exceptions import DvcException
from dvc.rwlock import RWLockFileCorruptedError
from dvc.utils.serialize import ParseError, parse_yaml
from dvc.utils.strictyaml import YAMLSyntaxError
from dvc.utils.strictyaml import load as load_strict_yaml

from kefu.paths import ROOT
from pipelines.commands.repro import mend_lock

LOCK = """schema: '2.0'
stages:
  ingest:
    cmd: python -m pipelines.ingest
    deps:
    - path: store/raw
      hash: md5
      md5: 0123456789abcdef0123456789abcdef.dir
      size: 12345
      nfiles: 7
    params:
      params.yaml:
        ingest.sources:
          shop:
            channel: kefu_jsonl
            timezone: Asia/Shanghai
        profile: tiny
      store/code.json:
        ingest: 0123456789abcdef
    outs:
    - path: store/dialogues
      hash: md5
      md5: fedcba9876543210fedcba9876543210.dir
      size: 54321
      nfiles: 7
  corpus:
    cmd: python -m pipelines.corpus
    outs:
    - path: store/corpus
      hash: md5
      md5: 00112233445566778899aabbccddeeff.dir
      size: 99
      nfiles: 2
"""


def dvc_takes(text: str) -> bool:
    try:
        Lockfile.validate(parse_yaml(text, "dvc.lock"), "dvc.lock")
    except (DvcException, ParseError):
        return False
    return True


def test_what_dvc_would_refuse_is_set_aside_wherever_it_was_cut(tmp_path: Path) -> None:
    lock, torn = tmp_path / "dvc.lock", tmp_path / "dvc.lock.torn"
    refused = 0
    for end in range(len(LOCK)):
        lock.write_text(LOCK[:end])
        refused += not dvc_takes(LOCK[:end])
        assert mend_lock(lock) or dvc_takes(LOCK[:end]), f"cut after {LOCK[:end][-30:]!r}"
        if torn.exists():
            assert torn.read_text() == LOCK[:end]
            torn.unlink()
    assert refused > 100


@pytest.mark.parametrize("text", [LOCK, LOCK[: LOCK.index("  corpus")]])
def test_a_whole_one_stays(text: str, tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text(text)
    assert not mend_lock(tmp_path / "dvc.lock") and (tmp_path / "dvc.lock").read_text() == text


def test_the_guide_quotes_what_dvc_says_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    guide = (ROOT / "docs/guides/team.md").read_text(encoding="utf8")
    lock = tmp_path / "dvc.lock"
    lock.write_text("stages:\n  ingest: {cmd: x\n")
    monkeypatch.chdir(tmp_path)  # DVC wraps a longer path
    with pytest.raises(YAMLSyntaxError) as error:
        load_strict_yaml("dvc.lock")
    error.value.__pretty_exc__()
    assert "dvc.lock' is invalid" in capsys.readouterr().err and "dvc.lock' is invalid`" in guide
    said = str(RWLockFileCorruptedError(".dvc/tmp/rwlock"))
    assert said.startswith(quoted := "Unable to read RWLock-file") and f"`{quoted}`" in guide
