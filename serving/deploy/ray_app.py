"""The Ray Serve application: a web ingress, and the replica with the models behind it.

Two deployments, so that web traffic never waits for a model's process and each scales alone. The split
costs one hop between processes (about 2 ms).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any, TypeVar

from fastapi import FastAPI
from ray import serve
from ray.exceptions import RayError, RayTaskError
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import LoggingConfig

from kefu.schema import Message
from kefu.shop.pack import load_pack
from kefu.shop.part import Lang
from serving.api.app import build_web
from serving.api.backend import Event
from serving.api.errors import UNAVAILABLE, ApiError, to_api_error
from serving.api.schemas import ReleaseInfo
from serving.api.site import Front, Site
from serving.api.tokens import is_loopback
from serving.deploy.demo_script import load_demo
from serving.deploy.replica import Chat, Plan
from serving.sessions.store import Sessions

T = TypeVar("T")
READY_S = 2.0
RUNNING = 500  # requests that the ingress handles at once, beside those that wait for their client
QUIET = LoggingConfig(log_level="WARNING", enable_access_log=False)


class RayBackend:
    """``serving.api.backend.Backend`` over a deployment handle."""

    def __init__(self, handle: DeploymentHandle) -> None:
        self._handle: Any = handle  # its methods are those of the remote class: nothing static knows them
        self._stream: Any = handle.options(stream=True)

    def chat(
        self, session: str, customer: str | None, text: str, lang: Lang | None = None, message: str | None = None
    ) -> AsyncIterator[Event]:
        return _events(self._stream.chat.remote(session, customer, text, lang, message))

    def complete(self, engine: str, messages: Sequence[Message], max_new_tokens: int | None) -> AsyncIterator[Event]:
        return _events(self._stream.complete.remote(engine, list(messages), max_new_tokens))

    async def info(self) -> ReleaseInfo | None:
        try:
            info: ReleaseInfo = await asyncio.wait_for(_result(self._handle.info.remote()), READY_S)
        except (TimeoutError, RayError, RayServeException):
            return None
        return info

    async def problem(self) -> str | None:
        try:
            problem: str | None = await asyncio.wait_for(_result(self._handle.problem.remote()), READY_S)
        except (TimeoutError, RayError, RayServeException) as error:
            return f"replica: does not answer ({type(error).__name__}): it is loading, overloaded or dead"
        return problem


async def _result(response: Awaitable[T]) -> T:
    return await response


async def _events(stream: AsyncIterator[Event]) -> AsyncIterator[Event]:
    """The replica's events; one that failed, died or is overloaded is an error event."""
    try:
        async for event in stream:
            yield event
    except (RayError, RayServeException) as error:
        # What the replica's own code raised is a RayTaskError and one of its own class: Redis's, or a defect.
        own = isinstance(error, RayTaskError) and not isinstance(error, RayServeException)
        failure = to_api_error(error) if own else ApiError(503, "unavailable", UNAVAILABLE)
        yield Event(type="error", status=failure.status, code=failure.code, text=failure.message)


class Gateway:
    """The ingress: builds the web layer once its replica starts."""

    def __init__(self, handle: DeploymentHandle, plan: Plan) -> None:
        self._handle, self._plan = handle, plan

    def __serve_build_asgi_app__(self) -> FastAPI:
        params, pack = self._plan.params, load_pack(self._plan.release / "pack")
        front = Front(
            name=pack.shop.name,
            greeting=pack.shop.greeting,
            sample=bool(pack.shop.demo_customers),
            demo_customers=pack.shop.demo_customers,
            questions=load_demo(pack.folder).questions,
        )
        sessions = Sessions(self._plan.store_url, params.session_ttl_s)
        demo_login = params.demo_login and is_loopback(params.host)
        return build_web(Site(RayBackend(self._handle), sessions, params, front, demo_login))


def build_app(plan: Plan) -> serve.Application:
    """The application of one plan, ready for ``serve.run``."""
    chat = serve.deployment(
        name="Chat",
        num_replicas=plan.params.num_replicas,
        max_ongoing_requests=plan.params.max_ongoing_requests,
        max_queued_requests=64,
        health_check_period_s=5,
        graceful_shutdown_timeout_s=5,
        ray_actor_options={"num_cpus": plan.params.num_cpus},
        logging_config=QUIET,
    )(Chat)
    gateway = serve.deployment(
        name="Gateway",
        # Ray counts every open socket and unfinished body. What may run at once is the Chat deployment's matter.
        max_ongoing_requests=plan.params.max_unsigned_connections + plan.params.max_idle_sockets + RUNNING,
        graceful_shutdown_timeout_s=2,
        ray_actor_options={"num_cpus": 0},
        logging_config=QUIET,
    )(serve.ingress()(Gateway))
    return gateway.bind(chat.bind(plan), plan)
