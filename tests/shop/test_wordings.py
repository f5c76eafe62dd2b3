"""Reading the labelled messages of a pack."""

from pathlib import Path

from kefu.shop.wordings.labelled import load_wordings
from tests.fixtures.demo_pack import PACK


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    pack = PACK.model_copy(update={"folder": tmp_path})
    file = tmp_path / "wordings/wishes.yaml"
    file.parent.mkdir()
    for text in ("转人工", "找真人"):
        file.write_text(f"- {{say: {text}, acts: [person]}}\n", encoding="utf8")
        assert [wording.say for wording in load_wordings(pack)] == [text]
        assert load_wordings(pack)[0] is load_wordings(pack)[0]
