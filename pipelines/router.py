"""Stage `router`: store/sets/router.jsonl + the pack's words, examples and wordings → store/router, to route with.

python -m pipelines.router
"""

from kefu.intents.answers import ANSWERS, AnswerClassifier
from kefu.intents.router import Router
from kefu.intents.wishes import WISHES, WishClassifier
from kefu.io import atomic_dir, read_jsonl, write_csv
from kefu.paths import PLOTS, ROUTER, SETS
from kefu.schema import IntentExample
from kefu.shop.pack import Pack, load_pack
from kefu.shop.wordings.examples import load_pack_examples
from pipelines.stage import stage
from training.intents.answers import answers_of, measure_answers, train_answers
from training.intents.router import measure_router, train_router
from training.intents.wishes import measure_wishes, train_wishes, wordings_of
from training.params.router import Router as RouterParams


def _measure_wishes(pack: Pack) -> dict[str, float]:
    """Figures of the wish classifier on the wordings that it did not learn from; none without a classifier."""
    texts = wordings_of(pack, "measure")
    folder = ROUTER / WISHES
    return measure_wishes(WishClassifier.load(folder), texts) if texts and folder.is_dir() else {}


def _measure_answers(pack: Pack) -> dict[str, float]:
    """The same of the answer classifier."""
    said, folder = answers_of(pack, "measure"), ROUTER / ANSWERS
    return measure_answers(AnswerClassifier.load(folder), said) if said and folder.is_dir() else {}


def main() -> None:
    with stage("router", RouterParams) as s:
        examples = list(read_jsonl(SETS / "router.jsonl", IntentExample))
        with atomic_dir(ROUTER) as folder:
            train_router(examples, s.params, folder, load_pack_examples(s.pack))
            train_wishes(load_pack(s.pack), s.params, folder / WISHES)
            train_answers(load_pack(s.pack), s.params, folder / ANSWERS)
        quality = measure_router(Router.load(ROUTER), examples)
        pairs = [pair for pair, count in sorted(quality.confusion.items()) for _ in range(count)]
        write_csv(PLOTS / "router/confusion.csv", ("actual", "predicted"), pairs)
        pack = load_pack(s.pack)
        s.log(quality.metrics | _measure_wishes(pack) | _measure_answers(pack))
        print(f"   accuracy {quality.metrics['accuracy']:.3f} on {quality.metrics['eval_turns']} held-out turns")


if __name__ == "__main__":
    main()
