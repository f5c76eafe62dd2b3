"""Gives the base models of the chosen profile: builds them, or resolves a folder or hub id.

python -m pipelines.base
"""

from kefu.io import read_jsonl, write_csv
from kefu.llm.base_models import open_base
from kefu.llm.vocabulary import shared_ids
from kefu.params import read_params
from kefu.paths import BASE, CHECKPOINTS, CORPUS, PLOTS
from pipelines.stage import stage
from training.base_models import prepare
from training.checkpoints import open_checkpoints
from training.corpus import Chat
from training.params.base import Base


def main() -> None:
    with stage("base", Base) as s:
        chats = list(read_jsonl(CORPUS / "chats.jsonl", Chat))
        checkpoints = open_checkpoints(CHECKPOINTS / "base", s.inputs_key(CORPUS / "chats.jsonl"))
        built = prepare(s.params, chats, BASE, checkpoints, s.run.step)
        learns = read_params().get("distill", {})  # asked hours before distill would; the result does not depend on it
        if learns.get("alpha") and learns.get("method") != "cross-tokenizer":
            shared_ids(open_base(BASE, "centre"), open_base(BASE, "edge"))
        curve = [(model, step, loss) for model, one in built.items() for step, loss in one.losses]
        write_csv(PLOTS / "base/loss.csv", ("model", "step", "loss"), curve)
        for model, one in built.items():
            s.log({f"{model}.{name}": value for name, value in one.metrics.items()})
    checkpoints.remove()


if __name__ == "__main__":
    main()
