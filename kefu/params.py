"""params.yaml as frozen typed objects: one section a stage, and what a profile changes in it.

An unknown, missing or contradictory parameter is refused with its name and what was expected.
The descriptions are the help: ``kefu params`` prints them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from kefu.paths import PARAMS

Share = Field(ge=0, le=1)


def _enough_folds(folds: int) -> int:
    if folds < 3:
        raise ValueError(
            "must be 3 or more: two are left out at a time, and of 2 no labelled turn would be left to learn"
        )
    return folds


Folds = Annotated[int, AfterValidator(_enough_folds)]
_CSV_EXAMPLE = "columns: {session: 会话ID, role: 发送方, text: 内容}, roles: {买家: customer, 卖家: agent}"
# A profile may change only what dvc.yaml tracks for it: anything else would not rerun its stage.
PROFILE_SECTIONS = {"base", "build", "distill", "evaluate", "finetune", "serving"}


# Parameters that files of earlier versions may still have → what to do instead.
REMOVED = {"base.minutes": "was removed: base.steps and base.edge_steps alone decide when pretraining ends; delete it"}


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Columns(Section):
    """Which column of a CSV file holds what; a name is the header's. A row is a turn."""

    session: str
    role: str = Field(description="who says it, mapped by roles")
    text: str
    customer: str | None = None
    time: str | None = None
    outcome: str | None = Field(default=None, description="a word of kefu.schema.Outcome, or empty")
    csat: str | None = Field(default=None, description="1 to 5, or empty")


class Source(Section):
    name: str = Field(description="folder below store/raw, and the source written into each dialogue")
    channel: str = Field(description="parser: a key of data.channels.CHANNELS")
    encoding: str | None = Field(
        default=None, description="of lines that are not UTF-8; None: found out where certain, else reported"
    )
    columns: Columns | None = Field(default=None, description="csv only")
    roles: dict[str, Literal["customer", "agent", "bot", "ignore"]] = Field(
        default_factory=dict, description="csv and label_studio: the file's word for who speaks → role"
    )
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="csv only")
    time_format: str | None = Field(
        default=None, description="csv only: strptime's, e.g. %Y/%m/%d %H:%M; None: ISO 8601"
    )

    @model_validator(mode="after")
    def _fits(self) -> Source:
        is_csv, mapped = self.channel == "csv", self.channel in ("csv", "label_studio")
        if is_csv and not (self.columns and self.roles):
            raise ValueError(f"source {self.name}: channel csv needs columns and roles, e.g. " + _CSV_EXAMPLE)
        if not is_csv and {"columns", "delimiter", "time_format"} & self.model_fields_set:
            raise ValueError(f"source {self.name}: columns, delimiter and time_format are for channel csv only")
        if not mapped and self.roles:
            raise ValueError(f"source {self.name}: roles are for channels csv and label_studio only")
        try:
            "".encode(self.encoding or "utf8")
        except LookupError as error:
            raise ValueError(f"source {self.name}: {error}; e.g. gb18030, big5, utf-16-le") from error
        return self


class NearDuplicates(Section):
    similarity: float = Field(gt=0.5, le=1, description="estimated Jaccard similarity from which a dialogue is a copy")
    shortest: int = Field(ge=5, description="pieces of 5 characters below which a dialogue is not compared")
    days: int = Field(ge=0, description="earlier days that a day is compared with; 0: within the day only")


class Ingest(Section):
    sources: tuple[Source, ...]
    timezone: str = Field(description="IANA name, for sources whose times have no offset")
    max_text: int = Field(gt=0, description="characters of a turn; a longer one is quarantined")
    min_turns: int = Field(gt=0)
    near_duplicates: NearDuplicates = NearDuplicates(similarity=0.9, shortest=50, days=28)
    runner: Literal["local", "ray"] = Field("local", description="processes of this machine, or a Ray cluster")
    workers: int = Field(0, ge=0, description="that parse and redact; 0: one a core. Never changes the result")


