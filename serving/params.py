"""The parameters of serving."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from kefu.params import Section

CHANNEL_NAME = r"[a-z][a-z0-9_-]{0,31}"
NAME = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?"


def _is_host(name: str) -> str:
    try:
        ipaddress.ip_address(name)
    except ValueError as error:
        if not re.fullmatch(NAME, name):
            raise ValueError("must be a name or an address in lower case, without scheme and port") from error
    return name


def _is_network(text: str) -> str:
    try:
        everybody = ipaddress.ip_network(text).prefixlen == 0
    except ValueError as error:
        raise ValueError(f"must be an address or a network such as 10.0.0.0/8: {error}") from error
    if everybody:
        raise ValueError("names everybody, who could then choose an address: name the proxies")
    return text


def _is_origin(origin: str) -> str:
    if not re.fullmatch(rf"https?://{NAME}(?::\d+)?|https://\*\.{NAME}(?::\d+)?", origin):
        raise ValueError(
            "must be an origin in lower case without a path, https://a.example.com or https://*.example.com"
        )
    return origin


HostName = Annotated[str, AfterValidator(_is_host)]
Network = Annotated[str, AfterValidator(_is_network)]
Origin = Annotated[str, AfterValidator(_is_origin)]


class ChannelLimits(Section):
    """What one channel of the shop may; None: as all others."""

    allowed_origins: tuple[Origin, ...] | None = Field(
        None, description="pages that may use its tokens, instead of serving.allowed_origins"
    )
    messages_per_minute: int | None = Field(None, gt=0, description="of one of its sessions")
    sessions_per_minute: int | None = Field(None, gt=0, description="of its customers, opened from one address")
    max_idle_sockets: int | None = Field(
        None, gt=0, description="of its silent WebSockets at once, which then take none of the others' places"
    )


class VLLM(Section):
    program: str = Field(description="command of vLLM, which is installed apart (docs/guides/engines.md)")
    url: str | None = Field(description="of a vLLM server that somebody else runs; empty: Kefu starts one")
    tensor_parallel_size: int = Field(gt=0, description="GPUs that share the model")
    max_model_len: int = Field(gt=0, description="tokens of a prompt and its answer; more need more memory")
    gpu_memory_utilization: float = Field(gt=0, le=1, description="share of a GPU's memory that vLLM takes")
    start_timeout_s: float = Field(gt=0, description="seconds until the model must be loaded")


class Serving(Section):
    host: str = Field(description="address to listen on; others than 127.0.0.1 need KEFU_SECRET")
    port: int = Field(gt=0, lt=65536, description="of the chat page and the API")
    faq_min_probability: float = Field(
        ge=0, le=1, description="that a FAQ answers the question, from which its answer is given as it is"
    )
    candidate_min_probability: float = Field(
        ge=0,
        le=1,
        description="that one of the best entries answers, from which they are offered as a question back",
    )
    answer_min_probability: float = Field(
        0.5,
        ge=0,
        le=1,
        description="that the passages from which a model tells a sentence answer the question; below it, that is not "
        "said, and no model is asked where all passages together have less; 0: all is said",
    )
    milvus_from: int = Field(
        ge=0, description="entries from which Milvus keeps their vectors; fewer are searched in memory"
    )
    router_confidence: float = Field(ge=0, le=1, description="below it, no flow is started unasked")
    wish_min_probability: float = Field(
        0.3, ge=0, le=1, description="below it, what the wish classifier takes words for is not done"
    )
    edge_confidence: float = Field(
        ge=0,
        le=1,
        description="of the router; below it, the centre model reads, and, without a cascade.json, answers",
    )
    edge_min_probability: float = Field(
        ge=0,
        le=1,
        description="that the centre model would be no better than the edge, below which it answers (cascade.json)",
    )
    model_reader: bool = Field(
        description="a model reads what the fast reader is unsure of; for models that were taught"
    )
    reader_min_probability: float = Field(
        ge=0,
        le=1,
        description="of the fast reader's least sure act; below it, and on words not understood, a model reads",
    )
    history_turns: int = Field(gt=0, description="newest turns of a session that a model sees")
    session_ttl_s: int = Field(gt=0, description="seconds of silence after which a session is forgotten")
    session_max_chars: int = Field(
        16_000, gt=0, description="characters of a session's newest turns that the bot knows; older ones are forgotten"
    )
    session_max_personal: int = Field(
        300, gt=0, description="personal data of a session; beyond, the oldest that nothing speaks of any more go"
    )
    session_max_waiting: int = Field(
        10, gt=0, description="flows of a session that are set aside, and as many wishes that wait; the oldest go"
    )
    session_max_answers: int = Field(
        100, gt=0, description="newest messages of a session that get their first answer when they come again"
    )
    session_history_kb: int = Field(
        256, gt=0, description="of a session's turns that its customer can read again, besides 200 turns at most"
    )
    case_max_chars: int = Field(
        100_000, gt=0, description="characters of a case's newest turns, which a person gets; older ones are forgotten"
    )
    case_unanswered_s: int = Field(
        1800,
        ge=0,
        description="seconds for which a person who has a case may leave its customer without a word; then it is back "
        "in the queue; 0: for ever",
    )
    case_silent_s: int = Field(
        604_800,
        ge=0,
        description="seconds after the last word in a case, after which it is closed and what it kept is removed, "
        "unless it is of danger and nobody has taken it; 0: never",
    )
    max_new_tokens: int = Field(gt=0, description="of a model's answer")
    centre_engine: Literal["transformers", "vllm"] = Field(
        description="of the centre model, unless its release has weights for OpenVINO"
    )
    vllm: VLLM = Field(description="how the centre model runs in vLLM")
    engine_threads: int = Field(ge=0, description="cores of the OpenVINO engine; 0: all")
    engine_chats: int = Field(gt=0, description="answers that an engine makes at once, of each model")
    engine_waiting: int = Field(
        ge=0, description="chats that may wait for an engine besides; more are refused with 503"
    )
    engine_timeout_s: float = Field(gt=0, description="seconds until a model's answer is given up")
    engine_cache_gb: int = Field(
        gt=0,
        description="memory of the OpenVINO engine for keys and values, of each model; prompts that begin alike share",
    )
    max_message_chars: int = Field(gt=0, description="characters of a message; a longer one is refused")
    messages_per_minute: int = Field(gt=0, description="of one session; more get 429")
    sessions_per_minute: int = Field(gt=0, description="opened from one address")
    session_token_s: int = Field(gt=0, description="seconds that a session's token lasts")
    allowed_origins: tuple[Origin, ...] = Field(
        description="pages of other sites that may call the server from a browser, e.g. https://shop.example.com, or "
        "https://*.example.com for all below; its own page always may"
    )
    webhook_url: str | None = Field(
        None,
        description="of the shop, which is told of hand-overs there; https, or http on this machine; null: nobody is",
    )
    channels: dict[str, ChannelLimits] = Field(
        {}, description="limits of channels that sign their customers' tokens with a key of their own"
    )
    trusted_proxies: tuple[Network, ...] = Field(
        description="addresses or networks of reverse proxies on other machines, whose X-Forwarded-For says who the "
        "client is; this machine's are always believed"
    )
    body_timeout_s: float = Field(gt=0, description="seconds until a request's whole body must be here; else 408")
    token_timeout_s: float = Field(gt=0, description="seconds until a new WebSocket must have sent its token")
    idle_timeout_s: float = Field(gt=0, description="seconds that a WebSocket with a token may send nothing")
    max_unsigned_connections: int = Field(
        gt=0, description="sockets without a token and unfinished bodies at once; beyond, the longest waiting is closed"
    )
    max_idle_sockets: int = Field(
        gt=0, description="silent WebSockets with a token at once; beyond, the longest silent is closed"
    )
    num_replicas: int = Field(
        gt=0, description="processes that customers reach; on more than one machine they need KEFU_REDIS_URL"
    )
    max_replicas: int = Field(
        gt=0,
        description="to which Ray raises their number while many messages wait; no more than num_replicas: never",
    )
    max_ongoing_requests: int = Field(
        gt=0, description="messages that a replica answers or keeps waiting at once; more are refused"
    )
    num_cpus: float = Field(ge=0, description="cores that Ray reserves for a replica; 0 reserves none")
    num_threads: int = Field(
        gt=0,
        description="messages that a replica computes at once, models aside; Python runs one, more take turns and time",
    )
    num_model_replicas: int = Field(gt=0, description="processes with the models")
    max_model_replicas: int = Field(
        gt=0, description="to which Ray raises their number under load; no more than num_model_replicas: never"
    )
    model_num_cpus: float = Field(ge=0, description="cores that Ray reserves for a process with the models")
    model_num_gpus: float = Field(ge=0, description="GPUs that Ray gives to a process with the models; 0: it sees none")
    model_threads: int = Field(gt=0, description="chats that a process with the models answers at once; more wait")
    model_patience_s: float = Field(
        gt=0, description="seconds that a model may be silent; then the answer is given without it"
    )
    demo_login: bool = Field(
        description="offer the sample customers on the chat page, to this machine; never in production"
    )
    development_hosts: tuple[HostName, ...] = Field(
        description="names of this server under which anybody, not this machine alone, may use the public development "
        "key and the sample sign-in: for containers and forwarded ports; never in production"
    )

    def limits_of(self, channel: str) -> ChannelLimits:
        """What a channel may, where it is not as all others."""
        return self.channels.get(channel, ChannelLimits())

    def origins_of(self, channel: str) -> tuple[str, ...]:
        """Pages of other sites that may use a channel's tokens."""
        own = self.limits_of(channel).allowed_origins
        return self.allowed_origins if own is None else own

    @property
    def all_origins(self) -> tuple[str, ...]:
        """Pages of other sites that may call the server, with the token of some channel or without one."""
        own = (origin for limits in self.channels.values() for origin in limits.allowed_origins or ())
        return tuple(dict.fromkeys([*self.allowed_origins, *own]))

    @field_validator("channels")
    @classmethod
    def _have_names(cls, channels: dict[str, ChannelLimits]) -> dict[str, ChannelLimits]:
        if wrong := [name for name in channels if not re.fullmatch(CHANNEL_NAME, name)]:
            raise ValueError(f"{wrong[0]!r} does not match {CHANNEL_NAME}: name it as its keys in KEFU_CHANNEL_KEYS")
        return channels

    @field_validator("webhook_url")
    @classmethod
    def _is_safe(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "https://nowhere.invalid")
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
            raise ValueError("must be https://…, or http:// of this machine")
        if parts.username or parts.fragment:
            raise ValueError("must have no user name and no fragment: KEFU_WEBHOOK_SECRET signs what is sent")
        return url

    @model_validator(mode="after")
    def _has_gpus_for_vllm(self) -> Serving:
        needed = self.vllm.tensor_parallel_size
        if self.centre_engine == "vllm" and not self.vllm.url and self.model_num_gpus < needed:
            raise ValueError(
                f"model_num_gpus: {self.model_num_gpus:g} for a vLLM on {needed} GPUs (vllm.tensor_parallel_size): "
                "raise it, or name a server (vllm.url)"
            )
        return self
