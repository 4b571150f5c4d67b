"""One connection to BigQuery: client, caps, jobs. With ``login.py`` the only file that imports the driver."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
from preflight_adapters._guard import Gate, allow
from preflight_adapters._options import Options
from preflight_adapters.bigquery.errors import Failure, Sent, translate
from preflight_adapters.bigquery.login import Login, endpoint, missing, on_this_machine
from preflight_adapters.bigquery.rows import Field

MAXIMUM_BYTES_BILLED = 100 * 2**30
"""What a statement may be billed for where ``introspect.maximum_bytes_billed`` does not say."""

_SLACK = 2
"""How many times the dry run's estimate a statement may be billed: tables grow while it waits."""
_LEAST_BYTES = 10 * 2**20
"""What BigQuery bills at least for each table."""
_CALL_SECONDS = 60
_RETRY_SECONDS = 20
_GRACE_SECONDS = 5
"""How much longer the client waits than the server is told to run, so that the server's own word is heard."""

_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?|ya29\.[\w.-]+")
"""A signed assertion or an access token, which google-auth makes itself and no option holds."""

_Answer = TypeVar("_Answer")


class Compiled(msgspec.Struct, frozen=True):
    """What a dry run says of a query."""

    fields: tuple[Field, ...]
    maximum_bytes: int | None
    """The bytes that it would process at most; None where BigQuery only knows a lower bound."""
    tables: int


