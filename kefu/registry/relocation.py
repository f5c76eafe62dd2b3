"""A project that was moved, renamed or copied keeps its champion: the local registry is told the new place.

MLflow stores the absolute path of each artefact. So the paths in the SQLite database that lies in the project are
rewritten when the project is found elsewhere. A registry of a server, or one that ``MLFLOW_TRACKING_URI`` names, is
somebody's own affair.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

logger = logging.getLogger(__name__)

# Of MLflow 3: what may hold the path of an artefact.
COLUMNS = (
    ("experiments", "artifact_location"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("runs", "artifact_uri"),
    ("trace_tags", "value"),
)
BUSY_S = 60.0  # seconds to wait while another process writes


@cache
def follow_project(database: Path, artefacts: Path, experiment: str) -> None:
    """Names the artefacts by where they are now; looks once a process, and changes nothing that is right already.

    Args:
        database: MLflow's SQLite file, of its present schema.
        artefacts: folder of the project's artefacts; nothing is done where it is missing.
        experiment: whose artefacts lie there.
    """
    new = artefacts.as_uri()
    with closing(sqlite3.connect(database, timeout=BUSY_S)) as connection, connection:
        # Looked at without a lock: a command that only reads must not wait for a stage that writes.
        if not _elsewhere(connection, artefacts, experiment):
            return
        connection.execute("BEGIN IMMEDIATE")  # of several commands that start at once the first does it
        old = _elsewhere(connection, artefacts, experiment)
        if not old:
            return
        for table, column in COLUMNS:
            connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
            )
    logger.info("the project was at %s: the registry now names its artefacts at %s", old, new)


def _elsewhere(connection: sqlite3.Connection, artefacts: Path, experiment: str) -> str | None:
    """Where the registry looks for the project's artefacts, when it is another place than they are."""
    query = "SELECT artifact_location FROM experiments WHERE name = ?"
    found = connection.execute(query, (experiment,)).fetchone()
    moved = found and found[0].startswith("file:") and found[0] != artefacts.as_uri() and artefacts.is_dir()
    return str(found[0]) if moved else None
