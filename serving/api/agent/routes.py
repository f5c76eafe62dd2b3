"""The agents' interface: what a console, or any program of the shop's people, calls.

Every route wants an agent token (``tokens.agent_token``). Steps wait for the customer's message that is being answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Body, Request

from serving.api.agent.schemas import ClaimRequest, Queue, ReplyRequest, ReplyResponse
from serving.api.errors import ApiError
from serving.api.openapi import AGENT, answers
from serving.api.schemas import new_message_id
from serving.api.site import bearer, refusals, site_of
from serving.api.strict_json import StrictJsonRoute
from serving.api.tokens import Agent, BadToken, read_agent
from serving.dialogue.messages import BadMessage, ReusedId
from serving.dialogue.people.desk import CaseTaken, CustomerGone, Desk, NotClaimed
from serving.dialogue.people.packet import CaseSummary, Packet
from serving.sessions.revocations import agent_tokens
from serving.sessions.store import NoSuchCase

T = TypeVar("T")
router = APIRouter(prefix="/v1/agent", route_class=StrictJsonRoute)
STEP: dict[str, Any] = {"responses": answers(401, 403, 404, 409, body=True), "openapi_extra": AGENT}
REFUSED: dict[type[Exception], tuple[int, str]] = {
    BadMessage: (400, "bad_message"),
    CaseTaken: (409, "case_taken"),
    CustomerGone: (409, "customer_gone"),
    NoSuchCase: (404, "no_such_case"),
    NotClaimed: (409, "not_claimed"),
    ReusedId: (422, "message_id_reused"),
}


@router.get("/cases", responses=answers(401, 403, link="case"), openapi_extra=AGENT)
async def queue(request: Request) -> Queue:
    """Conversations that wait for a person, or that one has. No personal data."""
    await _agent(request)
    return Queue(cases=await _at_desk(request, Desk.queue))


@router.get("/cases/{case}", responses=answers(401, 403, 404), openapi_extra=AGENT)
async def packet(request: Request, case: str) -> Packet:
    """All that is known of a case, with the customer's real data."""
    await _agent(request)
    return await _at_desk(request, partial(Desk.packet, case=case))


@router.post("/cases/{case}/claim", **STEP)
async def claim(
    request: Request, case: str, body: Annotated[ClaimRequest, Body(default_factory=ClaimRequest)]
) -> CaseSummary:
    """Takes a case; of two who do, one gets it. From then on the bot is silent."""
    agent = await _agent(request)
    step = partial(Desk.claim, case=case, agent=agent.name, taken_from=body.taken_from)
    return await _at_desk(request, step)


@router.post("/cases/{case}/release", **STEP)
async def release(request: Request, case: str) -> CaseSummary:
    """Gives a case back to the queue, at its old place."""
    agent = await _agent(request)
    return await _at_desk(request, partial(Desk.release, case=case, agent=agent.name))


@router.post("/cases/{case}/reply", responses=answers(401, 403, 404, 409, 422, body=True), openapi_extra=AGENT)
async def reply(request: Request, case: str, body: ReplyRequest) -> ReplyResponse:
    """Says something to the customer, on each of his open channels."""
    agent = await _agent(request)
    message = body.id or new_message_id()
    sent = await _at_desk(request, partial(Desk.reply, case=case, agent=agent.name, text=body.text, message=message))
    return ReplyResponse(id=message, turn=sent.turn, time=sent.time)


@router.post("/cases/{case}/hand-back", status_code=204, **STEP)
async def hand_back(request: Request, case: str) -> None:
    """Gives the conversation to the bot, which says so and goes on."""
    agent = await _agent(request)
    await _at_desk(request, partial(Desk.hand_back, case=case, agent=agent.name))


@router.post("/cases/{case}/close", status_code=204, **STEP)
async def close(request: Request, case: str) -> None:
    """Ends a case. The customer's next message opens the conversation anew, with the bot."""
    agent = await _agent(request)
    await _at_desk(request, partial(Desk.close, case=case, agent=agent.name))


@router.delete("/tokens", status_code=204, responses=answers(401, 403), openapi_extra=AGENT)
async def revoke_agent(request: Request) -> None:
    """Signs the agent out everywhere: revokes all tokens of his that were issued until now, this one too."""
    agent, site = await _agent(request), site_of(request)
    await asyncio.to_thread(site.sessions.revocations.revoke, agent_tokens(agent.name), site.params.session_token_s)


async def _agent(request: Request) -> Agent:
    """Who is calling. Raises 401 or 403."""
    site, token = site_of(request), bearer(request)
    if token is None:
        raise ApiError(401, "no_agent", "Send an agent's token as bearer, which the shop's backend makes")
    try:
        agent = read_agent(token, site.params.session_token_s)
    except BadToken as error:
        raise ApiError(401, "bad_token", str(error)) from error
    with refusals():
        await asyncio.to_thread(site.sessions.revocations.check, agent.issued, agent_tokens(agent.name))
    return agent


async def _at_desk(request: Request, step: Callable[[Desk], T]) -> T:
    """What a step of the desk gives; what it refuses is an error of ours."""
    desk = site_of(request).desk
    if desk is None:
        raise ApiError(503, "not_ready", "Nobody answers customers here: the assistant is not loaded")
    with refusals(), _refused():
        return await asyncio.to_thread(step, desk)


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except tuple(REFUSED) as error:
        status, code = REFUSED[type(error)]
        raise ApiError(status, code, str(error)) from error