class Base(Section):
    centre: str = Field(description="name in kefu/llm/models.py, Hugging Face id, or local folder")
    edge: str
    revision: str | None = Field(None, description="hub revision of the centre model; None: newest")
    edge_revision: str | None = Field(None, description="hub revision of the edge model; None: newest")
    days: int = Field(gt=0, description="oldest days whose dialogues are pretrained on (tiny only, as all below)")
    vocab_size: int = Field(gt=300, description="of the tokenizer that is trained")
    steps: int = Field(gt=0, description="optimizer steps of the centre model, however long they take")
    edge_steps: int = Field(gt=0, description="optimizer steps of the edge model, however long they take")
    batch_size: int = Field(gt=0, description="blocks a step")
    sequence_length: int = Field(gt=0, description="tokens")
    learning_rate: float = Field(gt=0)
    seed: int


class Labeler(Section):
    features: int = Field(gt=0, description="buckets of the hashed character n-grams, for each field")
    ngrams: tuple[int, int] = Field(description="narrowest and widest; a CJK character is 2 wide, others 1")
    encoder: Literal["none", "use-multilingual"] = Field(
        "none", description="kefu/text/encoders.py; others need kefu[encoder]"
    )
    regularization: float = Field(gt=0, description="C of the linear SVM: greater fits closer")
    examples: float = Field(0.0, ge=0, description="what an example of the pack counts beside a reviewed turn; 0: none")
    context_turns: int = Field(ge=0, description="turns seen before the one to label")
    folds: Folds = Field(description="for out-of-fold calibration; 3 or more")
    seed: int


class Judge(Section):
    turns: int = Field(ge=0, description="most turns that the centre model judges; 0: it is not asked")
    at_least: float = Field(ge=0, le=1, description="the labeler's confidence from which a turn may be judged")
    below: float = Field(ge=0, le=1, description="and below which; surer turns need no judge")
    limit: int = Field(gt=0, description="tokens of a prompt; a turn that needs more is not judged")
    seed: int

    @model_validator(mode="after")
    def _fits(self) -> Judge:
        if self.at_least >= self.below:
            raise ValueError("judge.at_least must be less than judge.below")
        return self


class Autolabel(Section):
    target_precision: float = Share
    confidence_level: float = Field(0.95, gt=0.5, lt=1, description="of the bound on precision")
    audit_share: float = Field(ge=0, le=1, description="turns that people see whatever the machine thinks of them")
    audit_days: int = Field(gt=0, description="newest audited days on which the promise is tested")
    golden: int = Field(ge=0, description="known answers asked again in the queue, unseen, to measure reviewers")
    neighbours: int = Field(0, ge=0, description="nearest reviewed turns that are heard beside the labeler; 0: none")
    neighbours_below: float = Field(0.95, ge=0, le=1, description="the labeler's confidence from which they are not")
    workers: int = Field(ge=0, description="processes; 0: one a core. The labels do not depend on it")
    seed: int


class Monitor(Section):
    reference_days: int = Field(gt=0, description="days before a day that it is compared with")
    psi_moderate: float = Field(gt=0, description="PSI from which a shift of a distribution is worth a warning")
    psi_major: float = Field(gt=0, description="PSI from which it is an alarm")
    energy: float = Field(gt=0, lt=1, description="energy coefficient of customers' turns from which it is an alarm")
    min_dialogues: int = Field(gt=1, description="fewer, today or before, are not compared")
    sample: int = Field(gt=1, description="customer turns of a day that are kept as hashed n-grams")
    alike: float = Field(gt=0, le=1, description="cosine from which two questions are the same")
    new_turns: int = Field(gt=0, description="fewest turns of a new question")
    new_questions: int = Field(gt=0, description="most new questions shown")
    seed: int


class Review(Section):
    project: str = Field(description="Label Studio project title")
    push_limit: int = Field(gt=0, description="most tasks pushed in one run")
    language: Literal["zh", "en", "both"] = Field(description="of the labelling page")
    second_annotator_share: float = Field(ge=0, le=1, description="questions that two people answer independently")
    seed: int = Field(description="decides which")


