"""A small API server over real HTTP and TLS, honest as far as it goes: discovery, lists with selectors and pages,
watches from a resourceVersion with bookmarks and 410, and the verbs that kubectl needs to change something.

It can be told to fail: to refuse, to answer late, to break off, to die and come back.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tests.live.rights import Asked, allows
from tests.live.store import BUILT_IN, Change, Manifest, Resource, Store, as_json, has_fields, selects

BOOKMARK_S = 0.3
"""Real servers send one a minute."""


class Request(NamedTuple):
    """A line of the log."""

    method: str
    path: str
    query: dict[str, str]
    user: str


class Fault(NamedTuple):
    """What goes wrong, with a request whose path and query hold a text."""

    matching: str
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    wait_s: float = 0.0
    cut: float = 0.0
    """The part of the body that is sent before the connection breaks off."""
    does: Callable[[], None] | None = None
    """What happens to the server meanwhile."""


class FakeApi:
    """The server. Use it as a context manager, or `start` and `stop` it."""

    def __init__(self, context: ssl.SSLContext | None, resources: tuple[Resource, ...] = BUILT_IN) -> None:
        self.store = Store(resources)
        self.tokens: dict[str, str] = {"let-me-in": "reader"}
        """Users by token."""
        self.roles: list[Manifest] | None = None
        """What users may do; None: everything."""
        self.forbidden: set[str] = set()
        """Resources that nobody may read, as `networkpolicies.networking.k8s.io`."""
        self.faults: list[Fault] = []
        """Each for one request, the first that matches."""
        self.log: list[Request] = []
        self.connections = 0
        """How many were ever opened."""
        self.bookmark_s = BOOKMARK_S
        self.pages: dict[str, tuple[int, list[Manifest]]] = {}
        """What each continue token goes on with: the list as it was when its first page was asked for."""
        self._context = context
        self._server: _Server | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> FakeApi:
        """Listen, on the same port as before if it was stopped."""
        self._server = _Server(self, self.port, self._context)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="fake-api", daemon=True).start()
        return self

    def stop(self) -> None:
        """Die: nobody listens, open connections break."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.break_connections()
            server.server_close()
            with self.store.changed:
                self.store.changed.notify_all()

    @property
    def is_up(self) -> bool:
        return self._server is not None

    def cut_connections(self) -> None:
        """Break every connection, and go on listening."""
        if self._server is not None:
            self._server.break_connections()

    def __enter__(self) -> FakeApi:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def fault_for(self, target: str) -> Fault | None:
        for fault in self.faults:
            if fault.matching in target:
                self.faults.remove(fault)
                return fault
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, api: FakeApi, port: int, context: ssl.SSLContext | None) -> None:
        self.api = api
        self._context = context
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """TLS in the thread of the connection, so that a bad handshake keeps nobody waiting."""
        self.api.connections += 1
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is not None:
            try:
                request.settimeout(10)
                request = self._context.wrap_socket(request, server_side=True)
                request.settimeout(None)
            except OSError:
                return
        self._open.add(request)
        try:
            super().finish_request(request, client_address)
        finally:
            self._open.discard(request)
            with contextlib.suppress(OSError):
                request.close()

    def break_connections(self) -> None:
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients go away: that is no fault of the server."""


_PATH = re.compile(
    r"/(?:api/(?P<v>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<ns>[^/]+))?/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>.+))?"
)
_NAMESPACE = re.compile(r"/api/v1/namespaces/(?P<name>[^/]+)")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """The log is the API's."""

    def handle_any(self) -> None:
        api, parts = self.server.api, urlsplit(self.path)
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))
        user = self._user()
        api.log.append(Request(self.command, parts.path, self.query, user))
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length) if length else b""
        fault = api.fault_for(self.path)
        if fault is not None and fault.does is not None:
            fault.does()
        if fault is not None and fault.wait_s:
            time.sleep(fault.wait_s)
        self.cut = fault.cut if fault is not None else 0.0
        if fault is not None and fault.status:
            self._status(fault.status, _WORDS.get(fault.status, "made to fail"), fault.headers)
        elif not user:
            self._status(401, "Unauthorized")
        else:
            self._route(api, parts.path, user)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

    def _user(self) -> str:
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        if scheme:
            return self.server.api.tokens.get(token.strip(), "") if scheme.lower() == "bearer" else ""
        certificate: Any = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        for part in (certificate or {}).get("subject", ()):
            for name, value in part:
                if name == "commonName":
                    return str(value)
        return ""

    # -- routing ------------------------------------------------------------------------------------------------

    def _route(self, api: FakeApi, path: str, user: str) -> None:
        made = _discovery(api.store, path)
        if made is not None:
            self._send(200, as_json(made))
            return
        match = _NAMESPACE.fullmatch(path) or _PATH.fullmatch(path)
        if match is None:
            self._status(404, "the server could not find the requested resource")
            return
        named = match.groupdict()
        plural = named.get("plural") or "namespaces"
        resource = api.store.find(named.get("group") or "", plural)
        if resource is None or (named.get("version") or "v1") != resource.version or named.get("sub"):
            self._status(404, "the server could not find the requested resource")
            return
        namespace, name = named.get("ns") or "", named.get("name") or ""
        asked = self._asked(resource, namespace or (name if plural == "namespaces" else ""), name)
        if resource.name in api.forbidden or (api.roles is not None and not allows(api.roles, asked)):
            where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
            words = f'User "{user}" cannot {asked.verb} resource "{plural}" in API group "{resource.group}" {where}'
            self._status(403, f"{resource.name} is forbidden: {words}")
        elif self.command == "GET" and not name:
            self._list_or_watch(api, resource, namespace)
        else:
            self._one(api, resource, namespace, name)

    def _asked(self, resource: Resource, namespace: str, name: str) -> Asked:
        verb = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}[self.command]
        if verb == "get" and not name:
            verb = "watch" if self._watches else "list"
            selected = re.fullmatch(r"metadata\.name=([^,]+)", self.query.get("fieldSelector", ""))
            name = selected[1] if selected else ""  # a list of one by its name counts as that one
        return Asked(verb, resource.group, resource.plural, namespace, name)

    @property
    def _watches(self) -> bool:
        return self.query.get("watch", "").lower() in ("1", "true")

    def _one(self, api: FakeApi, resource: Resource, namespace: str, name: str) -> None:
        if self.command == "POST":
            manifest = json.loads(self.body)
            if namespace:
                manifest["metadata"].setdefault("namespace", namespace)
            self._send(201, as_json(api.store.put(manifest)))
            return
        found = api.store.get(resource, namespace, name)
        if found is None:
            self._status(404, f'{resource.plural} "{name}" not found')
        elif self.command == "GET":
            self._send(200, as_json(found))
        elif self.command == "DELETE":
            api.store.delete(resource, namespace, name)
            self._send(200, as_json(found))
        else:
            given = json.loads(self.body)
            self._send(200, as_json(api.store.put(given if self.command == "PUT" else _merged(found, given))))

    # -- lists --------------------------------------------------------------------------------------------------

    def _list_or_watch(self, api: FakeApi, resource: Resource, namespace: str) -> None:
        try:
            has_fields({}, self.query.get("fieldSelector", ""))
        except LookupError as error:
            self._status(400, str(error))
            return
        if self._watches:
            self._watch(api, resource, namespace)
        else:
            self._list(api, resource, namespace)

    def _takes(self, item: Manifest) -> bool:
        labels = item["metadata"].get("labels") or {}
        fields = self.query.get("fieldSelector", "")
        return selects(labels, self.query.get("labelSelector", "")) and has_fields(item, fields)

    def _list(self, api: FakeApi, resource: Resource, namespace: str) -> None:
        limit, token = int(self.query.get("limit") or 0), self.query.get("continue", "")
        if token:
            if token not in api.pages:
                self._status(410, "The provided continue parameter is too old to display a consistent list result.")
                return
            revision, items = api.pages.pop(token)
        else:
            with api.store.changed:
                revision = api.store.revision
                items = [item for item in api.store.all(resource, namespace) if self._takes(item)]
        page, rest = (items[:limit], items[limit:]) if limit else (items, [])
        metadata: dict[str, Any] = {"resourceVersion": str(revision)}
        if rest:
            place = f"{resource.name} {revision} {len(rest)} {len(api.log)}"
            metadata["continue"] = base64.b64encode(place.encode()).decode()
            metadata["remainingItemCount"] = len(rest)
            api.pages[metadata["continue"]] = (revision, rest)
        head = as_json({"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": metadata})
        body = b",".join(api.store.rendered(resource, item) for item in page)
        self._send(200, head[:-1] + b',"items":[' + body + b"]}\n")

    # -- watches ------------------------------------------------------------------------------------------------

    def _watch(self, api: FakeApi, resource: Resource, namespace: str) -> None:
        store, asked = api.store, self.query.get("resourceVersion", "")
        until = time.monotonic() + float(self.query.get("timeoutSeconds") or 3600)
        with store.changed:
            at = int(asked or 0)
            if at and at < store.oldest:
                self._status(410, f"too old resource version: {at} ({store.oldest})")
                return
            begun = [item for item in store.all(resource, namespace) if self._takes(item)] if not at else []
            at = at or store.revision
        self._begin_chunks()
        for item in begun:
            self._chunk(_event("ADDED", item))
        server, bookmark = self.server, time.monotonic() + api.bookmark_s
        while api._server is server and time.monotonic() < until:
            with store.changed:
                if at < store.oldest:
                    gone = _status_of(410, f"too old resource version: {at} ({store.oldest})")
                    self._chunk(_event("ERROR", gone))
                    break
                if not store.since(at):
                    store.changed.wait(timeout=max(0.0, min(bookmark, until) - time.monotonic()))
                changes = store.since(at) if at >= store.oldest else []
                seen = store.revision
            lines = [line for change in changes if (line := self._line(change, resource, namespace)) is not None]
            if changes:
                at = changes[-1].revision
            if lines:
                self._chunk(b"".join(lines))
            elif time.monotonic() >= bookmark and at >= store.oldest:
                bookmark = time.monotonic() + api.bookmark_s
                at = max(at, seen)
                if self.query.get("allowWatchBookmarks", "").lower() in ("1", "true"):
                    mark = {"kind": resource.kind, "apiVersion": resource.api_version,
                            "metadata": {"resourceVersion": str(at), "creationTimestamp": None}}  # fmt: skip
                    self._chunk(_event("BOOKMARK", mark))
        self._chunk(b"")

    def _line(self, change: Change, resource: Resource, namespace: str) -> bytes | None:
        """A change as this watch sees it: what comes into its selection is added, what leaves it deleted."""
        if change.resource != resource or namespace not in ("", change.namespace):
            return None
        now = change.type != "DELETED" and self._takes(change.after)
        then = change.before is not None and self._takes(change.before)
        if not now and not then:
            return None
        return _event("MODIFIED" if now and then else "ADDED" if now else "DELETED", change.after)

    # -- writing ------------------------------------------------------------------------------------------------

    def _begin_chunks(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _status(self, code: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self._send(code, as_json(_status_of(code, message)), headers)

    def _send(self, code: int, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.cut:
            self.wfile.write(body[: int(len(body) * self.cut)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.wfile.write(body)


_WORDS = {429: "too many requests, please try again later", 500: "etcdserver: request timed out"}
_REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 410: "Expired", 429: "TooManyRequests"}


def _status_of(code: int, message: str) -> Manifest:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
            "reason": _REASONS.get(code, "InternalError"), "code": code}  # fmt: skip


def _event(kind: str, item: Manifest) -> bytes:
    return b'{"type":"' + kind.encode() + b'","object":' + as_json(item) + b"}\n"


def _merged(old: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    new = dict(old) if isinstance(old, dict) else {}
    for name, value in patch.items():
        if value is None:
            new.pop(name, None)
        else:
            new[name] = _merged(new.get(name), value)
    return new


def _discovery(store: Store, path: str) -> Manifest | None:
    if path == "/version":
        return {"major": "1", "minor": "33", "gitVersion": "v1.33.1", "platform": "linux/amd64"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "/apis":
        groups = dict.fromkeys(resource.group for resource in store.resources if resource.group)
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(store, group) for group in groups]}
    prefix, _, rest = path.removeprefix("/").partition("/")
    if prefix not in ("api", "apis") or rest.count("/") != (prefix == "apis"):
        return None
    served = [resource for resource in store.resources if resource.api_version == rest]
    if not served:
        return None
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    resources = [
        {"name": r.plural, "singularName": r.kind.lower(), "namespaced": r.namespaced, "kind": r.kind,
         "verbs": verbs, "shortNames": [r.short] if r.short else []}
        for r in served
    ]  # fmt: skip
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": rest, "resources": resources}


def _group(store: Store, group: str) -> Manifest:
    named = dict.fromkeys(r.api_version for r in store.resources if r.group == group)
    versions = [{"groupVersion": name, "version": name.rpartition("/")[2]} for name in named]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(0.01)
