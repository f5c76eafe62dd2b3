"""QLoRA of the centre model on the SFT set, from the champion's adapter when there is one.

python -m pipelines.finetune
"""

from kefu.io import read_json, read_jsonl, write_csv
from kefu.llm.base_models import open_base
from kefu.paths import ADAPTER, BASE, CHAMPION, CHECKPOINTS, PLOTS, SETS
from kefu.registry import releases
from kefu.schema import Example
from pipelines.stage import stage
from training.checkpoints import open_checkpoints
from training.params.finetune import Finetune
from training.sft import finetune


def main() -> None:
    with stage("finetune", Finetune) as s:
        version = read_json(CHAMPION)["version"]
        champion = releases.download_release(version) if version is not None else None
        examples = list(read_jsonl(SETS / "sft.jsonl", Example))
        base = open_base(BASE, "centre")
        continued = [champion / "adapter"] if champion else []
        key = s.inputs_key(SETS / "sft.jsonl", base.ref.content_hash, *continued)
        checkpoints = open_checkpoints(CHECKPOINTS / "finetune", key)
        tuned = finetune(base, examples, s.params, champion, ADAPTER, checkpoints, s.run.step)
        write_csv(PLOTS / "finetune/loss.csv", ("step", "loss"), tuned.losses)
        s.log(tuned.metrics)
    checkpoints.remove()


if __name__ == "__main__":
    main()
