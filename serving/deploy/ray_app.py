"""The Ray Serve application: replicas that customers reach, and the models behind them.

Two deployments: what needs no model never waits for one, and each scales alone.
"""

from __future__ import annotations

from typing import Any

from ray import serve
from ray.serve.config import AutoscalingConfig, AutoscalingPolicy
from ray.serve.schema import LoggingConfig

from serving.deploy.models import Models
from serving.deploy.plan import Plan
from serving.deploy.ray_processes import SCALING_POLICY, TARGET_MESSAGES
from serving.deploy.replica import Chat
from serving.params import Serving

QUIET = LoggingConfig(log_level="WARNING", enable_access_log=False)
QUEUED = 64  # chats that wait for a model; more get the fallback
CHECK_S = 0.3  # a dead replica is noticed, and another started, after so many seconds


def build_app(plan: Plan) -> serve.Application:
    """The application of one plan, ready for ``serve.run``."""
    params = plan.params
    models = serve.deployment(
        name="Models",
        **_replicas(params.num_model_replicas, params.max_model_replicas, params.model_threads),
        max_ongoing_requests=params.model_threads + 1,  # and the question whether they are ready
        max_queued_requests=QUEUED,
        health_check_period_s=CHECK_S,
        graceful_shutdown_timeout_s=5,
        ray_actor_options={"num_cpus": params.model_num_cpus, "num_gpus": params.model_num_gpus},
        logging_config=QUIET,
    )(Models)
    chat = serve.deployment(
        name="Chat",
        **_chat_replicas(params),
        max_surge_percent=100,  # an update starts the new ones before it ends the old
        # Ray counts every open socket and unfinished body; ``InProcessBackend`` counts what is to be answered.
        max_ongoing_requests=params.max_unsigned_connections + params.max_idle_sockets + params.max_ongoing_requests,
        health_check_period_s=CHECK_S,
        graceful_shutdown_timeout_s=5,
        ray_actor_options={"num_cpus": params.num_cpus},
        logging_config=QUIET,
    )(serve.ingress()(Chat))
    return chat.bind(models.bind(plan), plan)


def _chat_replicas(params: Serving) -> dict[str, Any]:
    """A fixed number, or one that follows the messages."""
    if params.max_replicas <= params.num_replicas:
        return {"num_replicas": params.num_replicas}
    scaling = AutoscalingConfig(
        min_replicas=params.num_replicas,
        max_replicas=params.max_replicas,
        target_ongoing_requests=TARGET_MESSAGES,
        policy=AutoscalingPolicy(policy_function=SCALING_POLICY),
    )
    return {"autoscaling_config": scaling}


def _replicas(least: int, most: int, busy: int) -> dict[str, Any]:
    """A fixed number of replicas, or one that follows the chats that each has to answer at once."""
    if most <= least:
        return {"num_replicas": least}
    autoscaling = {"min_replicas": least, "max_replicas": most, "target_ongoing_requests": max(1, busy // 2)}
    return {"autoscaling_config": autoscaling}
