"""Stage `labeler`: store/reviewed + dialogues → store/labeler, the classifier that sees whole dialogues.

python -m pipelines.labeler
"""

from data.labeling.join import join_intents, split_held_out
from data.labeling.labeler import arrays, quality, train_labeler
from data.labeling.params import Labeler
from data.review.labels import load_reviews
from data.sets.params import Build
from kefu.io import atomic_dir, write_csv
from kefu.metrics.calibration import reliability
from kefu.params import load_section
from kefu.paths import DIALOGUES, LABELER, PLOTS, REVIEWED
from kefu.shop.taxonomy import load_rules, load_taxonomy
from kefu.shop.wordings.examples import load_pack_examples
from kefu.store import dialogues_by_id
from pipelines.stage import stage


def main() -> None:
    with stage("labeler", Labeler) as s:
        build, taxonomy = load_section("build", Build), load_taxonomy(s.pack)
        people = load_reviews(REVIEWED, taxonomy.version)
        labels = people.labels.values()
        joined = join_intents(
            labels, dialogues_by_id(DIALOGUES, (label.dialogue_id for label in labels)), taxonomy.names
        )
        joined.warn("reviewed labels")
        rules, phrases = load_rules(s.pack), load_pack_examples(s.pack)
        with atomic_dir(LABELER, private=True) as folder:
            taught, apart = split_held_out(joined.turns, build.eval_share, build.seed)
            judged = train_labeler(taught, rules, s.params, folder, phrases, apart)
        write_csv(PLOTS / "labeler/reliability.csv", ("confidence", "accuracy", "count"), reliability(*arrays(judged)))
        s.log({**joined.counts(), "refused": people.refused, **quality(judged)})
        told = f"accuracy out of fold {s.metrics['accuracy']:.3f}" if judged else "taught by the pack's examples"
        print(f"   {len(judged)} reviewed turns, {told}")
        if people.refused:
            print(f"   {people.refused} labels refused: not of taxonomy version {taxonomy.version!r}")


if __name__ == "__main__":
    main()
