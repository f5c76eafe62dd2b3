"""Kefu's whole server over a model folder: HAProxy, Ray Serve, the replica, the process with the models, the engine.

The other parts are those of a given release, whose edge model is exchanged.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.serving.model_traffic import OpenAIDoor
from benchmarks.serving.servers import free_port
from distill.openvino.convert import convert
from distill.openvino.weights import WeightFormat
from kefu.registry.seal import BaseModelRef, read_manifest, seal
from pipelines.params import load_params
from serving.api.tokens import session_token
from serving.engines.openvino.engine import WEIGHTS

UNLIMITED = 10**9
CHATS = 64  # at once, of all limits
PATIENCE_S = 600.0
HOUR_S = 3600


@contextmanager
def whole_server(release: Path, model: Path, weights: WeightFormat, max_new_tokens: int) -> Iterator[OpenAIDoor]:
    """The door of a server whose edge model is ``model`` in OpenVINO."""
    from serving.deploy.launch import start  # imports Ray, which the other servers do not need

    params = load_params().serving.model_copy(
        update={
            "port": free_port(),
            "messages_per_minute": UNLIMITED,
            "max_new_tokens": max_new_tokens,
            "max_ongoing_requests": CHATS,
            "model_threads": CHATS,
            "model_patience_s": PATIENCE_S,
            "engine_timeout_s": PATIENCE_S,
        }
    )
    with tempfile.TemporaryDirectory(prefix="kefu-bench-") as temporary:
        folder = Path(temporary)
        exchanged = with_edge(release, model, weights, folder / "release")
        server = start(exchanged, params, runtime=folder / "runtime", raw=folder / "raw")
        try:
            yield OpenAIDoor(server.url, session_token(None, 10 * HOUR_S), "kefu-edge")
        finally:
            server.stop()


def with_edge(release: Path, model: Path, weights: WeightFormat, out: Path) -> Path:
    """A release with another edge model, in OpenVINO's weights, sealed anew."""
    shutil.copytree(release, out, ignore=lambda folder, names: {"edge"} & set(names) if Path(folder) == release else ())
    link_files(model, out / "edge")
    convert(out / "edge", out / "edge" / WEIGHTS, weights)
    manifest = read_manifest(release)
    edge = BaseModelRef(name=model.name, revision=None, content_hash="")
    seal(out, manifest.profile, {**manifest.base, "edge": edge}, manifest.git_commit)
    return out


def link_files(folder: Path, out: Path) -> None:
    """A folder of links to the files of another one."""
    out.mkdir()
    for path in folder.resolve().iterdir():
        if path.is_file():
            (out / path.name).symlink_to(path)
