"""Data sets as MLflow keeps them: name, digest and source of each; their bytes stay in the store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput

DIGEST_LENGTH = 36  # characters that MLflow keeps of a digest


class DataSource(NamedTuple):
    """A data set that a run read. digest: of its bytes. source: path inside the project."""

    name: str
    digest: str
    source: str

    @property
    def entity(self) -> Dataset:
        source = json.dumps({"uri": self.source})
        return Dataset(name=self.name, digest=self.digest[:DIGEST_LENGTH], source_type="local", source=source)


def log_inputs(client: MlflowClient, run_id: str, sources: Iterable[DataSource]) -> None:
    """Shows them in the run's column of data sets; what is there already is not repeated."""
    client.log_inputs(run_id, datasets=[DatasetInput(source.entity) for source in dict.fromkeys(sources)])
