"""The route to a Redshift database, step by step."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
from preflight.source import Outcome, Step
from preflight_adapters._options import Options
from preflight_adapters.redshift import queries, rows
from preflight_adapters.redshift.catalog import Catalog
from preflight_adapters.redshift.connect import Session, authorities, driver_version, way
from preflight_adapters.redshift.wire import handshake

_PORT = 5439


class _Route:
    """What the steps found so far."""

    def __init__(self, read: Callable[[], Options], log_in: Callable[[Options], Session]) -> None:
        self._read = read
        self._log_in = log_in
        self._options: Options | None = None
        self.session: Session | None = None

    @property
    def options(self) -> Options:
        """What the driver is told."""
        if self._options is None:
            self._options = self._read()
        return self._options

    @property
    def steps(self) -> tuple[tuple[str, Callable[[], Step]], ...]:
        """Every step by its name, in order."""
        return (
            ("driver", lambda: _passed("driver", f"redshift-connector {driver_version()}")),
            ("options", self._login_way),
            ("resolve", self._resolve),
            ("TLS", self._tls),
            ("login", self._login),
            ("user", self._user),
            ("names", self._names),
            ("describe", self._describe),
            ("grants", self._grants),
        )

    def _login_way(self) -> Step:
        given = self.options.given
        kind = "a serverless workgroup" if given.get("serverless_work_group") else "a cluster"
        words = {
            "profile": "the authentication profile that AWS keeps",
            "plugin": f"the driver's {given.get('credentials_provider')}",
            "iam": f"IAM, to {kind}",
            "password": f"the password of {given.get('user') or 'nobody'}",
        }
        return _passed("options", f"log in with {words[way(given)]}")

    def _place(self) -> tuple[str, int] | None:
        given = self.options.given
        host = self.options.text("host")
        try:
            return (host, int(given.get("port") or _PORT)) if host else None
        except (TypeError, ValueError):
            return None

    def _resolve(self) -> Step:
        place = self._place()
        if place is None:
            return Step("resolve", Outcome.UNPROVEN, "no host is given: the driver asks AWS for the endpoint")
        try:
            addresses = {str(found[4][0]) for found in socket.getaddrinfo(*place, socket.AF_INET, socket.SOCK_STREAM)}
        except (OSError, UnicodeError, OverflowError, ValueError):
            raise WarehouseError(
                Cause.NETWORK,
                f"{place[0]} has no IPv4 address, and the driver knows no other",
                remedy="check the host, and whether a VPN is needed",
            ) from None
        return _passed("resolve", f"{place[0]} is {', '.join(sorted(addresses))}")

    def _tls(self) -> Step:
        place = self._place()
        if not self.options.given.get("ssl", True):
            return Step(
                "TLS", Outcome.UNPROVEN, "ssl is off, so passwords and rows travel in the clear", "remove `ssl`"
            )
        if place is None:
            return Step("TLS", Outcome.UNPROVEN, "no host is given")
        return _passed("TLS", handshake(*place, authorities()))

    def _login(self) -> Step:
        self.session = self._log_in(self.options)
        return _passed("login", "a session in UTC, with a time limit for each statement")

    def _open(self) -> Session:
        if self.session is None:
            raise WarehouseError(Cause.DRIVER, "the connection to Redshift is closed")
        return self.session

    def _user(self) -> Step:
        catalog = Catalog(self._open())
        return _passed("user", f"{catalog.user} in the database {catalog.database}")

    def _names(self) -> Step:
        try:
            [(shown,)] = self._open().rows(queries.CASE_SENSITIVE, "case of names", Grade.METADATA)
        except WarehouseError as error:
            return Step("names", Outcome.UNPROVEN, error.message)
        keeps = rows.text(shown).lower() in ("on", "true", "1")
        return _passed(
            "names", "names in quotes keep their case" if keeps else "names are in lower case, quoted or not"
        )

    def _describe(self) -> Step:
        found = self._open().described(queries.model(queries.ONE), "describe", queries.no_rows(queries.ONE))
        return _passed("describe", f"the server compiles a query without running it: {len(found)} column")

    def _grants(self) -> Step:
        [(held,)] = self._open().rows(queries.MAY_READ_TABLE_INFO, "table info", Grade.METADATA)
        if held:
            return _passed("grants", "SVV_TABLE_INFO may be read, so rows and sizes of tables are known")
        grant = queries.grant_table("pg_catalog", "svv_table_info", Catalog(self._open()).user)
        return Step("grants", Outcome.UNPROVEN, "rows and sizes of tables are not shown to this user", f"run {grant}")


def _passed(name: str, detail: str) -> Step:
    return Step(name, Outcome.PASS, detail)


def route(read: Callable[[], Options], log_in: Callable[[Options], Session]) -> Iterator[Step]:
    """The steps in order; those behind a failed one are unproven."""
    walked = _Route(read, log_in)
    failed = ""
    try:
        for name, look in walked.steps:
            if failed:
                yield Step(name, Outcome.UNPROVEN, f"the step {failed} failed")
                continue
            try:
                step = look()
            except WarehouseError as error:
                step = Step(name, Outcome.FAIL, error.message, error.remedy)
            failed = name if step.outcome is Outcome.FAIL else ""
            yield step
    finally:
        if walked.session is not None:
            walked.session.close()
