"""A day goes into a bucket and comes out in another clone, by S3's protocol as moto's server speaks it.

Neither side is in a lock. In a venv of its own that sees this one (docs/guides/team.md):

    python -m pytest -n0 tests/graph/test_s3.py
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.workcopy import environment
from tests.graph.test_team import Clone, new_project

pytest.importorskip("dvc_s3", reason="dvc-s3 is not installed (docs/guides/team.md)")
server = pytest.importorskip("moto.server", reason="moto is not installed (docs/guides/team.md)")


def test_a_day_travels_through_a_bucket(tmp_path: Path) -> None:
    moto = server.ThreadedMotoServer(port=0)
    moto.start()
    host, port = moto.get_host_and_port()
    try:
        keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}
        first, _ = new_project(tmp_path, environment() | keys)
        make_bucket(f"http://{host}:{port}", keys)
        first.dvc("remote", "add", "--default", "bucket", "s3://kefu/day")
        first.dvc("remote", "modify", "bucket", "endpointurl", f"http://{host}:{port}")
        first.dvc("add", "-q", "store/raw")
        first.git("add", "--all")
        first.git("commit", "-qm", "first day")
        first.dvc("push", "-q")
        second = Clone(tmp_path / "second", environment() | keys)
        first.git("clone", "-q", str(first.folder), str(second.folder))
        second.dvc("pull", "-q", "store/raw.dvc")
        (day,) = (first.folder / "store/raw/shop").iterdir()
        assert (second.folder / "store/raw/shop" / day.name / "chat.jsonl").read_bytes() == (
            day / "chat.jsonl"
        ).read_bytes()
    finally:
        moto.stop()


def make_bucket(endpoint: str, keys: dict[str, str]) -> None:
    import boto3  # comes with moto

    boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=keys["AWS_DEFAULT_REGION"],
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    ).create_bucket(Bucket="kefu")