class Build(Section):
    eval_share: float = Field(gt=0, lt=1, description="share of customers kept out of training")
    context_turns: int = Field(ge=0, description="earlier turns that router and models see")
    max_sft: int = Field(gt=0, description="most SFT examples; corrected answers first, then the newest day's")
    max_router: int = Field(gt=0, description="most machine-labelled turns; what people labelled always fits in")
    max_questions: int = Field(gt=0, description="most questions of customers that retrieval is judged on")
    replay_share: float = Field(ge=0, lt=1, description="of max_sft and max_router, share drawn from older days")
    seed: int


class Router(Section):
    features: int = Field(gt=0)
    ngrams: tuple[int, int]
    encoder: Literal["none", "use-multilingual"] = Field(
        "none", description="kefu/text/encoders.py; others need kefu[encoder]"
    )
    regularization: float = Field(gt=0)
    examples: float = Field(0.0, ge=0, description="what an example of the pack counts beside a labelled turn; 0: none")
    folds: Folds = Field(description="for out-of-fold calibration; 3 or more")
    seed: int


class Retriever(Section):
    dim: int = Field(gt=0, description="of the dense vectors")
    features: int = Field(gt=0)
    ngrams: tuple[int, int]
    seed: int


class Finetune(Section):
    quantize: bool = Field(description="load the base in 4-bit NF4 (QLoRA)")
    dtype: Literal["float32", "bfloat16"]
    rank: int = Field(gt=0)
    alpha: int = Field(gt=0)
    dropout: float = Field(ge=0, lt=1)
    learning_rate: float = Field(gt=0)
    epochs: float = Field(gt=0)
    max_steps: int = Field(description="-1: as many as epochs ask for")
    batch_size: int = Field(gt=0)
    gradient_accumulation: int = Field(gt=0)
    gradient_checkpointing: bool
    max_length: int = Field(gt=0, description="tokens")
    from_champion: bool = Field(description="start from the champion's adapter when there is one")
    seed: int


class Distill(Section):
    examples: int = Field(gt=0, description="prompts that the centre model answers")
    max_new_tokens: int = Field(gt=0)
    quantize_teacher: bool = Field(description="4-bit teacher, when it shares a GPU with the student")
    rank: int | None = Field(description="LoRA rank of the student, merged in the end; None: all its weights learn")
    max_useless: float = Field(
        0.5, ge=0, le=1, description="share of the centre model's answers that may be unfinished or empty; else: error"
    )
    human_answers: bool = Field(description="also learn on as many chats that people answered")
    alpha: float = Field(ge=0, le=1, description="weight of KL on logits; the rest is cross-entropy")
    temperature: float = Field(gt=0)
    learning_rate: float = Field(gt=0)
    epochs: float = Field(gt=0)
    batch_size: int = Field(gt=0)
    max_length: int = Field(gt=0)
    dtype: Literal["float32", "bfloat16"]
    seed: int


class Evaluate(Section):
    answers: int = Field(gt=0, description="held-out questions that each model answers")
    max_new_tokens: int = Field(gt=0)
    seed: int


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of nested mappings under their dotted names."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


class Gate(Section):
    """Each bound names ``suite.metric`` (or a suite); a challenger must hold all of them."""

    at_least: dict[str, float]
    at_most: dict[str, float]
    better_than_constant: tuple[str, ...] = Field(
        description="suites whose answers must beat the best constant sentence by more than luck: answers, edge"
    )
    not_worse_than_champion: dict[str, float] = Field(description="metric → tolerated drop")

    @field_validator("at_least", "at_most", "not_worse_than_champion", mode="before")
    @classmethod
    def _in_full(cls, bounds: object) -> object:
        """``router: {accuracy: 0.8}`` is ``router.accuracy: 0.8``, whose dot `dvc exp run -S` could not name."""
        return dict(_flat(bounds)) if isinstance(bounds, dict) else bounds


