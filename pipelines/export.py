"""Merges the adapter, gathers what serving loads, seals it with a manifest.

python -m pipelines.export
"""

from distill.export import gather
from kefu.bases import open_base
from kefu.io import atomic_dir
from kefu.paths import ADAPTER, BASE, EDGE, RELEASE, RETRIEVER, ROOT, ROUTER
from kefu.release import seal
from pipelines.stage import git_commit, stage
from training.merge import merge


def main() -> None:
    with stage("export") as s:
        centre, edge = open_base(BASE, "centre"), open_base(BASE, "edge")
        parts = {"adapter": ADAPTER, "edge": EDGE, "retriever": RETRIEVER, "router": ROUTER}
        with atomic_dir(RELEASE) as release:
            gather(parts, ROOT / s.params.pack, release)
            merge(centre, ADAPTER, release / "centre")
            manifest = seal(release, s.params.profile, {"centre": centre.ref, "edge": edge.ref}, git_commit())
            size = sum(path.stat().st_size for path in release.rglob("*") if path.is_file())
        print(f"   release {manifest.content_hash[:12]}: {len(manifest.files)} files, {size / 1e6:.1f} MB")
        s.log({"files": len(manifest.files), "megabytes": size / 1e6})


if __name__ == "__main__":
    main()
