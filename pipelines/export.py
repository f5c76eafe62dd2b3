"""Merges the adapter, compares the result with what was trained, gathers what serving loads, seals it.

python -m pipelines.export
"""

from pathlib import Path

from data.forget import trained_on
from data.sets.from_pack.acts import prompts_taught
from data.sets.from_pack.answers import rows_taught
from distill.cascade import CURVE, calibrate
from distill.export import export_centre, export_engines, gather
from distill.params import Export
from kefu.io import atomic_dir, read_json, read_jsonl, write_csv, write_json
from kefu.llm.base_models import open_base
from kefu.llm.models import MODELS
from kefu.llm.taught_acts import save_taught_prompts
from kefu.params import load_section
from kefu.paths import ADAPTER, BASE, CHAMPION, CORPUS, DIALOGUES, EDGE, PLOTS, RELEASE, RETRIEVER, ROUTER, SETS
from kefu.registry import releases
from kefu.registry.seal import GENERAL, seal
from kefu.schema import Example
from pipelines.stage import git_commit, stage
from training.params.base import Base
from training.params.finetune import Finetune


def tell_whom(release: Path) -> None:
    """Writes whom the models were trained on, so that `kefu forget` can say which ones saw a person."""
    base, tuning = load_section("base", Base), load_section("finetune", Finetune)
    names = (base.centre, base.edge)
    built_here = any(name in MODELS and MODELS[name].size for name in names)
    pretrained = trained_on.pretrained_on(CORPUS / "chats.jsonl", DIALOGUES) if built_here else set()
    version = read_json(CHAMPION)["version"] if tuning.from_champion else None
    champion = releases.pinned_release(version)
    trained_on.write(release, SETS, pretrained, champion)


def main() -> None:
    with stage("export", Export) as s:
        centre, edge = open_base(BASE, "centre"), open_base(BASE, "edge")
        parts = {"adapter": ADAPTER, "edge": EDGE, "retriever": RETRIEVER, "router": ROUTER}
        with atomic_dir(RELEASE) as release:
            gather(parts, s.pack, release)
            tell_whom(release)
            chats, tuning = list(read_jsonl(SETS / "sft.jsonl", Example)), load_section("finetune", Finetune)
            s.log(export_centre(centre, ADAPTER, chats, tuning, s.params, release / "centre"))
            save_taught_prompts(release, prompts_taught(chats))
            if "general.kl" in s.metrics:
                write_json(release / GENERAL, {"kl": round(s.metrics["general.kl"], 6)})
            bases = {"centre": centre.ref, "edge": edge.ref}
            s.log(export_engines(release, {"centre": centre, "edge": edge}, chats, tuning, s.params))
            fitted = calibrate(release, bases, chats, s.params)
            manifest = seal(release, s.profile, bases, git_commit(), rows_taught(chats))
            size = sum(path.stat().st_size for path in release.rglob("*") if path.is_file())
        write_csv(PLOTS / "export/cascade.csv", CURVE, fitted.curve if fitted else [])
        s.log(fitted.metrics if fitted else {})
        print(f"   release {manifest.content_hash[:12]}: {len(manifest.files)} files, {size / 1e6:.1f} MB")
        s.log({"files": len(manifest.files), "megabytes": size / 1e6})


if __name__ == "__main__":
    main()