class Serving(Section):
    host: str
    port: int = Field(gt=0, lt=65536)
    faq_score: float = Field(description="retrieval score from which an FAQ answer is given as it is")
    faq_margin: float = Field(ge=0, description="and by how much it must lead the next entry, else a model answers")
    router_confidence: float = Field(ge=0, le=1, description="below it, no flow is started unasked")
    edge_confidence: float = Field(ge=0, le=1, description="below it, the centre model answers")
    history_turns: int = Field(gt=0)
    session_ttl_s: int = Field(gt=0)
    max_new_tokens: int = Field(gt=0)
    max_message_chars: int = Field(gt=0)
    messages_per_minute: int = Field(gt=0, description="of one session; more get 429")
    sessions_per_minute: int = Field(gt=0, description="opened from one address")
    session_token_s: int = Field(gt=0, description="seconds that a session's token lasts")
    body_timeout_s: float = Field(gt=0, description="seconds until a request's whole body must be here; else 408")
    token_timeout_s: float = Field(gt=0, description="seconds until a new WebSocket must have sent its token")
    idle_timeout_s: float = Field(gt=0, description="seconds that a WebSocket with a token may send nothing")
    max_unsigned_connections: int = Field(
        gt=0, description="sockets without a token and unfinished bodies at once; beyond, the longest waiting is closed"
    )
    max_idle_sockets: int = Field(
        gt=0, description="silent WebSockets with a token at once; beyond, the longest silent is closed"
    )
    demo_login: bool = Field(description="offer the sample customers on the chat page; never in production")


class Params(Section):
    """All of params.yaml, with the chosen profile's changes applied."""

    profile: str
    pack: str = Field(description="folder of the shop pack")
    ingest: Ingest
    base: Base
    labeler: Labeler
    judge: Judge
    autolabel: Autolabel
    monitor: Monitor
    review: Review
    build: Build
    router: Router
    retriever: Retriever
    finetune: Finetune
    distill: Distill
    evaluate: Evaluate
    promote: Gate
    serving: Serving

    @model_validator(mode="after")
    def _fits(self) -> Params:
        if self.distill.max_new_tokens >= self.distill.max_length:
            raise ValueError("distill.max_new_tokens must be below distill.max_length")
        return self


class ParamsError(ValueError):
    """params.yaml cannot be used; the message names the file, the parameter and what was expected."""


def _merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in change.items():
        inner = merged.get(key)
        merged[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


def _explained(error: ErrorDetails) -> str:
    name = ".".join(map(str, error["loc"]))
    return f"{name}: {REMOVED.get(name, error['msg'])} (given: {error['input']!r})"


def load(path: Path = PARAMS, profile: str | None = None) -> Params:
    """Reads params.yaml under its own profile, or under the one given."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf8"))
    except (OSError, yaml.YAMLError) as error:
        raise ParamsError(f"{path}: cannot be read: {error}") from error
    profiles = raw.pop("profiles", {})
    chosen = profile or raw.get("profile")
    if chosen not in profiles:
        raise ParamsError(f"{path}: profile: {chosen!r} is not one of {', '.join(profiles)}")
    if wrong := set(profiles[chosen]) - PROFILE_SECTIONS:
        allowed = ", ".join(sorted(PROFILE_SECTIONS))
        raise ParamsError(f"{path}: profiles.{chosen}: {', '.join(sorted(wrong))}: a profile may only change {allowed}")
    try:
        return Params.model_validate(_merged(raw, profiles[chosen]) | {"profile": chosen})
    except ValidationError as error:
        raise ParamsError(f"{path} (profile {chosen}): " + "; ".join(map(_explained, error.errors()))) from error


def profiles(path: Path = PARAMS) -> list[str]:
    """Names of the profiles that params.yaml offers."""
    return list(yaml.safe_load(path.read_text(encoding="utf8"))["profiles"])
