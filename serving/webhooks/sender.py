"""Sends webhooks to the shop: a thread in each replica, at least once each, as Standard Webhooks says.

The address is the operator's (``serving.webhook_url``), never anybody's who talks with the server, and a redirect is a
failure: nobody makes this process call another address. A failure is tried again after longer and longer pauses, for
three days; a webhook whose sender died is tried again by another.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence

import httpx
from redis.exceptions import RedisError

from serving.sessions.webhooks import Webhook, WebhookQueue
from serving.webhooks.signature import headers

logger = logging.getLogger(__name__)
POLL_S = 1.0
TIMEOUT_S = 15.0
HELD_S = 4 * TIMEOUT_S  # longer than an attempt can take
PAUSES_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)  # the specification's example
JITTER = 0.1


class WebhookSender:
    """See the module's description.

    Args:
        url: where all of them go.
        secrets: that sign, one or two.
        pauses_s: after the first, second … failure; after the last one a webhook is given up.
    """

    def __init__(
        self, queue: WebhookQueue, url: str, secrets: list[bytes], pauses_s: Sequence[float] = PAUSES_S
    ) -> None:
        self._queue, self._url, self._secrets, self._pauses_s = queue, url, secrets, pauses_s
        # No proxy or password of the environment: what is sent goes where the operator says, and nothing else with it.
        self._http = httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)

    def start(self) -> None:
        """Sends what is due, for ever, in a thread of its own."""
        threading.Thread(target=self._run, name="webhooks", daemon=True).start()

    def send_due(self) -> int:
        """Sends all that is due now; returns how many were tried. Raises redis.RedisError."""
        tried = 0
        while webhook := self._queue.take(HELD_S):
            tried += 1
            problem = self._send(webhook)
            if problem is None:
                self._queue.delivered(webhook)
                continue
            pause = self._pauses_s[webhook.tries] if webhook.tries < len(self._pauses_s) else None
            if pause is None:
                logger.error("webhook %s: %s; it is given up after %d tries", webhook.id, problem, webhook.tries + 1)
            else:
                logger.warning("webhook %s: %s; the next try is in %g s", webhook.id, problem, pause)
            self._queue.failed(webhook, None if pause is None else pause * (1 + random.uniform(0, JITTER)))
        return tried

    def _send(self, webhook: Webhook) -> str | None:
        """What went wrong; None: the shop has it."""
        body, now = webhook.body.encode(), int(time.time())
        try:
            answer = self._http.post(self._url, content=body, headers=headers(webhook.id, now, body, self._secrets))
        except httpx.HTTPError as error:
            return f"no answer ({type(error).__name__})"
        return None if answer.is_success else f"the shop answered {answer.status_code}"

    def _run(self) -> None:
        away = False
        while True:
            try:
                self.send_due()
                away = False
            except RedisError as error:
                if not away:
                    logger.warning("webhooks: the store does not answer: %s", error)
                away = True
            time.sleep(POLL_S)
