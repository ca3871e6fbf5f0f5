"""The guard under the client: only plain reads leave the process, whatever the code above asks for.

It stands where the client hands a request to its connection pool, and again in every pool of connections below it, so
generated methods, raw requests, our own code, redirects and whoever takes the pool from under the client all pass it.
A client made of the guarded one's type is guarded, too; its parts cannot be exchanged. A last one keeps the client's
websocket helpers (exec, attach, port-forward), which go past the pool, from taking the place of its request method.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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

_NEVER = frozenset({"upgrade", "sec-websocket-key", "x-http-method-override", "x-http-method", "x-method-override"})
"""Headers that no read needs."""


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
    """Whether the request asks to become something else than HTTP, or than a GET: some proxies obey such headers."""
    names = [str(name).lower() for name in headers] if isinstance(headers, Mapping) else []
    return not _NEVER.isdisjoint(names)


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


def _guarded_pool_type(base_type: type[Any], base: str) -> type[Any]:
    """A pool of connections to one host that sends plain reads alone, whoever asks it."""
    ours = urlsplit(base)
    port = ours.port or {"https": 443, "http": 80}.get(ours.scheme)

    class ReadingPool(base_type):  # type: ignore[misc]  # a base that is known at run time alone
        """urllib3's pool, behind the guard."""

        def urlopen(self, method: str, url: str, *args: Any, **options: Any) -> Any:
            """The answer to a read. Raises WriteRefused, and what urllib3 raises."""
            is_to_proxy = url.startswith(("http://", "https://"))  # then the pool's host is the proxy's
            if not is_to_proxy:
                there = (str(self.host).strip("[]"), self.port or port)
                if there != ((ours.hostname or "").strip("[]"), port):
                    raise WriteRefused(f"{method} {url}: kwake reads {base} alone")
                url_in_full = base.rstrip("/") + url.removeprefix(ours.path.rstrip("/"))
            else:
                url_in_full = url
            body = args[0] if args else options.get("body")
            headers = args[1] if len(args) > 1 else options.get("headers")
            refuse_unless_read(method, url_in_full, base, body, headers)
            return super().urlopen(method, url, *args, **options)

    return ReadingPool


def guarded_client(client_type: type[Any], configuration: Any) -> Any:
    """A client of the official library that can only read: its pool is guarded, its request methods stay its own."""

    class ReadingClient(client_type):  # type: ignore[misc]  # the official library has no types
        """The official client, behind the guard."""

        def __init__(self, configuration: Any, *args: Any, **options: Any) -> None:
            super().__init__(configuration, *args, **options)
            self.rest_client.pool_manager = _guarded(self.rest_client.pool_manager, configuration.host)
            self.rest_client.__class__ = _sealed(type(self.rest_client))

        def __setattr__(self, name: str, value: Any) -> None:
            if name in ("request", "call_api") or (name == "rest_client" and "rest_client" in vars(self)):
                raise WriteRefused(f"{name}: kwake only reads; exec, attach and port-forward never begin")
            super().__setattr__(name, value)

    return ReadingClient(configuration)


def _guarded(pool: Any, base: str) -> GuardedPool:
    """A pool manager behind the guard, and the pools that it makes."""
    kinds = pool.pool_classes_by_scheme
    pool.pool_classes_by_scheme = {scheme: _guarded_pool_type(kind, base) for scheme, kind in kinds.items()}
    return GuardedPool(pool, base)


def _sealed(rest_type: type[Any]) -> type[Any]:
    """The part of the client that holds the pool, which nobody exchanges."""

    class Sealed(rest_type):  # type: ignore[misc]  # the official library has no types
        """The official client's transport, behind the guard."""

        def __setattr__(self, name: str, value: Any) -> None:
            raise WriteRefused(f"{name}: kwake only reads; its connections are not exchanged")

    return Sealed
