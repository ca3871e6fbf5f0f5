"""Everything that can go wrong because of what the user gave, in one tree.

Each error says what, where and what to do; the command line maps `exit_code` to the process's status.
"""

from __future__ import annotations


class KwakeError(Exception):
    """The root. `exit_code` is what the command line ends with."""

    exit_code = 2


class UsageError(KwakeError):
    """The command line or an API call asks for something that there is not."""


class ReferenceNotFound(KwakeError):
    """A reference such as `svc/shop/checkout` names nothing, or more than one thing."""


class ProfileError(KwakeError):
    """A profile, bundle or `--set` field that does not exist or has a bad value."""


class ScenarioError(KwakeError):
    """A scenario that cannot be read: says file, line, key, found and expected."""


class SnapshotUnreadable(KwakeError):
    """A snapshot that cannot be read at all: missing, forbidden, not UTF-8, without any object."""

    exit_code = 3


class InvalidSnapshot(KwakeError):
    """Objects that the API server would refuse, each with file, line, object, field and its reason."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class NothingToRun(KwakeError):
    """A folder without a scenario, a run without a test."""

    exit_code = 5


class Rejected(KwakeError):
    """What the API server answers to a request that it refuses.

    `reason` is the API server's own sentence, `code` its HTTP status, `field` the path of the field at fault
    (empty if none), `subject` the object as `Kind/namespace/name`.
    """

    def __init__(self, subject: str, reason: str, *, field: str = "", code: int = 422) -> None:
        self.subject = subject
        self.reason = reason
        self.field = field
        self.code = code
        super().__init__(f"{subject}: {field + ': ' if field else ''}{reason}")
