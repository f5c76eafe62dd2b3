"""A release's vectors in Milvus, for knowledge that is too large for a product with all of it, or shared by machines.

milvus-lite in ``runtime/`` by default; ``MILVUS_URI`` (and ``MILVUS_TOKEN``) name a server, with the same client. The
collection's name carries the content hash of the release's retriever, so an index never mixes versions, and a
rollback finds its own index again. Vectors come from the release: nothing is trained here, and while Milvus is away
searches go on in memory.
"""

from __future__ import annotations

import logging
import os
import time
from functools import cached_property
from pathlib import Path

import numpy as np
from pymilvus import DataType, MilvusClient
from pymilvus.exceptions import MilvusException

from kefu.io import content_hash
from kefu.knowledge.index import Index
from kefu.knowledge.search import MatrixStore, VectorStore
from kefu.shop.part import Lang

logger = logging.getLogger(__name__)
SEARCH_S = 1.0  # a Milvus that takes longer is away
AGAIN_S = 10.0  # before one that was away is asked again
NEAREST = 64  # vectors a search; several may belong to one entry
BATCH = 500


class MilvusStore:
    """``kefu.knowledge.search.VectorStore`` over one collection."""

    def __init__(self, client: MilvusClient, collection: str, index: Index) -> None:
        self._client, self._collection, self._index = client, collection, index
        self._away_until = 0.0
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
        if time.monotonic() < self._away_until:
            return self._memory.similarity(vector, lang)
        try:
            rows = self._client.search(
                self._collection,
                data=[vector.tolist()],
                limit=NEAREST,
                filter=f'lang == "{lang}"',
                output_fields=["entry"],
                timeout=SEARCH_S,
            )[0]
        except MilvusException as error:
            logger.warning("Milvus: %s: the release's own vectors are searched for %g s", error, AGAIN_S)
            self._away_until = time.monotonic() + AGAIN_S
            return self._memory.similarity(vector, lang)
        number = self._number[lang]
        found = np.full(len(number), min((float(row["distance"]) for row in rows), default=0.0), dtype=np.float32)
        for row in rows:
            entry = number[row["entity"]["entry"]]
            found[entry] = max(found[entry], float(row["distance"]))
        return found

    @cached_property
    def _memory(self) -> MatrixStore:
        return MatrixStore(self._index)

    def close(self) -> None:
        self._client.close()


def open_vectors(retriever: Path, runtime: Path, index: Index) -> VectorStore:
    """Milvus; the release's own vectors where another process has milvus-lite's file, which is for one at a time.

    That is another replica, or the one before an update. Raises MilvusException: the server of MILVUS_URI is away.
    """
    try:
        return MilvusStore.open(retriever, runtime, index)
    except MilvusException as error:
        if os.environ.get("MILVUS_URI"):
            raise
        logger.warning("%s: milvus-lite is not opened (%s): vectors are searched in memory", runtime, error)
        return MatrixStore(index)


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
