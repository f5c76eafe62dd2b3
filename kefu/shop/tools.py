"""What a flow or a query may ask the shop, and change there (``tools.yaml``). Declarations only: serving runs them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from kefu.shop.part import Part


class Guard(Part):
    """A query that must return a row, or the tool refuses with ``error``."""

    sql: str
    error: str


class Tool(Part):
    """Parametrised SQL. ``:customer_id`` and ``:now`` are bound by the server, never by the chat."""

    description: str
    args: tuple[str, ...] = ()
    public: bool = Field(False, description="reads nothing that belongs to a customer")
    guards: tuple[Guard, ...] = ()
    write: tuple[str, ...] = Field((), description="statements of one transaction")
    read: str | None = Field(None, description="query whose rows are the result")
    rows: Literal["one", "many"] = Field("one", description="one: no row is the error 'not_found'")

    @model_validator(mode="after")
    def _scoped(self) -> Tool:
        statements = [*self.write, *([self.read] if self.read else []), *(g.sql for g in self.guards)]
        if not self.public and not all(":customer_id" in sql for sql in statements):
            raise ValueError("every statement of a tool that is not public must be limited by :customer_id")
        return self
