"""Stage `retriever`: the pack's knowledge → store/retriever, encoder and vectors.

python -m pipelines.retriever
"""

from kefu.io import atomic_dir, read_jsonl
from kefu.knowledge.index import Index
from kefu.paths import RETRIEVER, SETS
from kefu.schema import RetrievalExample
from kefu.shop.pack import load_pack
from pipelines.stage import stage
from training.params.retriever import Retriever
from training.retriever import build_index, measure_index


def main() -> None:
    with stage("retriever", Retriever) as s:
        questions = list(read_jsonl(SETS / "retrieval.jsonl", RetrievalExample))
        with atomic_dir(RETRIEVER) as folder:
            build_index(load_pack(s.pack), questions, s.params).save(folder)
        s.log(measure_index(Index.load(RETRIEVER), questions))
        print(f"   hit@1 {s.metrics['hit_at_1']:.3f}, hit@3 {s.metrics['hit_at_3']:.3f} on held-out questions")


if __name__ == "__main__":
    main()
