"""Schemathesis, with all its checks, tries what the OpenAPI document says on the whole assistant.

A failure shows the request as a curl command. `make test` makes few examples of each route, the slow test many. The
operations are walked here and not by schemathesis's pytest plugin, which fails under the pytest of the lock.
"""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.transport import Response
from schemathesis.generation.modes import GenerationMode

from serving.api.tokens import agent_token, customer_token, session_token
from serving.dialogue.assistant import Assistant
from serving.params import Serving
from tests.fixtures.web import open_web

UNLIMITED = {"messages_per_minute": 10**6, "sessions_per_minute": 10**6}
REPEATABLE: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "derandomize": True,
    "database": None,
}


def open_document(assistant: Assistant, params: Serving) -> Any:
    web = open_web(assistant, params.model_copy(update=UNLIMITED))
    return schemathesis.openapi.from_asgi("/openapi.json", web)


@pytest.fixture(scope="module")
def document(_one: Assistant, params: Serving) -> Any:
    return open_document(_one, params)


def takes_customer(case: Any) -> bool:
    """Whether the route takes a customer's token, and no session's."""
    return case.path == "/v1/sessions" or (case.path == "/v1/session" and case.operation.method == "post")


def bearer(case: Any) -> dict[str, str]:
    """A token of the kind that the route takes; each message has a session of its own, where its id is new."""
    if case.path.startswith("/v1/agent"):
        token = agent_token("lin", 600)
    else:
        token = customer_token("C1001", 600) if takes_customer(case) else session_token(None, 600)
    return {"Authorization": f"Bearer {token}"}


def check_each_route(document: Any, examples: int) -> int:
    """Tries valid and invalid requests of each route, with all checks; returns how many routes there are."""
    operations = [result.ok() for result in document.get_all_operations()]
    for operation in operations:
        for mode in GenerationMode:

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(max_examples=examples, **REPEATABLE)
            def check(case: Any) -> None:
                case.call_and_validate(headers=bearer(case))

            try:
                check()
            except Unsatisfiable:
                assert mode.is_negative, operation.label  # what takes nothing cannot be asked wrongly
    return len(operations)


def test_each_route_does_what_the_document_says(document: Any) -> None:
    assert check_each_route(document, examples=4) == 22


@pytest.mark.slow
def test_each_route_does_what_the_document_says_at_length(document: Any) -> None:
    check_each_route(document, examples=100)


def test_each_step_after_another_does_what_the_document_says(_one: Assistant, params: Serving) -> None:
    """A sample customer signs in and goes on with a stranger's session; messages come again; models are looked up.

    Only what is right: a request without its token, which is wrong, would get one from ``get_call_kwargs``.
    """
    document = open_document(_one, params)
    document.config.generation.modes = [GenerationMode.POSITIVE]
    # 422: what comes later may have an id that an earlier message had; no single request shows that.
    document.config.checks.positive_data_acceptance.expected_statuses += ["422"]
    reached: set[tuple[str, int]] = set()

    class Workflow(document.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.tokens: dict[str, str] = {}

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            if case.path.startswith("/v1/agent"):
                return {"headers": bearer(case)}
            customers = takes_customer(case)
            if token := self.tokens.get("customer" if customers else "session"):
                return {"headers": {"Authorization": f"Bearer {token}"}}
            return {"headers": {} if customers else bearer(case)}  # a stranger's; what needs a session has one

        def after_call(self, response: Response, case: Any) -> None:
            super().after_call(response, case)
            reached.add((case.path, response.status_code))
            if response.status_code == 200 and case.path == "/v1/session":
                self.tokens["session"] = response.json()["token"]
            if response.status_code == 200 and case.path == "/demo/login":
                self.tokens["customer"] = response.json()["customer_token"]
            if response.status_code < 300 and case.method.upper() == "DELETE":  # signed out: what follows signs in anew
                self.tokens.clear()

    Workflow.run(settings=settings(Workflow.TestCase.settings, max_examples=60, stateful_step_count=6, **REPEATABLE))
    assert reached >= {("/demo/login", 200), ("/v1/session", 200), ("/v1/chat", 200), ("/v1/models/{model}", 200)}


def test_the_document_names_each_error_and_no_other(document: Any) -> None:
    """Negative control of the above, and what no request brings about: FastAPI's own 422 is gone, ours is there."""
    paths = document.raw_schema["paths"]
    assert "422" not in paths["/v1/session"]["post"]["responses"]
    refused = paths["/v1/chat"]["post"]["responses"]
    assert refused.keys() == {"200", *map(str, (400, 401, 403, 408, 409, 413, 422, 429, 500, 502, 503))}
    assert {one["content"]["application/json"]["schema"]["$ref"] for code, one in refused.items() if code != "200"} == {
        "#/components/schemas/ErrorBody"
    }
    assert not {"HTTPValidationError", "ValidationError"} & document.raw_schema["components"]["schemas"].keys()
