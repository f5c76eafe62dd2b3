"""The web application: routes, errors, limits and the chat page, over any backend."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from serving.api import chat, errors, openapi, sessions
from serving.api.access.origins import Origins
from serving.api.agent import routes as agents
from serving.api.errors import ApiError
from serving.api.history import routes as history
from serving.api.openai import routes as openai
from serving.api.request_limits import Guard
from serving.api.schemas import ReleaseInfo
from serving.api.site import Site, site_of

WEB = Path(__file__).resolve().parent.parent / "web"
MOST_BYTES = 256_000


def build_web(site: Site) -> FastAPI:
    """Builds the web application of one site: routes, errors, limits, the page's files."""
    app = FastAPI(title="Kefu", docs_url=None, redoc_url=None)
    app.state.site = site
    errors.install(app)
    # A path is compared with each route before its own, twice with Ray: what is asked for most comes first.
    for router in (chat.router, sessions.router, history.router, openai.router, agents.router):
        app.include_router(router)
    app.add_api_route("/healthz", healthz, responses=openapi.answers())
    app.add_api_route("/readyz", readyz, responses=openapi.answers())
    app.add_api_route("/", page, include_in_schema=False)
    app.mount("/web", StaticFiles(directory=WEB), name="web")
    openapi.describe(app, site.params.max_message_chars)
    app.add_middleware(Guard, most=MOST_BYTES, seconds=site.params.body_timeout_s, unfinished=site.unsigned_limit)
    if allowed := site.params.all_origins:  # around all else: a page reads errors, too
        app.add_middleware(Origins, allowed=allowed)
    return app


async def healthz() -> dict[str, str]:
    """The web layer is alive."""
    return {"status": "ok"}


async def readyz(request: Request) -> ReleaseInfo:
    """Which release answers; 503 with the reason while nothing does."""
    site = site_of(request)
    release = await site.backend.info()
    problem = await site.problem() if release else "models: are still loading"
    if release is None or problem:
        raise ApiError(503, "not_ready", str(problem))
    return release


async def page() -> FileResponse:
    """The chat page."""
    return FileResponse(WEB / "index.html")
