"""A release is complete, reproducible, and any change of it is noticed and named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from distill.export import IncompleteRelease, gather
from kefu.io import content_hash
from kefu.registry.seal import BaseModelRef, Manifest, TamperedRelease, seal, verify

BASE = {which: BaseModelRef(name=which, revision=None, content_hash="0" * 64) for which in ("centre", "edge")}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    parts = {}
    for name in ("adapter", "router"):
        parts[name] = tmp_path / name
        parts[name].mkdir()
        (parts[name] / "weights.safetensors").write_bytes(name.encode() * 100)
    pack = tmp_path / "shop"
    files = ("pack.yaml", "flows/a.yaml", "golden/g.yaml", "knowledge/policies/p.md", "db/t.csv", "sample/x.yaml")
    for name in files:
        (pack / name).parent.mkdir(parents=True, exist_ok=True)
        (pack / name).write_text(name)
    folder = tmp_path / "release"
    folder.mkdir()
    gather(parts, pack, folder)
    return folder


def sealed(release: Path) -> Manifest:
    return seal(release, "tiny", BASE, "abc")


def test_what_is_in_it(release: Path) -> None:
    manifest = sealed(release)
    assert sorted(manifest.files) == [
        "adapter/weights.safetensors",
        "pack/db/t.csv",
        "pack/flows/a.yaml",
        "pack/golden/g.yaml",
        "pack/knowledge/policies/p.md",
        "pack/pack.yaml",
        "router/weights.safetensors",
    ]
    assert manifest.content_hash == content_hash(release, skip=frozenset({"manifest.json"}))
    assert verify(release) == verify(release, expected=manifest.content_hash) == manifest


def test_sealing_twice_is_the_same(release: Path) -> None:
    sealed(release)
    before = (release / "manifest.json").read_bytes()
    sealed(release)
    assert (release / "manifest.json").read_bytes() == before


def test_every_flipped_byte_is_noticed(release: Path) -> None:
    for name in sealed(release).files:
        content = (release / name).read_bytes()
        (release / name).write_bytes(bytes([content[0] ^ 1]) + content[1:])
        with pytest.raises(TamperedRelease, match=f"{name} was changed"):
            verify(release)
        (release / name).write_bytes(content)
    verify(release)


def test_parts_that_are_not_loaded_need_not_be_hashed_and_all_else_is(release: Path) -> None:
    manifest, without = sealed(release), frozenset({"adapter"})
    (release / "adapter/weights.safetensors").write_bytes(b"other")
    assert verify(release, manifest.content_hash, without) == manifest
    with pytest.raises(TamperedRelease, match=r"adapter/weights.safetensors was changed"):
        verify(release)
    (release / "router/weights.safetensors").write_bytes(b"other")
    with pytest.raises(TamperedRelease, match=r"router/weights.safetensors was changed"):
        verify(release, manifest.content_hash, without)


def test_missing_and_added_files(release: Path) -> None:
    sealed(release)
    (release / "pack/pack.yaml").rename(release / "pack/other.yaml")
    with pytest.raises(TamperedRelease, match=r"pack/other.yaml was added; pack/pack.yaml is missing"):
        verify(release)


def test_a_file_and_its_manifest_changed_together(release: Path) -> None:
    original = sealed(release)
    (release / "pack/pack.yaml").write_text("evil")
    sealed(release)
    with pytest.raises(TamperedRelease, match="the registry says"):
        verify(release, expected=original.content_hash)


def test_a_manifest_whose_hash_is_not_its_own(release: Path) -> None:
    manifest = sealed(release).model_copy(update={"content_hash": "0" * 64})
    (release / "manifest.json").write_text(manifest.model_dump_json())
    with pytest.raises(TamperedRelease, match="does not belong"):
        verify(release)


@pytest.mark.parametrize("content", [None, "{}", "not json"])
def test_no_manifest(release: Path, content: str | None) -> None:
    if content is not None:
        (release / "manifest.json").write_text(content)
    with pytest.raises(TamperedRelease, match=r"manifest\.json is (missing|not a manifest)"):
        verify(release)


def test_a_missing_part_names_its_stage(release: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "router")
    with pytest.raises(IncompleteRelease, match="dvc repro router"):
        gather({"router": tmp_path / "router"}, tmp_path / "shop", tmp_path / "new")
