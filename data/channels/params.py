"""How a source of raw conversations is read: `ingest.sources` in params.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from kefu.params import Section

_CSV_EXAMPLE = "columns: {session: 会话ID, role: 发送方, text: 内容}, roles: {买家: customer, 卖家: agent}"


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
