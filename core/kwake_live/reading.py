"""One read at a time: what is tried again, for how long, and how each failure is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec
import urllib3

from kwake_live.access import Access
from kwake_live.errors import Cancelled, LiveError, Refused, Unauthorized, Unreachable

CONNECT_S = 8.0
"""How long a connection may take to stand."""

SILENCE_S = 30.0
"""How long an answer may pause, its first byte included."""

WAITS_S = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses between tries of one read; a server that names one (`Retry-After`) is obeyed up to the longest."""

_AGAIN = frozenset({429, 500, 502, 503, 504})

Say = Callable[[str], None]


class _Status(msgspec.Struct):
    message: str = ""


class Reader:
    """Reads through an access until cancelled."""

    def __init__(self, access: Access, say: Say, cancel: threading.Event | None = None) -> None:
        self.access = access
        self._say = say
        self._cancel = cancel or threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether the user went away."""
        return self._cancel.is_set()

    def pause(self, seconds: float) -> None:
        """Wait, unless cancelled meanwhile. Raises Cancelled."""
        if self._cancel.wait(seconds):
            raise Cancelled(f"{self.access.context}: stopped, nothing was changed")

    def check(self) -> None:
        """Raises Cancelled if it was."""
        self.pause(0)

    def get(self, path: str, what: str, *, tries: int = len(WAITS_S) + 1) -> bytes:
        """The body of an answer 200. `what` is its word in messages.

        Raises Refused (403, 404, 410 and the like at once, 429 and 5xx when they stay), Unauthorized, Unreachable and
        Cancelled.
        """
        renewed = False
        for last in range(tries - 1, -1, -1):
            self.check()
            generation = self.access.generation
            try:
                return self._once(path, what)
            except Unauthorized:
                if renewed:
                    raise
                renewed = True
                self._say(f"{what}: 401, the credentials are read again")
                self.access.renew(generation)
            except _Passing as passing:
                if not last:
                    raise passing.error from None
                wait = min(max(passing.wait_s, WAITS_S[tries - 1 - last]), WAITS_S[-1])
                self._say(f"{passing.error}; again in {wait:g} s")
                self.pause(wait)
        raise Unauthorized(self._unauthorized(what))

    def _once(self, path: str, what: str) -> bytes:
        try:
            answer = self.access.get(path, timeout=urllib3.Timeout(connect=CONNECT_S, read=SILENCE_S))
        except urllib3.exceptions.HTTPError as error:
            raise self.told(error, what) from None
        return bytes(self.accepted(answer, what))

    def accepted(self, answer: Any, what: str) -> Any:
        """The body of an answer 200; else raises what it means."""
        if answer.status == 200:
            return answer.data
        reason = _reason(answer)
        if answer.status == 401:
            raise Unauthorized(self._unauthorized(what))
        refused = Refused(f"{self.access.context}: {what}", answer.status, reason)
        if answer.status in _AGAIN:
            raise _Passing(refused, _retry_after(answer))
        raise refused

    def _unauthorized(self, what: str) -> str:
        return (
            f"{self.access.context}: {what}: the API server answered 401: it does not take these credentials "
            "(expired, or of another cluster); log in again, as with kubectl get nodes"
        )

    def told(self, error: urllib3.exceptions.HTTPError, what: str) -> Exception:
        """What a failed connection means: at once the user's to mend, or worth another try."""
        where = f"{self.access.context}: {self.access.server}"
        error = getattr(error, "reason", None) or error  # the first of a MaxRetryError
        words = str(error)
        match error:
            case urllib3.exceptions.SSLError():
                return Unreachable(f"{where}: {_tls(words)}")
            case urllib3.exceptions.NameResolutionError():
                return _Passing(Unreachable(f"{where}: this name cannot be resolved"))
            case urllib3.exceptions.ProxyError():
                return _Passing(Unreachable(f"{where}: the proxy does not let us through: {_last(words)}"))
            case urllib3.exceptions.NewConnectionError():
                return _Passing(Unreachable(f"{where}: no connection: {_last(words)}"))
            case urllib3.exceptions.ConnectTimeoutError():
                return _Passing(Unreachable(f"{where}: no connection within {CONNECT_S:g} s"))
            case urllib3.exceptions.ReadTimeoutError():
                return _Passing(Unreachable(f"{where}: {what}: nothing for {SILENCE_S:g} s"))
            case _:
                return _Passing(Unreachable(f"{where}: {what}: the answer broke off: {_last(words)}"))


class _Passing(Exception):
    """A failure that may be over soon."""

    def __init__(self, error: LiveError, wait_s: float = 0.0) -> None:
        self.error = error
        self.wait_s = wait_s
        super().__init__(str(error))


Passing = _Passing


def _reason(answer: Any) -> str:
    """The API server's own sentence, or the first words of what some proxy said instead."""
    data = bytes(answer.data or b"")
    try:
        message = msgspec.json.decode(data, type=_Status).message
    except (msgspec.DecodeError, RecursionError):
        message = " ".join(data[:200].decode(errors="replace").split())
    return message or str(answer.reason or "no reason given")


def _retry_after(answer: Any) -> float:
    text = answer.headers.get("Retry-After") or ""
    return float(text) if text.isdecimal() else 0.0


def _tls(words: str) -> str:
    """What is wrong with the certificate, without the library's wrapping."""
    for sign, meaning in _TLS.items():
        if sign in words:
            return meaning
    return f"TLS fails: {_last(words)}"


_TLS = {
    "self-signed certificate": "its certificate is not signed by the CA that the kubeconfig names",
    "unable to get local issuer": "its certificate is not signed by the CA that the kubeconfig names",
    "Hostname mismatch": "its certificate is for another name",
    "IP address mismatch": "its certificate is for another address",
    "doesn't match": "its certificate is for another name",
    "certificate has expired": "its certificate has expired",
    "not yet valid": "its certificate is not valid yet",
    "signature failure": "its certificate is not signed by the CA that the kubeconfig names",
    "verify failed": "its certificate cannot be checked with the CA that the kubeconfig names",
    "WRONG_VERSION_NUMBER": "what answers there does not speak TLS",
    "record layer failure": "what answers there does not speak TLS",
    "bad certificate": "it does not take our client certificate",
    "certificate required": "it wants a client certificate, and the kubeconfig has none",
    "unknown ca": "it does not take our client certificate",
}


def _last(words: str) -> str:
    """The last part of a chain of messages, which says the cause."""
    return words.rpartition(": ")[2].strip("()'\" ") or words
