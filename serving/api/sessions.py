"""Opening, rating and ending a session, signing in a sample customer, and what the chat page has to know."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Body, Request

from serving.api.access.channel_keys import DEFAULT
from serving.api.errors import ApiError
from serving.api.openapi import CUSTOMER, SESSION, SIGNED_IN, answers
from serving.api.schemas import LoginRequest, LoginResponse, RatingRequest, SessionRequest, SessionResponse, ShopInfo
from serving.api.site import Site, bearer, refusals, site_of
from serving.api.strict_json import StrictJsonRoute
from serving.api.tokens import (
    BadToken,
    SignedIn,
    claimed_channel,
    customer_token,
    read_customer,
    read_session,
    session_token,
)
from serving.sessions.revocations import customer_tokens

router = APIRouter(route_class=StrictJsonRoute)
DEMO_LOGIN_S = 3600


@router.post("/v1/session", responses=answers(401, 403, 409, 429, body=True, link="sign-in"), openapi_extra=CUSTOMER)
async def open_session(
    request: Request, body: Annotated[SessionRequest, Body(default_factory=SessionRequest)]
) -> SessionResponse:
    """A session of the customer whose token is the bearer, else of a stranger.

    It is a new one, or the one that the customer began as a stranger (``continue``).
    """
    site, token = site_of(request), bearer(request)
    await site.count_opened(request.client.host if request.client else "", claimed_channel(token) if token else DEFAULT)
    signed_in = await _customer(site, token) if token else None
    customer, key = (signed_in.customer, signed_in.key) if signed_in else (None, None)
    seconds, continued = site.params.session_token_s, body.continued
    session = await _continue(site, customer, continued) if continued is not None else None
    issued = session_token(customer, seconds, session, key)
    return SessionResponse(
        token=issued,
        session=read_session(issued).session,
        expires_in=seconds,
        signed_in=customer is not None,
        greeting=site.front.greeting,
    )


@router.delete("/v1/session", status_code=204, responses=answers(401, 403, 409, 429), openapi_extra=SESSION)
async def end_session(request: Request) -> None:
    """Signs out: forgets the session, and revokes all its tokens. A conversation that waits for a person still does."""
    site = site_of(request)
    visitor, longest_s = site.visitor(bearer(request)), site.params.session_token_s
    with refusals():
        await asyncio.to_thread(site.sessions.end, visitor.session, visitor.customer, visitor.issued, longest_s)


@router.put(
    "/v1/session/rating", status_code=204, responses=answers(401, 403, 404, 409, 429, body=True), openapi_extra=SESSION
)
async def rate(request: Request, body: RatingRequest) -> None:
    """Rates the conversation; again: the last rating counts."""
    site = site_of(request)
    visitor = site.visitor(bearer(request))
    if site.ratings is None:
        raise ApiError(404, "not_found", "Nobody takes ratings here")
    with refusals():
        await asyncio.to_thread(site.ratings.rate, visitor.session, visitor.customer, body.csat, visitor.issued)


@router.delete("/v1/sessions", status_code=204, responses=answers(401, 403), openapi_extra=SIGNED_IN)
async def revoke_customer(request: Request) -> None:
    """Signs the customer out everywhere: revokes all tokens of his that were issued until now, this one too."""
    site, token = site_of(request), bearer(request)
    if token is None:
        raise ApiError(401, "no_customer", "Send a token of the customer as bearer, which the shop's backend makes")
    whose = customer_tokens((await _customer(site, token)).customer)
    await asyncio.to_thread(site.sessions.revocations.revoke, whose, site.params.session_token_s)


async def _customer(site: Site, token: str) -> SignedIn:
    """Whom a customer token speaks for. Raises 401."""
    try:
        signed_in = read_customer(token, site.params.session_token_s)
    except BadToken as error:
        raise ApiError(401, "bad_token", str(error)) from error
    with refusals():
        whose = customer_tokens(signed_in.customer)
        await asyncio.to_thread(site.sessions.revocations.check, signed_in.issued, whose)
    return signed_in


async def _continue(site: Site, customer: str | None, token: str) -> str:
    """Makes a stranger's session the customer's; returns its id. Raises 401, 403 or 409."""
    if customer is None:
        raise ApiError(401, "no_customer", "continue: needs a customer token as bearer: sign the customer in first")
    try:
        visitor = read_session(token)
    except BadToken as error:
        raise ApiError(401, "bad_token", f"continue: {error}", "continue") from error
    if visitor.customer not in (None, customer):
        raise ApiError(403, "not_your_session", "continue: this session is another customer's", "continue")
    with refusals("continue"):
        await asyncio.to_thread(site.sessions.sign_in, visitor.session, customer, visitor.issued, visitor.customer)
    return visitor.session


@router.post("/demo/login", responses=answers(404, body=True))
async def demo_login(request: Request, body: LoginRequest) -> LoginResponse:
    """Signs in one of the SAMPLE customers. Exists only with serving.demo_login, for this machine."""
    site = site_of(request)
    if not site.offers_samples(request):
        raise ApiError(
            404,
            "not_found",
            "Sample sign-in is off here: it needs serving.demo_login, and is for this machine, or for hosts that "
            "serving.development_hosts names",
        )
    if body.customer_id not in site.front.demo_customers:
        known = ", ".join(site.front.demo_customers)
        raise ApiError(404, "no_such_customer", f"{body.customer_id!r} is not a SAMPLE customer: use one of {known}")
    return LoginResponse(customer_token=customer_token(body.customer_id, DEMO_LOGIN_S))


@router.get("/v1/shop", responses=answers(link="sample-customer"))
async def shop(request: Request) -> ShopInfo:
    """Name, greeting and quick questions of the shop."""
    site = site_of(request)
    release = await site.backend.info()
    if release is None:
        raise ApiError(503, "not_ready", "The models are still loading")
    return ShopInfo(
        name=site.front.name,
        greeting=site.front.greeting,
        sample=site.front.sample,
        demo_customers=list(site.front.demo_customers) if site.offers_samples(request) else [],
        questions=list(site.front.questions),
        max_message_chars=site.params.max_message_chars,
        release=release,
    )
