"""The edge model learns from the centre model's answers and logits.

python -m pipelines.distill
"""

from distill.distill import distill
from distill.params import Distill
from kefu.io import read_jsonl, write_csv
from kefu.llm.base_models import open_base
from kefu.paths import ADAPTER, BASE, CHECKPOINTS, EDGE, PLOTS, SETS
from kefu.schema import Example
from pipelines.stage import stage
from training.checkpoints import open_checkpoints


def main() -> None:
    with stage("distill", Distill) as s:
        examples = list(read_jsonl(SETS / "sft.jsonl", Example))
        centre, edge = open_base(BASE, "centre"), open_base(BASE, "edge")
        key = s.inputs_key(SETS / "sft.jsonl", centre.ref.content_hash, edge.ref.content_hash, ADAPTER)
        checkpoints = open_checkpoints(CHECKPOINTS / "distill", key)
        distilled = distill(centre, ADAPTER, edge, examples, s.params, EDGE, checkpoints, s.run.step)
        write_csv(PLOTS / "distill/loss.csv", ("step", "loss"), distilled.losses)
        s.log(distilled.metrics)
    checkpoints.remove()


if __name__ == "__main__":
    main()
