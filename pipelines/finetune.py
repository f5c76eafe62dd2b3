"""QLoRA of the centre model on the SFT set, from the champion's adapter when there is one.

python -m pipelines.finetune
"""

from collections.abc import Callable, Sequence

from peft import PeftModel

from data.sets.replay import in_passes, older_rows, replay
from distill.teacher import answer
from kefu.io import read_json, read_jsonl, write_csv
from kefu.llm.base_models import open_base
from kefu.llm.chat import ChatRenderer
from kefu.paths import ADAPTER, BASE, CHAMPION, CHECKPOINTS, PLOTS, RUNTIME, SETS
from kefu.registry import releases
from kefu.schema import Example, Message, PreferenceExample
from pipelines.stage import stage
from training.checkpoints import open_checkpoints
from training.params.finetune import Finetune
from training.sft import FinetuningResult, Replayed, finetune


def replay_of(examples: list[Example], params: Finetune, more: Sequence[Example] = ()) -> Replayed | None:
    """Older rows for each pass over the set; to some of their questions the champion's answers, when params say so.

    Args:
        more: older rows that are not in the set, in any fair order; the first are taken, as many as the passes need.
    """
    passes = params.passes(sum(e.split == "train" for e in examples))
    more = more[: (passes - 1) * len(older_rows(examples, 1.0, params.seed))]
    chosen = older_rows([*examples, *more], params.replay.share, params.seed)

    def replayed(model: PeftModel, renderer: ChatRenderer) -> tuple[list[Example], dict[str, float]]:
        def ask(prompts: Sequence[Sequence[Message]]) -> list[str | None]:
            limit = params.max_length - params.replay.max_new_tokens
            ids = [renderer.prompt(renderer.fit(prompt, limit) or prompt[-1:]) for prompt in prompts]
            said = answer(model, ids, renderer.stop_ids, params.replay.max_new_tokens, params.replay.batch_size)
            return [None if one is None else renderer.decode(one) for one in said]

        made, counts = replay([*examples, *more], chosen, ask, params.replay.max_repetition)
        return in_passes(made[: len(examples)], made[len(examples) :], passes), counts

    return replayed if chosen or more else None


def on_workers(train: Callable[[], FinetuningResult], workers: int) -> FinetuningResult:
    """Trains in this process, or in several."""
    if workers == 1:
        return train()
    from training.trainer.ray_workers import run_on_workers  # Ray: seconds, and 100 MB

    return run_on_workers(train, workers, RUNTIME / "ray")


def main() -> None:
    with stage("finetune", Finetune) as s:
        champion = releases.pinned_release(read_json(CHAMPION)["version"])
        examples = list(read_jsonl(SETS / "sft.jsonl", Example))
        pairs = list(read_jsonl(SETS / "preferences.jsonl", PreferenceExample))
        base = open_base(BASE, "centre")
        continued = [champion / "adapter"] if champion else []
        more = list(read_jsonl(SETS / "replay.jsonl", Example)) if continued else []
        sets = [SETS / "sft.jsonl", SETS / "preferences.jsonl", *([SETS / "replay.jsonl"] if continued else [])]
        key = s.inputs_key(*sets, base.ref.content_hash, *continued)
        checkpoints = open_checkpoints(CHECKPOINTS / "finetune", key)
        params, run, again = s.params, s.run, replay_of(examples, s.params, more)

        def train() -> FinetuningResult:
            try:
                return finetune(base, examples, params, champion, ADAPTER, checkpoints, run.step, pairs, again)
            finally:
                run.flush()  # a worker has a copy of its own

        tuned = on_workers(train, params.workers)
        write_csv(PLOTS / "finetune/loss.csv", ("step", "loss"), tuned.losses)
        s.log(tuned.metrics)
    checkpoints.remove()


if __name__ == "__main__":
    main()
