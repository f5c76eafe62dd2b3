"""QLoRA of the centre model on the SFT set, from the champion's adapter when there is one.

python -m pipelines.finetune
"""

from kefu.io import read_json, read_jsonl, write_csv
from kefu.llm.base_models import open_base
from kefu.paths import ADAPTER, BASE, CHAMPION, PLOTS, SETS
from kefu.registry import releases
from kefu.schema import Example
from pipelines.stage import stage
from training.params.finetune import Finetune
from training.sft import finetune


def main() -> None:
    with stage("finetune", Finetune) as s:
        version = read_json(CHAMPION)["version"]
        champion = releases.download_release(version) if version is not None else None
        examples = list(read_jsonl(SETS / "sft.jsonl", Example))
        tuned = finetune(open_base(BASE, "centre"), examples, s.params, champion, ADAPTER)
        write_csv(PLOTS / "finetune/loss.csv", ("step", "loss"), tuned.losses)
        s.log(tuned.metrics)


if __name__ == "__main__":
    main()
