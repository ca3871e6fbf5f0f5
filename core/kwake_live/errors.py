"""What can go wrong between kwake and an API server, each in one clear line."""

from __future__ import annotations

from kwake.errors import KwakeError


class LiveError(KwakeError):
    """A live cluster that cannot be read. The command line ends with 3, as for a file that cannot be."""

    exit_code = 3


class ContextError(LiveError):
    """A kubeconfig that is not there or cannot be read, or a context that it does not hold."""


class PluginError(LiveError):
    """An exec plugin of the kubeconfig that failed, asked where nobody can answer, or gave no credentials."""


class Unreachable(LiveError):
    """No answer: the name, the port, the certificate, or time."""


class Unauthorized(LiveError):
    """401: the API server does not know these credentials (any more)."""


class Refused(LiveError):
    """Any other answer that is none to a read. `code` is the HTTP status, `reason` the API server's own sentence."""

    def __init__(self, where: str, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{where}: the API server answered {code}: {reason}")

    @property
    def is_forbidden(self) -> bool:
        """403: these rights do not reach."""
        return self.code == 403

    @property
    def is_absent(self) -> bool:
        """404: this API server has no such kind."""
        return self.code == 404

    @property
    def is_gone(self) -> bool:
        """410: the list or the resourceVersion is too old to go on from."""
        return self.code == 410


class WriteRefused(LiveError):
    """A request that is no plain read was stopped before it left the process."""

    exit_code = 70


class Cancelled(LiveError):
    """The user went away while the cluster was read."""

    exit_code = 130
