"""Merges the adapter, gathers what serving loads, seals it with a manifest.

python -m pipelines.export
"""

from pathlib import Path

from data.forget import trained_on
from distill.export import gather
from kefu.io import atomic_dir, read_json
from kefu.llm.base_models import open_base
from kefu.llm.models import MODELS
from kefu.params import load_section
from kefu.paths import ADAPTER, BASE, CHAMPION, CORPUS, DIALOGUES, EDGE, RELEASE, RETRIEVER, ROUTER, SETS
from kefu.registry import releases
from kefu.registry.seal import seal
from pipelines.stage import git_commit, stage
from training.adapter import merge
from training.params.base import Base
from training.params.finetune import Finetune


def tell_whom(release: Path) -> None:
    """Writes whom the models were trained on, so that `kefu forget` can say which ones saw a person."""
    base, tuning = load_section("base", Base), load_section("finetune", Finetune)
    names = (base.centre, base.edge)
    built_here = any(name in MODELS and MODELS[name].size for name in names)
    pretrained = trained_on.pretrained_on(CORPUS / "chats.jsonl", DIALOGUES) if built_here else set()
    version = read_json(CHAMPION)["version"] if tuning.from_champion else None
    champion = releases.download_release(version) if version is not None else None
    trained_on.write(release, SETS, pretrained, champion)


def main() -> None:
    with stage("export") as s:
        centre, edge = open_base(BASE, "centre"), open_base(BASE, "edge")
        parts = {"adapter": ADAPTER, "edge": EDGE, "retriever": RETRIEVER, "router": ROUTER}
        with atomic_dir(RELEASE) as release:
            gather(parts, s.pack, release)
            tell_whom(release)
            merge(centre, ADAPTER, release / "centre")
            manifest = seal(release, s.profile, {"centre": centre.ref, "edge": edge.ref}, git_commit())
            size = sum(path.stat().st_size for path in release.rglob("*") if path.is_file())
        print(f"   release {manifest.content_hash[:12]}: {len(manifest.files)} files, {size / 1e6:.1f} MB")
        s.log({"files": len(manifest.files), "megabytes": size / 1e6})


if __name__ == "__main__":
    main()
