"""What Ray Serve is told to deploy for each shipped profile, by the functions of its own command ``serve build``."""

from __future__ import annotations

from pathlib import Path

import pytest
from ray.serve._private.build_app import build_app as resolved
from ray.serve.deployment import deployment_to_schema
from ray.serve.schema import DeploymentSchema, ServeApplicationSchema, ServeDeploySchema

from kefu import params
from pipelines.params import load_params
from serving.deploy.plan import Plan
from serving.deploy.ray_app import build_app
from serving.deploy.ray_processes import SCALING_POLICY
from serving.params import Serving


def deployed(serving: Serving) -> dict[str, DeploymentSchema]:
    """The deployments by name, as a schema that Ray accepts."""
    folder = Path("store")
    plan = Plan(folder / "release", "1", "0" * 64, folder, folder, serving, "redis://localhost")
    schemas = [deployment_to_schema(one) for one in resolved(build_app(plan), name="kefu").deployments]
    application = ServeApplicationSchema(
        name="kefu", route_prefix="/", import_path="serving.deploy.ray_app:build_app", deployments=schemas
    )
    told = {"applications": [application.model_dump(exclude_unset=True)]}
    ServeDeploySchema.model_validate(told)
    return {schema.name: schema for schema in schemas}


@pytest.mark.parametrize("profile", params.profiles())
def test_ray_accepts_what_a_profile_deploys(profile: str) -> None:
    serving = load_params(profile=profile).serving
    found = deployed(serving)
    assert set(found) == {"Chat", "Models"}
    models = found["Models"].model_dump()
    assert models["ray_actor_options"]["num_gpus"] == serving.model_num_gpus
    assert models["num_replicas"] == serving.num_model_replicas
    assert models["max_ongoing_requests"] == serving.model_threads + 1


def test_replicas_follow_their_messages_where_more_of_them_may_run() -> None:
    serving = load_params(profile="tiny").serving.model_copy(update={"max_replicas": 4})
    scaling = deployed(serving)["Chat"].model_dump()["autoscaling_config"]
    assert (scaling["min_replicas"], scaling["max_replicas"]) == (serving.num_replicas, 4)
    assert scaling["policy"]["policy_function"] == SCALING_POLICY


def test_models_follow_their_queue_where_more_of_them_may_run() -> None:
    serving = load_params(profile="qwen3-8b").serving.model_copy(update={"max_model_replicas": 4})
    scaling = deployed(serving)["Models"].model_dump()["autoscaling_config"]
    assert (scaling["min_replicas"], scaling["max_replicas"]) == (serving.num_model_replicas, 4)
    assert scaling["target_ongoing_requests"] == serving.model_threads // 2
