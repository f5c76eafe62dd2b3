"""Parameters that older params.yaml files hold under another name, or that are gone."""

from pathlib import Path

import pytest
import yaml

from kefu.params import REMOVED, RENAMED, ParamsError
from kefu.paths import PARAMS
from pipelines.params import load_params


def old_file(folder: Path, section: str, name: str, new: str | None) -> Path:
    """params.yaml as it was: ``name`` in place of ``new``, or beside what is there now."""
    raw = yaml.safe_load(PARAMS.read_text(encoding="utf8"))
    raw[section][name] = raw[section].pop(new) if new else 1
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf8")
    return path


@pytest.mark.parametrize("old", sorted(RENAMED))
def test_an_old_name_is_refused_with_the_new_one(old: str, tmp_path: Path) -> None:
    section, name = old.split(".")
    now = load_params().model_dump()[section]
    new = RENAMED[old].removeprefix(f"{section}.")
    assert new in now and name not in now
    with pytest.raises(ParamsError, match=f"{old}: is called {RENAMED[old]}"):
        load_params(old_file(tmp_path, section, name, new))


@pytest.mark.parametrize("old", sorted(REMOVED))
def test_a_removed_parameter_is_refused_with_the_reason(old: str, tmp_path: Path) -> None:
    section, name = old.split(".")
    with pytest.raises(ParamsError, match=f"{old}: was removed: "):
        load_params(old_file(tmp_path, section, name, None))
