"""A release's vectors in Milvus, for knowledge that is too large for a product with all of it, or shared by machines.

milvus-lite in ``runtime/`` by default; ``MILVUS_URI`` (and ``MILVUS_TOKEN``) name a server, with the same client. The
collection's name carries the content hash of the release's retriever, so an index never mixes versions, and a
rollback finds its own index again. Vectors come from the release: nothing is trained here.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
from pymilvus import DataType, MilvusClient

from kefu.io import content_hash
from kefu.knowledge.index import Index
from kefu.shop.part import Lang

NEAREST = 64  # vectors a search; several may belong to one entry
BATCH = 500


class MilvusStore:
    """``kefu.knowledge.search.VectorStore`` over one collection."""

    def __init__(self, client: MilvusClient, collection: str, index: Index) -> None:
        self._client, self._collection = client, collection
        self._number = {lang: {e.id: i for i, e in enumerate(index.of(lang))} for lang in index.languages}

    @classmethod
    def open(cls, retriever: Path, runtime: Path, index: Index) -> MilvusStore:
        """Connects, and fills the release's collection when it is not there yet."""
        # milvus-lite has no AllocTimestamp: the client does without, but gRPC logs a traceback each time.
        logging.getLogger("grpc._server").setLevel(logging.CRITICAL)
        runtime.mkdir(parents=True, exist_ok=True)
        uri = os.environ.get("MILVUS_URI") or str((runtime / "milvus.db").resolve())
        client = MilvusClient(uri, token=os.environ.get("MILVUS_TOKEN", ""))
        collection = f"kefu_{content_hash(retriever)[:24]}"
        _fill(client, collection, index)
        client.load_collection(collection)
        return cls(client, collection, index)

    def similarity(self, vector: np.ndarray, lang: Lang) -> np.ndarray:
        rows = self._client.search(
            self._collection,
            data=[vector.tolist()],
            limit=NEAREST,
            filter=f'lang == "{lang}"',
            output_fields=["entry"],
        )[0]
        number = self._number[lang]
        found = np.full(len(number), min((float(row["distance"]) for row in rows), default=0.0), dtype=np.float32)
        for row in rows:
            entry = number[row["entity"]["entry"]]
            found[entry] = max(found[entry], float(row["distance"]))
        return found

    def close(self) -> None:
        self._client.close()


def _fill(client: MilvusClient, collection: str, index: Index) -> None:
    """Writes the vectors; a collection that was left half-written is written anew."""
    if client.has_collection(collection):
        if int(client.get_collection_stats(collection)["row_count"]) == len(index.owners):
            return
        client.drop_collection(collection)
    _create(client, collection, index.vectors.shape[1])
    lang = {entry.id: entry.lang for entry in index.entries}
    rows = [
        {"id": i, "entry": owner, "lang": lang[owner], "vector": vector.tolist()}
        for i, (owner, vector) in enumerate(zip(index.owners, index.vectors, strict=True))
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
