"""Starting and stopping the server: Ray, the key-value store, the application; and no process left behind.

``start`` refuses, before anything runs, a release that is not what was sealed, and the development key
on an address that others can reach.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import threading
from contextlib import suppress
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

from kefu.errors import KefuError
from serving.deploy import haproxy, proxy_headers, ray_processes

os.environ |= haproxy.settings() | os.environ  # read when ray.serve is imported
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody else's business; read when ray is imported
os.environ.setdefault("RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH", proxy_headers.IMPORT_PATH)  # read by Ray's proxy
os.environ.setdefault("RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH", ray_processes.CONTROLLER_CALLBACK)
# A busy machine needs more than Ray's half minute until the node and its agents are up.
os.environ.setdefault("RAY_raylet_start_wait_time_s", "180")
os.environ.setdefault("RAY_agent_register_timeout_ms", "180000")
# Ray kills a proxy that is not ready after three checks. On a busy machine its imports alone take longer than 15 s.
os.environ.setdefault("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", "60")
os.environ.setdefault("RAY_prestart_worker_first_driver", "0")  # none of them could be used: they lack SETUP_HOOK
# Ray would kill the controller and replicas when the machine's memory is 95 % full, whoever fills it. The kernel kills
# the one that does.
os.environ.setdefault("RAY_memory_monitor_refresh_ms", "0")
os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's 15 would let any other program go before customers
os.environ.setdefault("RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD", "0")  # ours never blocks its loop
# Ray's figures ten times a second took much of what an idle server computes. Its looks at all replicas (five a second
# cost 4 CPU-ms a second more than two) decide how soon another takes the place of one that died.
os.environ.setdefault("RAY_SERVE_METRICS_EXPORT_INTERVAL_MS", "5000")
os.environ.setdefault("RAY_SERVE_CONTROL_LOOP_INTERVAL_S", "0.2")

import ray
from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException

from kefu.paths import RAW, RUNTIME
from kefu.privacy.pseudonyms import VARIABLE, is_development
from kefu.registry.seal import verify
from kefu.shop.pack import load_pack
from serving.api.access.channel_keys import channel_keys
from serving.api.access.this_machine import allows_development
from serving.deploy.plan import Plan
from serving.deploy.proxy_headers import trusted_addresses
from serving.deploy.ray_app import QUIET, build_app
from serving.orphans import OrphanGuard
from serving.params import Serving
from serving.sessions.valkey import Store, open_store
from serving.tools.demo_database import forget
from serving.webhooks.signature import webhook_secrets

OBJECT_STORE_BYTES = 100 * 1024 * 1024  # chats are small
APP = "kefu"
PROXY_MINUTES = 5


class CannotServe(KefuError, RuntimeError):
    """The server must not or cannot start; the message says why and what to do."""


class Server:
    """A running server. ``stop`` ends everything that ``start`` began."""

    def __init__(self, url: str, plan: Plan, store: Store, folder: Path | None) -> None:
        self.url, self.plan, self._store, self._folder = url, plan, store, folder
        self._guard = OrphanGuard(folder) if folder else None  # a HAProxy without its server would hold the port

    def update(self, release: Path, version: str, content_hash: str | None = None) -> None:
        """Serves another release; customers are answered by the one before until the new replicas are loaded.

        Raises:
            TamperedRelease, CannotServe: the release before goes on.
        """
        manifest = verify(release, content_hash)
        plan = replace(self.plan, release=release.resolve(), version=version, content_hash=manifest.content_hash)
        _deploy(plan)
        self.plan = plan

    def stop(self) -> None:
        """Ends the application, Ray and the embedded store."""
        with suppress(RayError, RayServeException):
            serve.delete(APP)
        self.leave()

    def leave(self) -> None:
        """Ends what is this process's own; the application of a cluster answers on."""
        ray.shutdown()
        self._store.close()
        if self._folder and self._guard:
            self._guard.close()
            shutil.rmtree(self._folder, ignore_errors=True)


