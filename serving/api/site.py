"""What all routes share: the backend, the limits, and who is calling. Kept in ``app.state.site``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from fastapi import Request
from redis.exceptions import RedisError

from kefu.shop.part import Text
from serving.api.access.origins import check_origin
from serving.api.access.this_machine import is_local, require_secret
from serving.api.backend import Backend
from serving.api.errors import ApiError
from serving.api.idle_limit import IdleLimit
from serving.api.rate_limit import RateLimit
from serving.api.tokens import BadToken, Visitor, claimed_channel, read_session
from serving.dialogue.people.desk import Desk
from serving.params import Serving
from serving.rating import NothingToRate, Ratings
from serving.sessions.revocations import TokenRevoked, customer_tokens, session_tokens
from serving.sessions.store import NotYourSession, SessionBusy, Sessions


@dataclass(frozen=True)
class Front:
    """What the chat page shows of the shop pack."""

    name: Text
    greeting: Text
    sample: bool
    demo_customers: tuple[str, ...]
    questions: tuple[Text, ...]


@dataclass(frozen=True)
class Site:
    """One running web layer. desk: what people do who answer customers; None: nobody does.

    ratings: where customers' ratings go; None: none are taken.
    """

    backend: Backend
    sessions: Sessions
    params: Serving
    front: Front
    demo_login: bool
    desk: Desk | None = None
    ratings: Ratings | None = None

    @cached_property
    def unsigned_limit(self) -> IdleLimit:
        """Connections that have not said who they are: unfinished bodies, sockets without a token."""
        return IdleLimit(self.params.max_unsigned_connections)

    def silent(self, channel: str) -> IdleLimit:
        """Sockets with a token of a channel that wait for the next message; of those without a limit, one for all."""
        most = self.params.limits_of(channel).max_idle_sockets
        name, most = ("", self.params.max_idle_sockets) if most is None else (channel, most)
        return self._silent.setdefault(name, IdleLimit(most))

    @cached_property
    def _silent(self) -> dict[str, IdleLimit]:
        return {}

    def offers_samples(self, request: Request) -> bool:
        """Whether who asks may sign in as a SAMPLE customer."""
        return self.demo_login and is_local(request, self.params.development_hosts)

    async def problem(self) -> str | None:
        """Why no answer can be given now, as ``what: is wrong``; None when one can."""
        try:
            await asyncio.to_thread(self.sessions.ping)
        except RedisError as error:
            return f"store: does not answer: {error}"
        return await self.backend.problem()

    @cached_property
    def messages(self) -> RateLimit:
        """Messages of each session."""
        return RateLimit()

    @cached_property
    def reads(self) -> RateLimit:
        """Looks into the history of each session."""
        return RateLimit()

    def count_read(self, visitor: Visitor) -> None:
        """Counts a look into a session's history; raises 429 beyond the limit of messages."""
        most = self._messages_per_minute(visitor)
        if not self.reads.allows(visitor.session, most):
            raise _too_many(most)

    async def count_opened(self, peer: str, channel: str) -> None:
        """Counts a session opened from an address, for all replicas; raises 429 beyond the channel's limit."""
        own = self.params.limits_of(channel).sessions_per_minute
        name, most = (f"open:{peer}", self.params.sessions_per_minute) if own is None else (f"{channel}:{peer}", own)
        if not await asyncio.to_thread(self.sessions.within_rate, name, most):
            raise _too_many(most)

    async def check_revoked(self, visitor: Visitor) -> None:
        """Raises 401 for a token that was taken back. A message needs no such question: its session's load has it."""
        with refusals():
            whose = session_tokens(visitor.session), customer_tokens(visitor.customer)
            await asyncio.to_thread(self.sessions.revocations.check, visitor.issued, *whose)

    def visitor(self, token: str | None) -> Visitor:
        """Whom a session token speaks for, within the rate limit. Raises 401 or 429."""
        visitor = read_visitor(token)
        most = self._messages_per_minute(visitor)
        if not self.messages.allows(visitor.session, most):
            raise _too_many(most)
        return visitor

    def _messages_per_minute(self, visitor: Visitor) -> int:
        return self.params.limits_of(visitor.channel).messages_per_minute or self.params.messages_per_minute


@contextmanager
def refusals(param: str | None = None) -> Iterator[None]:
    """What the store of sessions refuses, as errors of ours about the field ``param``."""
    where = f"{param}: " if param else ""
    try:
        yield
    except TokenRevoked as error:
        raise ApiError(401, "token_revoked", f"{where}{error}", param) from error
    except NotYourSession as error:
        raise ApiError(403, "not_your_session", f"{where}{error}", param) from error
    except NothingToRate as error:
        raise ApiError(409, "nothing_to_rate", f"{where}{error}", param) from error
    except SessionBusy as error:
        raise ApiError(409, "session_busy", str(error)) from error


def _too_many(per_minute: int) -> ApiError:
    rest_s = 60 - int(time.time()) % 60
    return ApiError(429, "rate_limited", f"More than {per_minute} in a minute: wait {rest_s} s", None, rest_s)


def read_visitor(token: str | None) -> Visitor:
    """Whom a session token speaks for. Raises 401."""
    if token is None:
        raise ApiError(401, "no_session", "Send `Authorization: Bearer <token>`; POST /v1/session gives the token")
    try:
        return read_session(token)
    except BadToken as error:
        raise ApiError(401, "bad_token", str(error)) from error


def site_of(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def bearer(request: Request) -> str | None:
    """The token of the Authorization header, if there is one.

    Raises 403 where no token proves anything, and for a page that may not use the tokens of this one's channel.
    """
    params = site_of(request).params
    require_secret(request, params.development_hosts)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    if params.channels:  # without, who calls is the browser's own question (``Origins``)
        check_origin(request, params.origins_of(claimed_channel(token.strip())))
    return token.strip()
