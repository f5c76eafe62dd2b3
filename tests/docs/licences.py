"""Licences of everything that the locks install, read from the installed packages; copyleft ones come first.

    make licences        # = python -m tests.docs.licences

A copyleft licence has to be named in docs/dependencies.md with why it is fine. Not covered: packages that are not
installed here (PyTorch's CUDA build), and what a wheel bundles beyond its own licence.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

from packaging.utils import canonicalize_name

from kefu.paths import ROOT

PAGE = ROOT / "docs/dependencies.md"
LOCKED = re.compile(r"^([\w.-]+)==", re.MULTILINE)
COPYLEFT = re.compile(r"GPL|General Public|MPL|Mozilla|EPL|Eclipse|EUPL|CDDL|OSL|SSPL|CC-BY-SA|copyleft", re.IGNORECASE)
PERMISSIVE = re.compile(r"^(Apache|BSD|MIT|ISC|0BSD|PSF|Python|Unlicense|Zlib|CC0|CNRI|HPND)", re.IGNORECASE)
# Of packages that name no licence, by the text they carry.
TEXTS = {"Apache License": "Apache-2.0", "Permission is hereby granted": "MIT", "Redistribution and use": "BSD"}
UNKNOWN = "UNKNOWN"


class Licence(NamedTuple):
    """What a package's metadata, or else its licence file, says."""

    package: str
    version: str
    licence: str

    @property
    def is_copyleft(self) -> bool:
        """Whether it binds whoever passes the package on, also in part; of `A OR B` the freer one may be chosen."""
        alternatives = re.split(r"\bOR\b(?![^(]*\))", self.licence)
        return not any(PERMISSIVE.match(one.strip()) and not COPYLEFT.search(one) for one in alternatives) and bool(
            COPYLEFT.search(self.licence)
        )


def licence_of(package: Distribution) -> str:
    told = package.metadata
    classifiers = [one.split(" :: ")[-1] for one in told.get_all("Classifier") or () if one.startswith("License ::")]
    names = [one for one in classifiers if one != "OSI Approved"]
    (text,) = told.get_all("License") or ("",)
    first_line = text.strip().partition("\n")[0]
    (expression,) = told.get_all("License-Expression") or ("",)
    return expression or "; ".join(names) or first_line or _by_text(package)


def _by_text(package: Distribution) -> str:
    files = [one for one in package.files or () if re.search("licen[cs]e|copying", one.name, re.IGNORECASE)]
    texts = [Path(str(package.locate_file(one))).read_text(encoding="utf8", errors="replace")[:2000] for one in files]
    return next((name for words, name in TEXTS.items() for text in texts if words in text), UNKNOWN)


def installed(site_packages: Path, *locks: str) -> Iterator[Licence]:
    """Licences of the packages of some locks that are installed in a folder, sorted by name."""
    text = "".join((ROOT / f"requirements/{lock}.lock").read_text(encoding="utf8") for lock in locks)
    wanted = {canonicalize_name(name) for name in LOCKED.findall(text)}
    found = {canonicalize_name(one.metadata["Name"]): one for one in distributions(path=[str(site_packages)])}
    for name in sorted(wanted & found.keys()):
        yield Licence(name, found[name].version, licence_of(found[name]))


def licences() -> list[Licence]:
    """Of this interpreter's packages, and of Label Studio's venv where there is one."""
    own = Path(sysconfig.get_path("purelib"))
    found = set(installed(own, "kefu", "dev", "torch-cpu"))
    for server in (ROOT / ".venv/label-studio/lib").glob("python*/site-packages"):
        found |= set(installed(server, "label-studio"))
    return sorted(found, key=lambda one: (not one.is_copyleft, one))


def unexplained(found: list[Licence], page: str) -> list[Licence]:
    """Those that are copyleft or not known, and that no row of the page's table of copyleft licences names."""
    table = page.partition("## Copyleft")[2].partition("\n## ")[0]
    named = {name.strip() for row in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for name in row.split(",")}
    return [one for one in found if (one.is_copyleft or one.licence == UNKNOWN) and one.package not in named]


def main() -> int:
    found = licences()
    for one in found:
        sys.stdout.write(
            f"{'copyleft' if one.is_copyleft else '':<10}{one.package:<36}{one.version:<18}{one.licence}\n"
        )
    missing = unexplained(found, PAGE.read_text(encoding="utf8"))
    for one in missing:
        sys.stdout.write(f"docs/dependencies.md: {one.package} ({one.licence}): say why it is fine, or replace it\n")
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
