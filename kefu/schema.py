"""The records that travel along the loop, one meaning each.

Every arrow of the loop is a file of one of these records, so a stage can be read, tested and
replaced alone. Records are immutable and refuse unknown fields: a misspelt field is an error at the
line where it was written, not a silent loss three stages later.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

Role = Literal["customer", "agent", "bot"]
Split = Literal["train", "eval"]
Outcome = Literal["resolved", "handoff", "abandoned", "unknown"]
EndState = Literal["resolved", "handoff", "unresolved", "unknown"]


class Record(BaseModel):
    """Base of all records: frozen, and no field beyond the declared ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TurnKey(NamedTuple):
    """The address of a turn: its dialogue's id, and its index there from 0. Equal to the plain tuple."""

    dialogue_id: str
    index: int  # type: ignore[assignment]  # a tuple has a method of this name


class Turn(Record):
    """One message. ``agent`` is a person of the shop, ``bot`` is Kefu itself."""

    role: Role
    text: str
    time: str | None = Field(None, description="ISO 8601 with offset, when the source tells it")
    flow: str | None = Field(None, description="of an answer of Kefu's in a flow: its version, as `Flow.version` tells")


class Dialogue(Record):
    """A session's turns as they leave ingest: redacted, with the customer as a pseudonym."""

    id: str
    source: str = Field(description="name of the configured source, e.g. 'shop' or 'serving'")
    channel: str = Field(description="parser that read it, a key of data.channels.CHANNELS")
    day: str = Field(description="partition, YYYY-MM-DD")
    customer: str = Field(description="pseudonym; the same person has the same one every day")
    turns: tuple[Turn, ...]
    outcome: Outcome = "unknown"
    csat: int | None = Field(None, ge=1, le=5)


class Rejected(Record):
    """A record that ingest could not read: kept, with where it stood and why."""

    source: str
    file: str
    line: int
    reason: str
    raw: str = Field(description="what stood there, redacted, at most 2,000 characters")


class Label(Record):
    """One fact about a turn (or about the dialogue, when ``turn`` is None)."""

    dialogue_id: str
    turn: int | None
    what: str = Field(description="'intent', 'slot:<name>', 'sentiment'; 'resolved', 'handover', 'quality:<problem>'")
    value: str
    source: str = Field(description="'review:<who>', 'labeler', 'rule:<name>'")
    confidence: float = Field(ge=0, le=1)
    version: str = Field(description="version of the taxonomy it speaks of")


class ReviewTask(Record):
    """A turn that waits for a person: the machine's proposal, and why it is asked."""

    dialogue_id: str
    turn: int
    proposal: str
    alternatives: tuple[str, ...] = Field((), description="the next best intents, the best first")
    confidence: float = Field(ge=0, le=1)
    why: Literal["unsure", "audit", "golden", "disagreement"] = Field(description="never shown to a reviewer")
    priority: float = Field(0.0, ge=0, description="how much its answer helps; see data/review/queue.py")


class IntentExample(Record):
    """One customer turn with its intent, for the router. ``context`` is what came before it."""

    dialogue_id: str
    turn: int
    customer: str
    text: str
    context: tuple[Turn, ...] = Field(description="earlier turns, oldest first")
    intent: str
    source: str
    confidence: float = Field(ge=0, le=1)
    split: Split


class RetrievalExample(Record):
    """A question and the knowledge entry that answers it. ``train``: what the index is made of."""

    question: str
    entry_id: str
    split: Split
    source: Literal["faq", "dialogue"] = Field(description="listed in the FAQ, or asked by a customer")


class Message(Record):
    """One message of a rendered chat, in the words of chat templates."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str


class Proof(Record):
    """Why an answer may be taught: who gave it, in which flow, how its dialogue ended, what of it nothing supports."""

    answered_by: Literal["reviewer", "agent", "bot"]
    end_state: EndState
    end_state_by: Literal["review", "machine", "channel"] = Field(description="whose word the end state is")
    unsupported: tuple[str, ...] | None = Field(
        description="kinds of the claims that neither prompt nor conversation supports; None: not checked"
    )
    flow: str | None = Field(None, description="version of the flow that Kefu answered in; None: no flow, or not known")


class Example(Record):
    """One training or test conversation for a language model, with where it came from."""

    id: str
    messages: tuple[Message, ...]
    split: Split
    dialogue_id: str
    customer: str
    intent: str
    proof: Proof | None = Field(None, description="of an answer from the log; None where it was written for training")


class PreferenceExample(Record):
    """One question with a better and a worse answer, in the words of TRL's DPO and ORPO trainers.

    ``prompt`` is what serving would ask; ``chosen`` and ``rejected`` are one assistant message each.
    """

    id: str
    prompt: tuple[Message, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    split: Split
    dialogue_id: str
    customer: str
    intent: str


class Prediction(Record):
    """What a model said to one evaluated input, beside what was expected."""

    suite: str
    id: str
    question: str
    expected: str
    predicted: str
    score: float
    model: str = Field(description="'challenger', 'champion' or 'base'")
    seen: bool | None = Field(None, description="whether the expected answer occurs word by word in training")


class SpokenTurn(Record):
    """A message to the assistant and what came back."""

    said: str
    answered: str
    route: str = Field(description="what answered: 'flow', 'faq', 'model' …")
    latency_ms: float = Field(ge=0)


class MetricDifference(Record):
    """Challenger minus champion in one metric, with the 95 % interval."""

    delta: float
    low: float
    high: float
    customers: int = Field(ge=1, description="drawn as wholes; items without a customer count as one each")

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


class Report(Record):
    """The figures of one evaluated model: suite → metric → value."""

    model: str
    version: str = Field(description="content hash of the release")
    suites: dict[str, dict[str, float]]
    differences: dict[str, MetricDifference] = Field(
        {}, description="suite.metric → difference from the champion, where the metric is a mean over items"
    )
