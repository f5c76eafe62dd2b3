"""Merges the adapter, gathers what serving loads, seals it with a manifest.

python -m pipelines.export
"""

from pathlib import Path

from data.forget import trained_on
from distill.export import gather
from kefu.io import atomic_dir, read_json
from kefu.llm.base_models import MissingBase, open_base
from kefu.llm.models import MODELS
from kefu.paths import ADAPTER, BASE, CHAMPION, CORPUS, DIALOGUES, EDGE, RELEASE, RETRIEVER, ROOT, ROUTER, SETS
from kefu.registry import tracking
from kefu.registry.seal import seal
from pipelines.params import Params
from pipelines.stage import git_commit, stage
from training.merge import merge


def tell_whom(release: Path, params: Params) -> None:
    """Writes whom the models were trained on, so that `kefu forget` can say which ones saw a person."""
    names = (params.base.centre, params.base.edge)
    built_here = any(name in MODELS and MODELS[name].size for name in names)
    base = trained_on.pretrained_on(CORPUS / "chats.jsonl", DIALOGUES) if built_here else set()
    version = read_json(CHAMPION)["version"] if params.finetune.from_champion else None
    champion = tracking.download_release(version) if version is not None else None
    trained_on.write(release, SETS, base, champion)


def main() -> None:
    with stage("export", MissingBase) as s:
        centre, edge = open_base(BASE, "centre"), open_base(BASE, "edge")
        parts = {"adapter": ADAPTER, "edge": EDGE, "retriever": RETRIEVER, "router": ROUTER}
        with atomic_dir(RELEASE) as release:
            gather(parts, ROOT / s.params.pack, release)
            tell_whom(release, s.params)
            merge(centre, ADAPTER, release / "centre")
            manifest = seal(release, s.params.profile, {"centre": centre.ref, "edge": edge.ref}, git_commit())
            size = sum(path.stat().st_size for path in release.rglob("*") if path.is_file())
        print(f"   release {manifest.content_hash[:12]}: {len(manifest.files)} files, {size / 1e6:.1f} MB")
        s.log({"files": len(manifest.files), "megabytes": size / 1e6})


if __name__ == "__main__":
    main()
