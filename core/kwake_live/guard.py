"""The guard under the client: only plain reads leave the process, whatever the code above asks for.

It stands where the client hands a request to its connection pool, so generated methods, raw requests and our own code
all pass it. A second one keeps the client's websocket helpers (exec, attach, port-forward), which go past the pool,
from being put in the place of its request method.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from kwake_live.errors import WriteRefused

_READS = (
    re.compile(r"/version"),
    re.compile(r"/api(?:/v1)?"),
    re.compile(r"/apis(?:/[a-z0-9.-]+(?:/v[a-z0-9]+)?)?"),
    re.compile(
        r"/(?:api/v1|apis/[a-z0-9.-]+/v[a-z0-9]+)(?:/namespaces/[a-z0-9.-]+)?/(?P<resource>[a-z0-9-]+)(?:/[a-z0-9.:-]+)?"
    ),
)
"""Versions and discovery, a list or one object of a kind. A subresource (`pods/NAME/exec`) is longer than all."""

_NO_RESOURCES = frozenset({"proxy", "watch", "secrets", "finalize", "status", "redirect"})
"""What stands where a resource does and is none, and Secrets, which kwake never needs."""


def refuse_unless_read(method: str, url: str, base: str, body: object = None, headers: object = None) -> None:
    """Raises WriteRefused for everything but a GET of a list, an object, a version or the discovery under `base`."""
    path = urlsplit(url).path
    root = urlsplit(base).path.rstrip("/")
    is_ours = url.startswith(base.rstrip("/") + "/")
    if method != "GET" or body or not is_ours or not is_read(path.removeprefix(root)) or _upgrades(headers):
        raise WriteRefused(f"{method} {path}: kwake only reads, this request was stopped before it left the process")


def is_read(path: str) -> bool:
    """Whether a path is that of a plain read."""
    for pattern in _READS:
        match = pattern.fullmatch(path)
        if match is not None:
            return match.groupdict().get("resource", "") not in _NO_RESOURCES
    return False


def _upgrades(headers: object) -> bool:
    """Whether the request asks to become something else than HTTP."""
    names = [str(name).lower() for name in headers] if isinstance(headers, dict) else []
    return "upgrade" in names


class GuardedPool:
    """A pool of connections that takes plain reads alone; it follows no redirect."""

    def __init__(self, pool: Any, base: str) -> None:
        self._pool = pool
        self._base = base

    def request(self, method: str, url: str, **options: Any) -> Any:
        """The answer to a read. Raises WriteRefused, and what urllib3 raises."""
        body = options.get("body") or options.get("json")  # urllib3 puts the `fields` of a GET into its query
        refuse_unless_read(method, url, self._base, body, options.get("headers"))
        options["redirect"] = False
        return self._pool.request(method, url, **options)

    def urlopen(self, method: str, url: str, **options: Any) -> Any:
        """The same by urllib3's other name."""
        return self.request(method, url, **options)

    def clear(self) -> None:
        """Close what is idle."""
        self._pool.clear()


def guarded_client(client_type: type[Any], configuration: Any) -> Any:
    """A client of the official library that can only read: its pool is guarded, its request methods stay its own."""

    class ReadingClient(client_type):  # type: ignore[misc]  # the official library has no types
        """The official client, behind the guard."""

        def __setattr__(self, name: str, value: Any) -> None:
            if name in ("request", "call_api"):
                raise WriteRefused(f"{name}: kwake only reads; exec, attach and port-forward never begin")
            super().__setattr__(name, value)

    client = ReadingClient(configuration)
    rest = client.rest_client
    rest.pool_manager = GuardedPool(rest.pool_manager, configuration.host)
    return client
