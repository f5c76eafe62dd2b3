"""Stage `router`: store/sets/router.jsonl + the pack's words and examples → store/router, to route with.

python -m pipelines.router
"""

from kefu.intents.router import Router
from kefu.io import atomic_dir, read_jsonl, write_csv
from kefu.paths import PLOTS, ROUTER, SETS
from kefu.schema import IntentExample
from kefu.shop.examples import load_pack_examples
from pipelines.stage import stage
from training.params.router import Router as RouterParams
from training.router import measure_router, train_router


def main() -> None:
    with stage("router", RouterParams) as s:
        examples = list(read_jsonl(SETS / "router.jsonl", IntentExample))
        with atomic_dir(ROUTER) as folder:
            train_router(examples, s.params, folder, load_pack_examples(s.pack))
        quality = measure_router(Router.load(ROUTER), examples)
        pairs = [pair for pair, count in sorted(quality.confusion.items()) for _ in range(count)]
        write_csv(PLOTS / "router/confusion.csv", ("actual", "predicted"), pairs)
        s.log(quality.metrics)
        print(f"   accuracy {quality.metrics['accuracy']:.3f} on {quality.metrics['eval_turns']} held-out turns")


if __name__ == "__main__":
    main()
