"""The client's own cost: a token and four creates, against the same five requests over a bare keep-alive connection.

The sandbox answers both, in a process of its own; the two are timed in turn, so that both meet the same machine.
Run from the repository's root: ``python benchmarks/client.py``. Exits 1 where the medians' ratio is over the goal.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from http.client import HTTPConnection
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

from preflight.config import WorkspaceConfig
from preflight.finding import Basis, Clearance, Digests, Grade
from preflight.workspace import connect, wire
from preflight.workspace.wire import COLLECTIONS, Body

WORKSPACE = "5328"
ROUNDS, WARM_UP = 101, 10
GOAL = 3.0


def bodies(number: int) -> list[tuple[str, Body]]:
    """Four new resources that need each other."""
    connection: Body = {"id": f"c{number}", "name": "C", "service_provider": "Snowflake", "config": {"user": "U"}}
    model: Body = {"id": f"m{number}", "name": "M", "type": "sql", "sql_query": "SELECT 1 AS a"}
    transformation: Body = {"id": f"f{number}", "name": "F", "destination_type": "event_batch", "mappings": ()}
    pipeline: Body = {
        "id": f"p{number}",
        "name": "P",
        "connection_id": connection["id"],
        "data_model_id": model["id"],
        "field_transformation_id": transformation["id"],
        "partner_feed_id": 7,
        "environment": "development",
        "state": "paused",
        "sync_mode": {"type": "full"},
        "schedule": {"type": "once"},
    }
    return list(zip(COLLECTIONS, (connection, model, transformation, pipeline), strict=True))


def ours(url: str, number: int) -> float:
    """Seconds of a fresh client of ours, from the token to the last create; paths are pinned, so nothing is probed."""
    config = WorkspaceConfig(
        WORKSPACE,
        api_url=f"{url}/platform/v2",
        token_url=f"{url}/oauth/token",
        routes={kind: collection.path for kind, collection in COLLECTIONS.items()},
    )
    with connect(config, {"MP_CLIENT_ID": "sandbox", "MP_CLIENT_SECRET": "sandbox"}) as client:
        digests = Digests(config="", sql="", schema="", limits="", rules="")
        clearance = Clearance(client.target.name, digests, Basis(Grade.COUNTED), pipelines=(f"p{number}",))
        start = perf_counter()
        for kind, body in bodies(number):
            client.create(kind, body, clearance)
        return perf_counter() - start


def bare(url: str, number: int) -> float:
    """Seconds of the same five requests over ``http.client``."""
    connection = HTTPConnection(urlsplit(url).netloc)
    headers = {"content-type": "application/json", "accept": "application/json"}

    def post(path: str, body: object) -> bytes:
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            sys.exit(f"{path}: {answer.status} {content!r}")
        return content

    asked = {"client_id": "sandbox", "client_secret": "sandbox", "audience": wire.AUDIENCE}
    start = perf_counter()
    granted = json.loads(post("/oauth/token", {**asked, "grant_type": wire.GRANT_TYPE}))
    headers["authorization"] = f"Bearer {granted['access_token']}"
    for kind, body in bodies(number):
        post(f"/platform/v2/workspaces/{WORKSPACE}/{COLLECTIONS[kind].path}", body)
    taken = perf_counter() - start
    connection.close()
    return taken


def main() -> int:
    """Time both, print the medians and their ratio."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MP_")}
    command = [sys.executable, "-m", "preflight", "sandbox"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as sandbox:
        try:
            assert sandbox.stdout is not None
            url = sandbox.stdout.readline().removeprefix("sandbox on ").strip()
            ways: list[tuple[Callable[[str, int], float], list[float]]] = [(ours, []), (bare, [])]
            for number in range(WARM_UP + ROUNDS):
                for offset, (way, times) in enumerate(ways):
                    taken = way(url, 2 * number + offset)
                    times += [taken] if number >= WARM_UP else []
        finally:
            sandbox.terminate()
    mine, least = (median(times) * 1000 for _, times in ways)
    sys.stdout.write(
        f"token and four creates, medians of {ROUNDS}: preflight {mine:.2f} ms, http.client {least:.2f} ms, "
        f"ratio {mine / least:.2f} (goal: at most {GOAL:g})\n"
    )
    return int(mine / least > GOAL)


if __name__ == "__main__":
    sys.exit(main())
