"""Each copyleft licence among all installed packages is named in docs/dependencies.md."""

from __future__ import annotations

import pytest

from tests.docs.licences import PAGE, UNKNOWN, Licence, licences, unexplained


def test_every_copyleft_or_unknown_licence_has_its_reason() -> None:
    found = licences()
    assert len(found) > 200  # the whole tree was looked at
    assert unexplained(found, PAGE.read_text(encoding="utf8")) == []


@pytest.mark.parametrize(
    ("licence", "copyleft"),
    [
        ("GPL-3.0-only", True),
        ("GNU Affero General Public License v3", True),
        ("LGPL-2.1-or-later", True),
        ("MPL-2.0 AND MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("EPL-2.0 OR GPL-2.0-or-later", True),
        ("Apache-2.0 OR GPL-2.0-or-later", False),
        ("BSD-3-Clause", False),
        ("MIT License", False),
    ],
)
def test_copyleft_is_told_from_permissive(licence: str, copyleft: bool) -> None:
    assert Licence("krippendorff", "0.8", licence).is_copyleft == copyleft


def test_an_unknown_copyleft_licence_fails() -> None:
    page = "## Copyleft\n| package | why |\n|---|---|\n| certifi, tqdm | fine |\n\n## Next\n| other | x |\n"
    found = [Licence("certifi", "1", "MPL-2.0"), Licence("other", "1", "GPL-3.0-only"), Licence("new", "1", UNKNOWN)]
    assert [one.package for one in unexplained(found, page)] == ["other", "new"]
