"""The exception tree. It knows exit codes and nothing else of preflight.

PreflightError                  whatever preflight raises on purpose
├── UsageError                  the command line or the caller is wrong                            exit 2
├── EnvironmentFailure          network, authentication, driver: not the project's fault           exit 3
│   ├── WarehouseError          what a warehouse answered, classed by ``cause``
│   └── WorkspaceError          what the mParticle API answered
├── ProofMissing                ``apply`` needs a proof that the run could not give                exit 4
├── NothingToCheck              the project holds no subject that the selection matches            exit 5
└── PlanRefused                 a plan is stale, edited, or not cleared for its target             exit 6
"""

from __future__ import annotations

from enum import Enum


class PreflightError(Exception):
    """Whatever preflight raises on purpose; ``remedy`` is one imperative sentence, or empty."""

    exit_code = 70

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(PreflightError):
    """The command line or the caller is wrong."""

    exit_code = 2


class EnvironmentFailure(PreflightError):
    """Network, authentication or a driver failed: the project itself may be right."""

    exit_code = 3


class Cause(Enum):
    """Why a warehouse did not answer. The first five blame the query, the others the environment."""

    NOT_FOUND = "not found or not authorised"
    BAD_COLUMN = "no such column"
    SYNTAX = "syntax"
    PERMISSION = "permission denied"
    INVALID = "the query is invalid"
    UNSUPPORTED = "not supported here"
    NOT_LOCKED = "not in the lock"
    TIMEOUT = "timeout"
    COST_CAP = "over the cost cap"
    NO_COMPUTE = "no compute"
    NO_CREDENTIALS = "no credentials"
    """Nothing says how to log in, or a variable that holds a secret is not set: nothing was tried."""
    AUTH = "authentication failed"
    RATE_LIMIT = "rate limited"
    NETWORK = "network"
    DRIVER = "driver missing or broken"
    OTHER = "other"

    @property
    def blames_query(self) -> bool:
        """Whether the same query would be refused again by a healthy warehouse."""
        return self in _QUERY_CAUSES


_QUERY_CAUSES = frozenset({Cause.NOT_FOUND, Cause.BAD_COLUMN, Cause.SYNTAX, Cause.PERMISSION, Cause.INVALID})


class WarehouseError(EnvironmentFailure):
    """What a warehouse answered; ``message`` is scrubbed of secrets.

    ``offset`` is the 0-based code point in the data model's own text that the warehouse points at, if it points.
    ``name`` is the table or column that it names, if it names one.
    """

    def __init__(
        self,
        cause: Cause,
        message: str,
        *,
        remedy: str = "",
        code: str = "",
        offset: int | None = None,
        name: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.cause = cause
        self.code = code
        self.offset = offset
        self.name = name


class WorkspaceError(EnvironmentFailure):
    """What the mParticle API answered, or that it did not answer (``status`` 0)."""

    def __init__(self, message: str, *, status: int = 0, request_id: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.request_id = request_id


class ProofMissing(PreflightError):
    """``apply`` needs a proof that this run could not give."""

    exit_code = 4


class NothingToCheck(PreflightError):
    """The project holds no subject that the selection matches."""

    exit_code = 5


class PlanRefused(PreflightError):
    """A plan is stale, edited, or not cleared for its target."""

    exit_code = 6