class Session:
    """A client with the session's settings; every call goes through the gate, and each is limited in time."""

    def __init__(self, gate: Gate, options: Options, login: Login, *, project: str, default_dataset: str) -> None:
        self._gate = gate
        self._options = options
        self._login = login
        self.project = options.text("project") or project
        """Where jobs run and are billed."""
        self.location = options.text("location")
        self._endpoint = endpoint(options)
        self.on_this_machine = on_this_machine(self._endpoint)
        self._bigquery = driver()
        self._default_dataset = f"{project}.{default_dataset}" if project and default_dataset else ""
        self._running = ""
        self._stopped = threading.Event()
        self._client: Any = self._guarded(self._open, Sent())

    def _open(self) -> Any:
        from google.api_core.client_info import ClientInfo

        if not self.project:
            raise WarehouseError(
                Cause.DRIVER, "no project is named that jobs could run in", remedy="set `introspect.project`"
            )
        return self._bigquery.Client(
            project=_addressable(self.project),
            credentials=self._login.credentials,
            location=self.location or None,
            client_options={"api_endpoint": self._endpoint} if self._endpoint else None,
            client_info=ClientInfo(user_agent="mparticle-preflight"),  # type: ignore[no-untyped-call]
        )

    def compile(self, statement: str, purpose: str, *, model: str) -> Compiled:
        """What a dry run says; reads and bills nothing. The model is judged by itself too, before it is nested."""
        sent = self._sent(statement, model)
        allow(model, "bigquery")

        def run(text: str) -> Compiled:
            return self._guarded(lambda: self._dry_run(text, purpose), sent)

        return self._gate.send(statement, run, purpose=purpose, basis=Grade.DESCRIBED)

    def _dry_run(self, statement: str, purpose: str) -> Compiled:
        job = self._query(statement, self._config(purpose, dry_run=True, use_query_cache=False))
        if job.statement_type != "SELECT":
            raise WarehouseError(
                Cause.UNSUPPORTED,
                f"BigQuery reads this as {job.statement_type or 'something else than one query'}, not as a SELECT",
                remedy="keep the data model to one SELECT that only reads tables",
            )
        query = job._properties.get("statistics", {}).get("query", {})  # noqa: SLF001 - the accuracy is nowhere else
        bound = query.get("totalBytesProcessedAccuracy", "PRECISE") in ("PRECISE", "UPPER_BOUND")
        return Compiled(
            tuple(field.to_api_repr() for field in job.schema or ()),
            int(job.total_bytes_processed or 0) if bound else None,
            len(job.referenced_tables),
        )

    def rows(
        self, statement: str, purpose: str, basis: Grade, *, model: str, compiled: Compiled
    ) -> list[tuple[Any, ...]]:
        """The rows of a statement over ``model``, which ``compile`` has seen to be one SELECT."""
        sent = msgspec.structs.replace(self._sent(statement, model), compiled_only=False)
        cap = self._cap(compiled)

        def run(text: str) -> tuple[list[tuple[Any, ...]], int | None]:
            return self._guarded(lambda: self._read(text, purpose, cap), sent)

        found, _ = self._gate.send(statement, run, purpose=purpose, basis=basis, bytes_read=lambda answer: answer[1])
        return found

    def _cap(self, compiled: Compiled) -> int:
        cap = self._options.maximum_bytes_billed or MAXIMUM_BYTES_BILLED
        if compiled.maximum_bytes is None:
            return cap
        return min(cap, max(compiled.maximum_bytes * _SLACK, _LEAST_BYTES * max(1, compiled.tables)))

    def _read(self, statement: str, purpose: str, cap: int) -> tuple[list[tuple[Any, ...]], int | None]:
        seconds = self._options.timeout_seconds
        config = self._config(purpose, maximum_bytes_billed=cap, job_timeout_ms=seconds * 1000)
        job_id = f"preflight_{uuid.uuid4().hex}"
        self._running = job_id
        stopped = self._stopped
        job = None
        try:
            job = self._query(statement, config, job_id=job_id)
            if stopped.is_set():
                raise TimeoutError
            waited = job.result(timeout=seconds + _GRACE_SECONDS, retry=self._retry(), job_retry=None)
            return [tuple(row.values()) for row in waited], job.total_bytes_processed
        except BaseException as error:
            if job is not None or not _status(error):
                self._stop(job, job_id)
            raise
        finally:
            self._running = ""

    def _stop(self, job: Any, job_id: str) -> None:
        """Cancel the job at BigQuery, unless it is known to be over; whether that succeeds is not waited for."""
        if job is not None and job.state == "DONE":
            return
        with suppress(Exception):
            location = (job.location if job is not None else None) or self.location or None
            self._client.cancel_job(job_id, location=location, retry=None, timeout=_GRACE_SECONDS)

    def _query(self, statement: str, config: Any, job_id: str | None = None) -> Any:
        return self._client.query(
            statement,
            job_config=config,
            job_id=job_id,
            location=self.location or None,
            timeout=self._call_seconds,
            retry=self._retry(),
            job_retry=None,
        )

    def _config(self, purpose: str, **settings: Any) -> Any:
        labels = {"application": "mparticle-preflight", "purpose": purpose.replace(" ", "-")}
        config = self._bigquery.QueryJobConfig(labels=labels, use_legacy_sql=False, **settings)
        if self._default_dataset:
            config.default_dataset = self._default_dataset
        return config

    def _retry(self) -> Any:
        return self._bigquery.DEFAULT_RETRY.with_timeout(min(_RETRY_SECONDS, self._options.timeout_seconds))

    @property
    def _call_seconds(self) -> int:
        return min(_CALL_SECONDS, self._options.timeout_seconds)

    def table(self, name: str) -> Mapping[str, Any]:
        """The REST resource of ``project.dataset.table``; free."""
        return self._call(
            f"tables.get {name}",
            "table",
            lambda: self._client.get_table(
                _addressable(name), retry=self._retry(), timeout=self._call_seconds
            ).to_api_repr(),
        )

    def dataset(self, name: str) -> Mapping[str, Any]:
        """The REST resource of ``project.dataset``; free."""
        return self._call(
            f"datasets.get {name}",
            "dataset",
            lambda: self._client.get_dataset(
                _addressable(name), retry=self._retry(), timeout=self._call_seconds
            ).to_api_repr(),
        )

    def table_permissions(self, name: str, wanted: tuple[str, ...]) -> frozenset[str]:
        """Which of these permissions who asks holds on ``project.dataset.table``; free."""

        def ask() -> frozenset[str]:
            answer = self._client.test_iam_permissions(
                _addressable(name), wanted, retry=self._retry(), timeout=self._call_seconds
            )
            return frozenset(answer.get("permissions") or ())

        return self._call(f"tables.testIamPermissions {name} ({', '.join(wanted)})", "grants of a table", ask)

    def project_permissions(self, project: str, wanted: tuple[str, ...]) -> frozenset[str]:
        """Which of these permissions who asks holds on a project; asks the Resource Manager, and is free."""
        base = self._endpoint if self.on_this_machine else "https://cloudresourcemanager.googleapis.com"

        def ask() -> frozenset[str]:
            from google.api_core.exceptions import from_http_response
            from google.auth.transport.requests import AuthorizedSession

            with AuthorizedSession(self._login.credentials) as session:  # type: ignore[no-untyped-call]
                answer = session.post(
                    f"{base}/v3/projects/{_addressable(project)}:testIamPermissions",
                    json={"permissions": list(wanted)},
                    timeout=self._call_seconds,
                )
                if answer.status_code != 200:
                    raise from_http_response(answer)  # type: ignore[no-untyped-call]
                return frozenset(answer.json().get("permissions") or ())

        return self._call(f"projects.testIamPermissions {project} ({', '.join(wanted)})", "grants of a project", ask)

    def _call(self, text: str, purpose: str, ask: Callable[[], _Answer]) -> _Answer:
        sent = self._sent("", "")
        return self._gate.call(text, lambda: self._guarded(ask, sent), purpose=purpose, basis=Grade.METADATA)

    def _sent(self, statement: str, model: str) -> Sent:
        return Sent(statement, model, project=self.project, timeout_seconds=self._options.timeout_seconds)

    def _guarded(self, run: Callable[[], _Answer], sent: Sent) -> _Answer:
        """The answer of ``run``; whatever the driver raises becomes a WarehouseError."""
        if getattr(self, "_client", self) is None:
            raise WarehouseError(Cause.DRIVER, "the connection to BigQuery is closed")
        try:
            return self._waited(run)
        except WarehouseError:
            raise
        except Exception as error:  # the driver's, google-auth's and requests' errors have no base class in common
            if token := getattr(self._login.credentials, "token", None):
                self._options.scrub.add(str(token))
            raise translate(failure(error, self._options), sent) from None

    def _waited(self, run: Callable[[], _Answer]) -> _Answer:
        """The answer of ``run`` from a thread of its own, so that a Ctrl-C or ``cancel`` ends the wait at once."""
        answers: list[_Answer] = []
        errors: list[BaseException] = []
        stopped = self._stopped = threading.Event()

        def work() -> None:
            try:
                answers.append(run())
            except BaseException as error:  # raised again where it was asked
                errors.append(error)
            finally:
                stopped.set()

        threading.Thread(target=work, name="bigquery", daemon=True).start()
        try:
            stopped.wait()
        except BaseException:
            self.cancel()
            raise
        if errors:
            raise errors[0]
        if not answers:
            raise TimeoutError
        return answers[0]

    def cancel(self) -> None:
        """Cancel the job that runs, at BigQuery, and stop waiting for it; from any thread."""
        job_id, client = self._running, self._client
        try:
            if job_id and client is not None:
                with suppress(Exception):
                    client.cancel_job(job_id, location=self.location or None, retry=None, timeout=_GRACE_SECONDS)
        finally:
            self._stopped.set()

    def close(self) -> None:
        """Release the client's sockets."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.close()


_NO_NAME = re.compile(r"[/?#%\\\x00-\x1f\x7f]")


def _addressable(name: str) -> str:
    """``name``, which the driver puts into an address as it is; raises WarehouseError for one that would lead away."""
    if _NO_NAME.search(name):
        raise WarehouseError(
            Cause.NOT_FOUND,
            f"{name!r} is no name that anything in BigQuery can have",
            remedy="check the name",
            name=name,
        )
    return name


def driver() -> Any:
    """The driver's module; raises WarehouseError (DRIVER) where there is none."""
    try:
        from google.cloud import bigquery
    except ImportError:
        raise missing() from None
    return bigquery


