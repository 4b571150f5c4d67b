from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from preflight.config import WorkspaceConfig
from preflight.sandbox.server import Sandbox
from preflight.sandbox.state import State
from preflight.workspace.client import Client
from preflight.workspace.target import Settings, credentials, target

SECRET = 'canary "client" secret & more'


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as started:
        yield started


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset(State(client_id="id", client_secret=SECRET))
    return running


@pytest.fixture
def waits() -> list[float]:
    """How long the client has waited, in seconds, each time that it did."""
    return []


@pytest.fixture
def open_client(waits: list[float], patience: float) -> Iterator[Callable[..., Client]]:
    """Opens clients of a sandbox; they do not really wait, and are closed at the end."""
    with ExitStack() as stack:

        def opened(sandbox: Sandbox, *, environ=None, routes=None, workspace=None, **keywords) -> Client:
            found = {**sandbox.environment(), **(environ or {})}
            config = WorkspaceConfig(
                workspace or sandbox.workspace, api_url=sandbox.api_url, token_url=sandbox.token_url
            )
            client = Client(
                target(config),
                credentials(config, found),
                environ=found,
                routes=routes,
                **{"settings": Settings(patience), "sleep": waits.append, **keywords},
            )
            return stack.enter_context(client)

        yield opened


@pytest.fixture
def client(sandbox: Sandbox, open_client: Callable[..., Client]) -> Client:
    return open_client(sandbox)
