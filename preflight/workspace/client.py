"""One workspace's resources over the API: probe, read, create, update. It decides nothing about what to write.

Every write demands a clearance, and goes only to a path that the project pins or that a GET has found.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from preflight.errors import PlanRefused, ProofMissing, UsageError, WorkspaceError
from preflight.finding import Clearance
from preflight.model import Remote, WorkspaceState, plan_key
from preflight.workspace import answers, wire
from preflight.workspace.answers import Answer, printable
from preflight.workspace.session import Session
from preflight.workspace.target import Credentials, Settings, Target
from preflight.workspace.tokens import TokenFile
from preflight.workspace.transport import HttpxTransport
from preflight.workspace.wire import Action

DEFAULT = Settings()


class Client:
    """One workspace over one HTTP session; a context manager, not to be shared between threads."""

    def __init__(
        self,
        target: Target,
        credentials: Credentials,
        *,
        environ: Mapping[str, str] | None = None,
        routes: Mapping[str, str] | None = None,
        settings: Settings = DEFAULT,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.target = target
        self.environ = environ or {}
        """Where the secrets of bodies are read from."""
        self._session = Session(
            target,
            credentials,
            HttpxTransport(target, settings),
            kept=TokenFile(target, credentials, self.environ) if settings.keep_token else None,
            secrets=settings.secrets,
            sleep=sleep,
            clock=clock,
        )
        self._paths = _pinned(routes or {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def __repr__(self) -> str:
        return f"Client({self.target.name})"

    def probe(self) -> Mapping[str, str]:
        """The path of each kind: pinned in the project, or the first candidate that a GET finds there.

        A kind without a path is absent. Raises WorkspaceError where the workspace itself is not there.
        """
        for kind in wire.COLLECTIONS:
            if kind not in self._paths:
                self._listed(kind)
        return dict(self._paths)

    @property
    def paths(self) -> Mapping[str, str]:
        """The path of each kind that is pinned or was found."""
        return dict(self._paths)

    def token(self) -> None:
        """See to it that there is a token; raises WorkspaceError where the credential is refused."""
        self._session.authorize()

    def read(self, plans: Iterable[tuple[str, int | None]] = ()) -> WorkspaceState:
        """Everything that the workspace holds, and of these data plans (id, version) those that are there.

        Kinds for which no path was found are named in ``unread``.
        """
        held: dict[str, tuple[Remote, ...] | None] = {kind: self._listed(kind) for kind in wire.COLLECTIONS}
        held["data_plans"] = self._data_plans(plans)
        return WorkspaceState(
            stand_in=self.target.loopback,
            target=self.target.name,
            connections=held["connections"] or (),
            data_models=held["data_models"] or (),
            field_transformations=held["field_transformations"] or (),
            pipelines=held["pipelines"] or (),
            data_plans=held["data_plans"] or (),
            unread=tuple(kind for kind, remotes in held.items() if remotes is None),
        )

    def _data_plans(self, wanted: Iterable[tuple[str, int | None]]) -> tuple[Remote, ...] | None:
        """The plans that are there; None where the API shows none of them to this credential."""
        found = []
        for plan, version in dict.fromkeys(wanted):
            try:
                answer = self._session.read(f"{self.target.name}/{wire.plan_path(plan, version)}")
            except WorkspaceError as error:
                if error.status != 403:
                    raise
                return None
            if answer.status != 404:
                body = self._session.decoded(answer, f"the data plan {plan}")
                found.append(Remote(plan_key(plan, version), body if isinstance(body, Mapping) else {}))
        return tuple(found)

    def listed(self, kind: str) -> tuple[Remote, ...]:
        """The resources of one kind, in the platform's order; raises WorkspaceError where no path is known for it."""
        remotes = self._listed(kind)
        if remotes is None:
            raise self._no_path(kind)
        return remotes

    def get(self, kind: str, id: str) -> Remote | None:  # noqa: A002 - the API's word
        """One resource, or None where there is none."""
        answer = self._session.read(self._url(kind, Action.GET, id))
        if answer.status == 404:
            return None
        what = f"{kind} {id}"
        found = self._remote(self._session.decoded(answer, what), answer, what)
        if found.id != id:
            raise self._session.strange(answer, what, f"another one, {printable(found.id)}")
        return found

    def status(self, pipeline: str) -> Mapping[str, Any] | None:
        """How a pipeline runs; None for about a minute after its creation, and where there is no such pipeline."""
        answer = self._session.read(self._url("pipelines", Action.STATUS, pipeline))
        if answer.status == 404:
            return None
        body = self._session.decoded(answer, f"the status of pipeline {pipeline}")
        return body if isinstance(body, Mapping) else {}

    def create(self, kind: str, body: wire.Body, clearance: Clearance) -> None:
        """Send one create. The answer's body is not looked at: read back what is there.

        Raises WorkspaceError; with status 0 or 5xx nobody knows whether the resource was created.
        """
        self._write(Action.CREATE, kind, body, clearance)

    def update(self, kind: str, body: wire.Body, clearance: Clearance) -> None:
        """Send one full replacement; as ``create`` otherwise."""
        self._write(Action.UPDATE, kind, body, clearance)

    def permit(self, clearance: Clearance) -> None:
        """Raise ProofMissing or PlanRefused unless the clearance opens this target."""
        if clearance.loopback_only and not self.target.loopback:
            raise ProofMissing(
                f"{self.target.name} may not be written: the proof rests on what is {clearance.weakest}.",
                remedy="Check against the warehouse and the workspace themselves.",
            )
        if clearance.target != self.target.name:
            raise PlanRefused(
                f"The clearance is for {clearance.target}, not for {self.target.name}.", remedy="Run plan again."
            )

    def pause(self, seconds: float) -> None:
        """Wait, as between two attempts of a request."""
        self._session.sleep(seconds)

    def hide(self, body: wire.Body) -> None:
        """Keep the secrets of ``body`` out of every message, for the platform may repeat what an earlier run sent."""
        for reference in wire.references(body):
            self._session.scrub.add(reference.read(self.environ) or "")

    def scrub(self, text: str) -> str:
        """``text`` without any secret that this client knows."""
        return self._session.scrub(text)

    def _write(self, action: Action, kind: str, body: wire.Body, clearance: Clearance) -> None:
        id = str(body["id"])  # noqa: A001 - the API's word
        self.permit(clearance)
        if kind == "pipelines" and id not in clearance.pipelines:
            raise PlanRefused(f"The clearance does not name pipeline {id}.", remedy="Check that pipeline too.")
        url = self._url(kind, action, id)
        revealed = wire.reveal(body, self.environ)
        self.hide(body)
        self._session.write(action.method, url, revealed)

    def _listed(self, kind: str) -> tuple[Remote, ...] | None:
        """The resources of one kind, None where no candidate path is there; the path that is there is kept."""
        known = self._paths.get(kind)
        for path in (known,) if known else wire.COLLECTIONS[kind].candidates:
            answer = self._session.read(f"{self.target.name}/{path}")
            if answer.status != 404:
                remotes = self._remotes(answer, kind)
                self._paths[kind] = path
                return remotes
            if wire.COLLECTIONS[kind].mark is wire.Mark.V2:
                raise self._session.refused(answer, f"list {kind}")
        if known:
            raise self._no_path(kind, known)
        return None

    def _remotes(self, answer: Answer, kind: str) -> tuple[Remote, ...]:
        what = f"the list of {kind}"
        try:
            return tuple(self._remote(item, answer, what) for item in answers.items(answer))
        except ValueError as error:
            raise self._session.strange(answer, what, str(error)) from None

    def _remote(self, item: Any, answer: Answer, what: str) -> Remote:
        name = item.get("id") if isinstance(item, Mapping) else None
        if not isinstance(name, str | int) or isinstance(name, bool):
            raise self._session.strange(answer, what, "something without an id")
        return Remote(str(name), item)

    def _url(self, kind: str, action: Action, id: str) -> str:  # noqa: A002
        if not wire.SLUG.fullmatch(id):
            raise UsageError(f"{id!r} is no id.", remedy="Use letters, digits, _ and - alone.")
        if kind not in self._paths and self._listed(kind) is None:
            raise self._no_path(kind)
        return f"{self.target.name}/{self._paths[kind]}{action.suffix(id)}"

    def _no_path(self, kind: str, *paths: str) -> WorkspaceError:
        tried = " and ".join(paths or wire.COLLECTIONS[kind].candidates)
        return WorkspaceError(
            f"{self.target.name} has nothing at {tried}: where it keeps {kind.replace('_', ' ')} is not known.",
            status=404,
            remedy=f"Write the path in workspace.routes.{kind}.",
        )


def _pinned(routes: Mapping[str, str]) -> dict[str, str]:
    """The project's own paths, checked; raises UsageError."""
    for kind, path in routes.items():
        if kind not in wire.COLLECTIONS:
            known = ", ".join(wire.COLLECTIONS)
            raise UsageError(f"workspace.routes.{kind} is no kind of resource.", remedy=f"Use one of {known}.")
        if not all(wire.SLUG.fullmatch(part) for part in path.strip("/").split("/")):
            raise UsageError(
                f"workspace.routes.{kind} is no path below the workspace: {path!r}.",
                remedy="Write it like `data-pipelines`, without scheme, query or dots.",
            )
    return {kind: path.strip("/") for kind, path in routes.items()}
