from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.sandbox.server import Sandbox
from preflight.sandbox.state import State
from preflight.workspace.client import Client
from preflight.workspace.target import Settings, credentials, target

from . import projects
from .disk import Disk


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as started:
        yield started


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset(State(client_id="id", client_secret="canary-client-secret"))
    return running


@pytest.fixture
def client(sandbox: Sandbox, patience: float) -> Iterator[Client]:
    environ = {**sandbox.environment(), **projects.SECRETS}
    config = projects.workspace(sandbox)
    with Client(
        target(config), credentials(config, environ), environ=environ, settings=Settings(patience), sleep=lambda _: None
    ) as it:
        yield it


@pytest.fixture
def disk(sandbox: Sandbox, tmp_path: Path) -> Disk:
    return Disk(tmp_path, sandbox)
