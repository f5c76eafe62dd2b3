"""Whether a request comes from this machine, which alone may use what protects nobody.

That is the public development key, with which anybody can sign tokens, and the sample sign-in. Others reach a server on
127.0.0.1 through a proxy on the same host; a web page reaches it when its own name is made to resolve to 127.0.0.1 (DNS
rebinding). The first shows in the client's address, the headers of proxies or the host's name, the second in the
host's name.

Not covered: a proxy that passes on neither the name nor an address (nginx with a bare ``proxy_pass``; a browser's pages
are refused there all the same, by their Origin), and a forwarded TCP port whose client writes ``localhost`` as Host.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator
from functools import lru_cache

from starlette.requests import HTTPConnection

from kefu.privacy.pseudonyms import VARIABLE, is_development
from serving.api.errors import ApiError
from serving.params import Serving

FORWARDED_FOR = "x-forwarded-for"
OTHER_PROXY_HEADERS = ("forwarded", "via", "x-real-ip")  # who sends one of these is a proxy; whose is not read
HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^\s:/@\[\]]+))(?::\d+)?", re.IGNORECASE)


def allows_development(params: Serving) -> bool:
    """Whether the development key and the sample sign-in may be used at all, by whom ``is_local`` admits."""
    return bool(params.development_hosts) or (is_loopback(params.host) and not params.trusted_proxies)


def require_secret(connection: HTTPConnection, development_hosts: Collection[str]) -> None:
    """Raises 403 when tokens prove nothing: anybody can sign them, and not only this machine can send them."""
    if is_development() and not is_local(connection, development_hosts):
        raise ApiError(
            403,
            "development_key",
            "Tokens are signed with the public development key, so this machine alone may use them: set "
            f"{VARIABLE} (openssl rand -hex 32), or name the host in serving.development_hosts",
        )


def is_local(connection: HTTPConnection, development_hosts: Collection[str]) -> bool:
    """Whether a request was sent on this machine to this machine, or to a name that the operator has opened to all.

    Args:
        development_hosts: such names; a request to one of them may come from any address.
    """
    hosts = set(_hosts(connection))
    if hosts <= set(development_hosts):
        return True
    if not all(host in development_hosts or is_loopback(host) for host in hosts):
        return False
    return all(is_loopback(address) for address in _addresses(connection))


@lru_cache(maxsize=1024)  # each message brings the same names
def is_loopback(host: str) -> bool:
    """Whether an address or a name is this machine's own, which nobody else can reach (RFC 6761 for names)."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _hosts(connection: HTTPConnection) -> Iterator[str]:
    """Names that the request was sent to, and of the page that sent it; '' for what is none."""
    headers = connection.headers
    origins = [origin.partition("://")[2] for origin in headers.getlist("origin")]
    for host in [*(headers.getlist("host") or [""]), *origins]:
        found = HOST.fullmatch(host)
        yield (found["v6"] or found["name"]).lower().removesuffix(".") if found else ""


def _addresses(connection: HTTPConnection) -> Iterator[str]:
    """The client's address, and all that proxies name; '' for one that is not known."""
    headers = connection.headers
    yield connection.client.host if connection.client else ""
    for line in headers.getlist(FORWARDED_FOR):
        yield from (address.strip() for address in line.split(","))
    yield from ("" for name in OTHER_PROXY_HEADERS if name in headers)