def start(
    release: Path,
    params: Serving,
    *,
    version: str = "local",
    content_hash: str | None = None,
    runtime: Path = RUNTIME,
    raw: Path = RAW / "serving",
) -> Server:
    """Serves a release on ``params.host:params.port``; returns when it answers.

    Args:
        content_hash: what the registry says the release is; None trusts its own manifest.

    Raises:
        TamperedRelease: the folder is not what was sealed.
        CannotServe: the port is taken (without a cluster), or the development key would be reachable by others.
    """
    _check(params)
    manifest = verify(release, content_hash)
    cluster = bool(os.environ.get("RAY_ADDRESS"))  # where the application may run already, as this process was killed
    if not cluster:
        _check_port(params)
        if load_pack(release / "pack").shop.demo_now:
            forget(runtime)
    store = open_store()
    plan = Plan(release.resolve(), version, manifest.content_hash, runtime.resolve(), raw.resolve(), params, store.url)
    server = Server(f"http://{params.host}:{params.port}", plan, store, haproxy.prepare(params))
    os.environ["FORWARDED_ALLOW_IPS"] = ",".join(trusted_addresses(params))  # uvicorn reads it in Ray's own proxy
    try:
        _start_ray(params)
        _start_proxy(params)
        _deploy(plan)
    except BaseException:  # Ctrl-C while loading, too: leave nothing running, but in a cluster what ran before
        server.leave() if cluster else server.stop()
        raise
    return server


def _start_proxy(params: Serving) -> None:
    """Starts Ray Serve; on a busy machine its proxy takes longer to import than the minute that Ray waits."""
    http = {"host": params.host, "port": params.port}
    for _ in range(PROXY_MINUTES):
        with suppress(TimeoutError):
            serve.start(proxy_location="HeadOnly", http_options=http, logging_config=QUIET)
            return
    raise CannotServe(
        f"{params.host}:{params.port}: Ray's proxy was not ready after {PROXY_MINUTES} minutes: stop other programs"
    )


def _deploy(plan: Plan) -> None:
    try:
        serve.run(build_app(plan), name=APP, route_prefix="/", logging_config=QUIET)
    except RuntimeError as error:  # Ray's own message does not tell why
        status = serve.status().applications[APP]
        reasons = [f"{name}: {d.message}" for name, d in status.deployments.items() if d.message]
        raise CannotServe("\n".join([str(error), *reasons])) from error


def _check(params: Serving) -> None:
    channel_keys()  # raises what would otherwise meet the first customer
    if params.webhook_url:
        webhook_secrets()
    if is_development() and not allows_development(params):
        raise CannotServe(
            f"serving.host is {params.host} and serving.trusted_proxies {list(params.trusted_proxies)}: others can "
            f"reach the server, but {VARIABLE} is not set, and anybody could sign tokens with the public development "
            f"key. Set {VARIABLE} (openssl rand -hex 32), serve on 127.0.0.1 without such proxies, or name the hosts "
            "under which that is wanted in serving.development_hosts"
        )


def _check_port(params: Serving) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((params.host, params.port))
        except OSError as error:
            raise CannotServe(
                f"{params.host}:{params.port}: {error.strerror}. Set serving.port to a free one"
            ) from error


def _start_ray(params: Serving) -> None:
    """Joins the cluster of RAY_ADDRESS, else starts Ray on this machine, quiet and small."""
    on_sigterm = signal.getsignal(signal.SIGTERM)
    _init_ray(params)
    if threading.current_thread() is threading.main_thread():
        # Ray sets a handler that ends the process at once; the caller's own lets it clean up.
        signal.signal(signal.SIGTERM, on_sigterm)


def _init_ray(params: Serving) -> None:
    for chatty in ("ray", "ray.serve"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    lean = {"worker_process_setup_hook": ray_processes.SETUP_HOOK}
    if address := os.environ.get("RAY_ADDRESS"):
        ray.init(address=address, runtime_env=lean, log_to_driver=False, logging_level=logging.ERROR)
        return
    ray.init(
        address="local",
        runtime_env=lean,
        num_cpus=max(2, os.cpu_count() or 2, _reserved(params)),
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    _end_what_nobody_needs()


def _end_what_nobody_needs() -> None:
    """Ray starts them in any case: a dashboard without pages, an autoscaler of one machine, a reader of its logs."""
    node: Any = ray._private.worker._global_node
    for kill in (node.kill_dashboard, node.kill_monitor, node.kill_log_monitor):
        kill(check_alive=False)


def _reserved(params: Serving) -> int:
    """Cores that replicas reserve, with those of an update beside those that it replaces."""
    return ceil(2 * params.num_replicas * params.num_cpus + params.max_model_replicas * params.model_num_cpus)
