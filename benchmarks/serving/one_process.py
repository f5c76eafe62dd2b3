"""Kefu without Ray: web layer and dialogue in one uvicorn process, as a replica of the application holds them.

    python -m benchmarks.serving.one_process RELEASE PORT

The difference to the whole server is what Ray Serve's proxy and its housekeeping cost. No model is loaded.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import closing
from pathlib import Path

import uvicorn

from kefu.registry.seal import verify
from kefu.shop.part import Text
from pipelines.params import load_params
from serving.api.app import build_web
from serving.api.schemas import ReleaseInfo
from serving.api.site import Front, Site
from serving.conversation_log import ConversationLog
from serving.deploy.in_process import InProcessBackend
from serving.dialogue.assistant import Assistant
from serving.sessions.store import Sessions
from serving.sessions.valkey import embedded_store

UNLIMITED = 10**9


def serve(release: Path, port: int, folder: Path) -> None:
    """Serves until the process is ended. ``folder``: for the shop database and the conversation log."""
    params = load_params().serving.model_copy(update={"messages_per_minute": UNLIMITED})
    title = Text(zh="店", en="shop")
    front = Front(name=title, greeting=title, sample=False, demo_customers=(), questions=())
    manifest = verify(release)
    info = ReleaseInfo(version="local", content_hash=manifest.content_hash, profile=manifest.profile)
    with closing(embedded_store()) as store:
        sessions, log = Sessions(store.url, params.session_ttl_s), ConversationLog(folder / "raw", "one", "")
        opened = Assistant.open(release, folder / "runtime", params, sessions=sessions, engines={}, log=log)
        with closing(opened) as assistant:
            site = Site(InProcessBackend(assistant, info, params), sessions, params, front, demo_login=False)
            uvicorn.run(build_web(site), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="kefu-bench-") as temporary:
        serve(Path(sys.argv[1]), int(sys.argv[2]), Path(temporary))