def failure(error: BaseException, options: Options) -> Failure:
    """What one of the driver's errors says: its first reason, its status, its message without secrets."""
    for cause in _causes(error):
        if isinstance(cause, TimeoutError) or type(cause).__name__ in ("ReadTimeout", "ConnectTimeout"):
            return Failure("", "timeout")
        if type(cause).__module__.startswith("google.auth") and type(cause).__name__ != "TransportError":
            return Failure(_line(options.scrub(str(cause.args[0] if cause.args else cause))), "authError")
        if (found := getattr(cause, "errors", None)) and isinstance(found[0], Mapping):
            text = str(found[0].get("message") or getattr(cause, "message", ""))
            return Failure(_line(options.scrub(text)), str(found[0].get("reason") or ""), _status(cause))
        if _status(cause):
            return Failure(_line(options.scrub(str(getattr(cause, "message", cause)))), "", _status(cause))
    return Failure(_line(options.scrub(str(error))) or type(error).__name__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it says was behind it: a retry that gave up names the last answer."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        behind = getattr(current, "cause", None)
        if not isinstance(behind, BaseException):
            yield current
            return
        current = behind


def _status(error: BaseException) -> int:
    code = getattr(error, "code", None)
    return int(code) if isinstance(code, int) else 0


def _line(text: str) -> str:
    """The message in one line, without colours and the footer that the driver adds to a job's."""
    plain = re.sub(r"\x1b\[[0-9;]*m|[\x00-\x08\x0e-\x1f\x7f]", "", text.partition("\n\nLocation:")[0])
    plain = _TOKEN.sub("***", plain)
    return " ".join(plain.split())
