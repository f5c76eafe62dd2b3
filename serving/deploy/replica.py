"""The replica that customers reach: web layer and dialogue in one process, one hop behind the proxy.

Ray Serve restarts it when it dies; sessions survive in Redis. It proves what it loads of the release again each time,
so what was exchanged on disk since is not served; the models, gigabytes, are proved where they are loaded.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from functools import partial
from zoneinfo import ZoneInfo

import uvicorn
from fastapi import FastAPI
from ray import serve
from ray.serve.handle import DeploymentHandle
from redis.exceptions import RedisError

from kefu.registry.seal import verify
from serving.api.access.this_machine import allows_development
from serving.api.app import build_web
from serving.api.chat import FRAME_CHARS
from serving.api.schemas import ReleaseInfo
from serving.api.site import Front, Site
from serving.conversation_log import ConversationLog
from serving.deploy.demo_script import load_demo
from serving.deploy.in_process import InProcessBackend
from serving.deploy.models import models_problem, remote_engines
from serving.deploy.plan import Plan
from serving.deploy.proxy_headers import trusted_addresses
from serving.deploy.ray_processes import MESSAGES
from serving.deploy.slots import Slots
from serving.dialogue.assistant import Assistant
from serving.dialogue.people.silence import end_silence
from serving.engines.load import MODELS
from serving.params import Serving
from serving.rating import Ratings
from serving.sessions.limits import limits_of
from serving.sessions.store import Sessions
from serving.sessions.webhooks import WebhookQueue
from serving.webhooks.sender import WebhookSender
from serving.webhooks.signature import webhook_secrets

logger = logging.getLogger(__name__)
TIDY_S = 30  # between two looks for log lines that another process, or a full disk, has left, and for silent cases
NOT_LOADED = frozenset({*MODELS, "adapter"})  # parts of the release
FRAME_BYTES = 4 * FRAME_CHARS  # of UTF-8


class Chat:
    """The ingress deployment.

    Args:
        models: the deployment of the models.
    """

    def __init__(self, models: DeploymentHandle, plan: Plan) -> None:
        self._models, self._plan = models, plan

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Loads the release; Ray calls it once, in the loop in which the application runs."""
        plan, params = self._plan, self._plan.params
        # Ray sets no limit, so a stranger could have 16 MB of each of his sockets kept while a frame is on its way.
        uvicorn.Config = partial(  # type: ignore[misc, assignment]
            uvicorn.Config, ws_max_size=FRAME_BYTES, forwarded_allow_ips=trusted_addresses(params)
        )
        manifest = verify(plan.release, plan.content_hash, NOT_LOADED)
        release = ReleaseInfo(version=plan.version, content_hash=manifest.content_hash, profile=manifest.profile)
        sessions = Sessions(plan.store_url, params.session_ttl_s, limits_of(params), bool(params.webhook_url))
        replica = serve.get_replica_context().replica_id.unique_id
        log = ConversationLog(plan.raw, replica, manifest.content_hash)
        slots = Slots(params.num_threads)
        engines = remote_engines(plan, self._models, slots)
        assistant = Assistant.open(plan.release, plan.runtime, params, sessions=sessions, engines=engines, log=log)
        assistant.warm_up()
        gc.freeze()  # all of it stays: a look through it would hold an answer up by a tenth of a second
        threading.Thread(target=_tidy, args=(log, sessions, params), name="tidy", daemon=True).start()
        if params.webhook_url:
            WebhookSender(WebhookQueue(sessions.client), params.webhook_url, webhook_secrets()).start()
        shop = assistant.pack.shop
        front = Front(
            name=shop.name,
            greeting=shop.greeting,
            sample=bool(shop.demo_customers),
            demo_customers=shop.demo_customers,
            questions=load_demo(assistant.pack.folder).questions,
        )
        self._backend = InProcessBackend(assistant, release, params, slots, partial(models_problem, self._models))
        samples = params.demo_login and allows_development(params)
        ratings = Ratings(sessions, ZoneInfo(shop.timezone), log)
        return build_web(Site(self._backend, sessions, params, front, samples, assistant.desk, ratings))

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """What ``ray_processes.by_messages`` goes by; Ray asks now and then."""
        return {MESSAGES: self._backend.busy}


def _tidy(log: ConversationLog, sessions: Sessions, params: Serving) -> None:
    """For ever: writes what another process or a full disk has left in the outbox, and ends cases that are silent."""
    while True:
        try:
            if found := log.recover(sessions):
                logger.warning("%s: the lines of %d answers were written late", log.raw, found)
            end_silence(sessions, params)
        except (OSError, RedisError) as error:
            logger.warning("%s: log lines wait in the store: %s", log.raw, error)
        time.sleep(TIDY_S)
