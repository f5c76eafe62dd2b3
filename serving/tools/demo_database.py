"""Builds the demo shop's SQLite file from the pack: ``db/schema.sql`` and one CSV a table.

An empty CSV cell is NULL. The file is either whole or not there, and its foreign keys hold. It has a rollback journal:
a write-ahead log is found by its name, so that an old one would be played into a file that was built anew.
"""

from __future__ import annotations

import csv
import shutil
import sqlite3
from pathlib import Path

from kefu.io import atomic_path, content_hash
from kefu.shop.part import PackError


def forget(runtime: Path) -> None:
    """Removes the shop databases below ``runtime``: a demo whose clock stands still begins anew."""
    for path in runtime.glob("shop-*.db*"):
        path.unlink()


def demo_shop(pack_folder: Path, runtime: Path) -> Path:
    """The shop database of this pack below ``runtime``, built when missing.

    The name carries the hash of ``db/``: another pack gets another database, while what customers did
    in this one survives a restart.
    """
    db = runtime / f"shop-{content_hash(pack_folder / 'db')[:12]}.db"
    if not db.exists():
        build(pack_folder, db)
    return db


def build(pack_folder: Path, db: Path) -> None:
    """Writes ``db`` anew. Raises PackError naming file and line of what does not fit."""
    source = pack_folder / "db"
    with atomic_path(db) as temporary:
        connection = sqlite3.connect(temporary)
        try:
            connection.execute("PRAGMA synchronous = OFF")  # made anew from the pack when lost
            connection.executescript((source / "schema.sql").read_text(encoding="utf8"))
            for path in sorted(source.glob("*.csv")):
                _fill(connection, path)
            _check(connection, source)
            connection.commit()
        except sqlite3.Error as error:
            raise PackError(f"{source}: {error}") from error
        finally:
            connection.close()


def restore(fresh: Path, db: Path) -> None:
    """Makes ``db`` what ``fresh`` is, whatever was written to it."""
    for rest in ("-wal", "-shm"):
        db.with_name(db.name + rest).unlink(missing_ok=True)
    copy = db.with_name(db.name + ".new")
    shutil.copyfile(fresh, copy)
    copy.replace(db)


def _fill(connection: sqlite3.Connection, path: Path) -> None:
    with path.open(encoding="utf8", newline="") as file:
        reader = csv.reader(file)
        columns = next(reader, [])
        names, marks = ", ".join(f'"{c}"' for c in columns), ", ".join("?" * len(columns))
        for row in reader:
            try:
                values = [cell if cell != "" else None for cell in row]
                connection.execute(f'INSERT INTO "{path.stem}" ({names}) VALUES ({marks})', values)
            except sqlite3.Error as error:
                raise PackError(f"{path}:{reader.line_num}: {error}") from error


def _check(connection: sqlite3.Connection, source: Path) -> None:
    broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        table, row, parent, _ = broken[0]
        raise PackError(
            f"{source / table}.csv: row {row} names a row of {parent} that does not exist ({len(broken)} such rows)"
        )
