"""The route to the workspace, step by step: address, credential, TLS, token, and where it keeps each kind."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from preflight.config import Project
from preflight.errors import EnvironmentFailure, PreflightError
from preflight.source import Outcome, Step
from preflight.workspace import connect, credentials, target, wire
from preflight.workspace.client import Client


def diagnose(project: Project, environ: Mapping[str, str]) -> Iterator[Step]:
    """The steps in order, each as soon as it is known; it reads and writes nothing. Raises nothing."""
    try:
        where = target(project.workspace, environ)
        yield Step("address", Outcome.PASS, where.name)
        who = credentials(project.workspace, environ)
        yield Step("credential", Outcome.PASS, f"read from {who.names}")
        for host in dict.fromkeys(urlsplit(url).hostname or "" for url in (where.token_url, where.api_url)):
            yield _resolve(host)
        with connect(project.workspace, environ, root=project.root) as client:
            yield from _ask(client)
    except PreflightError as error:
        yield Step("workspace", Outcome.FAIL, error.message, error.remedy)


def _resolve(host: str) -> Step:
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError as error:
        return Step("resolve", Outcome.UNPROVEN, f"{host}: {error.strerror or error}", "Behind a proxy this may be so.")
    return Step("resolve", Outcome.PASS, f"{host} is {', '.join(sorted(map(str, found))[:4])}")


def _ask(client: Client) -> Iterator[Step]:
    try:
        client.token()
    except EnvironmentFailure as error:
        yield Step("token", Outcome.FAIL, error.message, error.remedy)
        for kind in wire.COLLECTIONS:
            yield Step(f"route of {_words(kind)}", Outcome.UNPROVEN, "without a token nothing can be asked")
        return
    yield Step("token", Outcome.PASS, "the credential is accepted")
    for kind, collection in wire.COLLECTIONS.items():
        name = f"route of {_words(kind)}"
        try:
            held = client.listed(kind)
        except EnvironmentFailure as error:
            yield Step(name, Outcome.FAIL, error.message, error.remedy)
            continue
        found = client.paths[kind]
        pin = "" if collection.mark is wire.Mark.V2 else f"; pin it as workspace.routes.{kind}: {found}"
        yield Step(name, Outcome.PASS, f"/{found}, which holds {len(held)} ({collection.mark.value} path{pin})")


def _words(kind: str) -> str:
    return kind.replace("_", " ")
