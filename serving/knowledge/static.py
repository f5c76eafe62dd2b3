"""Knowledge that changes with a release: FAQ, policies, promotions, found in Milvus.

milvus-lite in ``runtime/`` by default; ``MILVUS_URI`` (and ``MILVUS_TOKEN``) name a server, with the same
client. The collection's name carries the content hash of the release's retriever, so an index never mixes
versions, and a rollback finds its own index again. Vectors come from the release: nothing is trained here.
"""

from __future__ import annotations

import logging
import os
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from pymilvus import DataType, MilvusClient
from safetensors.numpy import load_file

from kefu.io import content_hash, read_json, read_jsonl
from kefu.knowledge.index import Encoder, Hit, KnowledgeEntry
from kefu.shop.part import Lang

TOP = 3
CANDIDATES = 24  # several vectors may belong to one entry
BATCH = 500
EXACT = 1.0


def _plain(text: str) -> str:
    """Letters and digits only: punctuation and case do not make another question."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


class StaticKnowledge:
    """Search over a release's knowledge."""

    def __init__(
        self,
        client: MilvusClient,
        collection: str,
        encoder: Encoder,
        entries: Mapping[str, KnowledgeEntry],
        asked: Mapping[str, Sequence[str]],
    ) -> None:
        self._client, self._collection, self._encoder, self._entries = client, collection, encoder, entries
        self._written = {_plain(question): owner for owner, some in asked.items() for question in some}

    @classmethod
    def open(cls, retriever: Path, runtime: Path, asked: Mapping[str, Sequence[str]]) -> StaticKnowledge:
        """Connects, and fills the release's collection when it is not there yet.

        Args:
            asked: entry id → its questions as the pack words them (``kefu.knowledge.entries.questions``).
        """
        # milvus-lite has no AllocTimestamp: the client does without, but gRPC logs a traceback each time.
        logging.getLogger("grpc._server").setLevel(logging.CRITICAL)
        runtime.mkdir(parents=True, exist_ok=True)
        uri = os.environ.get("MILVUS_URI") or str((runtime / "milvus.db").resolve())
        client = MilvusClient(uri, token=os.environ.get("MILVUS_TOKEN", ""))
        collection = f"kefu_{content_hash(retriever)[:24]}"
        entries = {e.id: e for e in read_jsonl(retriever / "entries.jsonl", KnowledgeEntry)}
        _fill(client, collection, retriever, entries)
        client.load_collection(collection)
        return cls(client, collection, Encoder.load(retriever), entries, asked)

    def search(self, text: str, lang: Lang) -> list[Hit]:
        """The entries of one language nearest to a redacted text, best first.

        A question worded exactly as the pack words it scores EXACT, whatever the vectors say.
        """
        vector = self._encoder.encode([text])[0]
        rows = self._client.search(
            self._collection,
            data=[vector.tolist()],
            limit=CANDIDATES,
            filter=f'lang == "{lang}"',
            output_fields=["entry"],
        )[0]
        exact = self._written.get(_plain(text))
        best = {exact: EXACT} if exact and exact in self._entries else {}
        for row in rows:
            best.setdefault(row["entity"]["entry"], float(row["distance"]))
        return [Hit(self._entries[name], score) for name, score in list(best.items())[:TOP]]

    def close(self) -> None:
        self._client.close()


def _fill(client: MilvusClient, collection: str, retriever: Path, entries: dict[str, KnowledgeEntry]) -> None:
    """Writes the vectors; a collection that was left half-written is written anew."""
    vectors = load_file(retriever / "vectors.safetensors")["vectors"]
    owners: list[str] = read_json(retriever / "vectors.json")
    if client.has_collection(collection):
        if int(client.get_collection_stats(collection)["row_count"]) == len(owners):
            return
        client.drop_collection(collection)
    _create(client, collection, vectors.shape[1])
    rows = [
        {"id": i, "entry": owner, "lang": entries[owner].lang, "vector": vector.tolist()}
        for i, (owner, vector) in enumerate(zip(owners, vectors, strict=True))
    ]
    for start in range(0, len(rows), BATCH):
        client.insert(collection, rows[start : start + BATCH])
    client.flush(collection)


def _create(client: MilvusClient, collection: str, dim: int) -> None:
    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("entry", DataType.VARCHAR, max_length=256)
    schema.add_field("lang", DataType.VARCHAR, max_length=8)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
    index = client.prepare_index_params()
    index.add_index("vector", index_type="FLAT", metric_type="IP")
    client.create_collection(collection, schema=schema, index_params=index)
