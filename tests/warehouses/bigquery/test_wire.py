"""What BigQuery is told and how its answers are read, over the real driver; the answers are written by hand.

They follow Google's reference, and cover what the test server cannot answer or answers otherwise.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from preflight.config import Connection, EnvRef, Introspect
from preflight.errors import Cause, WarehouseError
from preflight.model import (
    AccessAsk,
    Bucket,
    Histogram,
    HistogramAsk,
    IteratorKind,
    Kind,
    Provider,
    RehearsalAsk,
    TableRef,
    Window,
)
from preflight.source import Asked, Outcome
from preflight_adapters import bigquery
from preflight_adapters.bigquery import BigQueryAdapter
from preflight_adapters.bigquery.connect import MAXIMUM_BYTES_BILLED
from tests.until import PATIENCE_SECONDS
from tests.warehouses.bigquery import wire
from tests.warehouses.bigquery.wire import KEY_EMAIL, PROJECT, Reply, Request, Wire, compiled, done, error, results

AT = {"name": "updated_at", "type": "TIMESTAMP", "mode": "NULLABLE"}
ID = {"name": "id", "type": "INTEGER", "mode": "NULLABLE"}
SQL = "SELECT t.id, t.updated_at FROM crm.t AS t"
ASK = HistogramAsk(SQL, "updated_at", IteratorKind.INSTANT, 7200, 100_000)
Answer = Callable[[Request], Reply]


class Opened:
    """An adapter on a wire, and what it recorded."""

    def __init__(self, served: Wire, folder: Path) -> None:
        self.wire = served
        self.folder = folder
        self.asked: list[Asked] = []
        self.environ = {"KEY": wire.key(f"{served.url}/token")}
        self._open: list[BigQueryAdapter] = []

    def connection(self, config: dict[str, Any] | None = None, **introspect: Any) -> Connection:
        told: dict[str, Any] = {"region": "EU", "project_id": PROJECT, "dataset_id": "crm"}
        told |= {"service_account_id": "sync", "service_account_key": EnvRef("KEY")} | (config or {})
        caps = {
            name: introspect.pop(name) for name in ("timeout_seconds", "maximum_bytes_billed") if name in introspect
        }
        options = {"api_endpoint": self.wire.url} | introspect
        return Connection("w", "W", Provider.BIGQUERY, told, introspect=Introspect(options=options, **caps))

    def adapter(self, config: dict[str, Any] | None = None, **introspect: Any) -> BigQueryAdapter:
        connection = self.connection(config, **introspect)
        found = bigquery.connect(connection, root=self.folder, environ=self.environ, record=self.asked.append)
        self._open.append(found)
        return found

    def close(self) -> None:
        for adapter in self._open:
            adapter.close()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    served = Wire(lambda _: Reply())
    found = Opened(served, tmp_path)
    yield found
    found.close()
    served.stop()


def usual(
    *, fields: Any = (ID, AT), rows: Reply | None = None, run: Answer = done, dry: Answer | None = None
) -> Answer:
    """Logs in, compiles, runs, and hands out ``rows``."""

    def answer(request: Request) -> Reply:
        if request.path == "/token":
            return Reply({"access_token": "canary-token-99", "expires_in": 3600, "token_type": "Bearer"})
        if request.dry:
            return dry(request) if dry else compiled(request, list(fields))
        if request.inserts:
            return run(request)
        if "/queries/" in request.path:
            return rows or results(["sstate", "number", "n", "at_start"])
        if request.path.endswith("/datasets/crm"):
            return Reply({"location": "EU", "datasetReference": {"projectId": PROJECT, "datasetId": "crm"}})
        return Reply({})

    return answer


def refused(call: Callable[[], object]) -> WarehouseError:
    with pytest.raises(WarehouseError) as caught:
        call()
    return caught.value


# -- what is told ------------------------------------------------------------------------------------------------------


def test_a_dry_run_is_one_and_says_who_asks(opened: Opened) -> None:
    opened.wire.answer = usual()
    schema = opened.adapter().describe(SQL)
    assert [column.type.kind for column in schema.columns] == [Kind.INTEGER, Kind.INSTANT]
    [request] = opened.wire.inserted
    configuration = request.body["configuration"]
    assert configuration["dryRun"] is True
    assert request.query["query"] == SQL
    assert request.query["useLegacySql"] is False
    assert request.query["useQueryCache"] is False
    assert request.query["defaultDataset"] == {"projectId": PROJECT, "datasetId": "crm"}
    assert configuration["labels"] == {"application": "mparticle-preflight", "purpose": "describe"}
    assert request.authorization == "Bearer canary-token-99"


def test_a_scan_is_capped_in_bytes_and_time_and_sent_to_the_region(opened: Opened) -> None:
    opened.wire.answer = usual(rows=results(["sstate", "number", "n", "at_start"], ["bucket", "-1", "5", "2"]))
    found = opened.adapter(timeout_seconds=45).histogram(ASK)
    assert found == Histogram(7200, (Bucket(-1, 5, 2),))
    describe, scan = opened.wire.inserted
    assert scan.query["maximumBytesBilled"] == str(10 * 2**20)
    assert int(scan.body["configuration"]["jobTimeoutMs"]) == 45_000
    assert scan.body["jobReference"]["location"] == "EU"
    assert describe.dry
    assert not scan.dry
    assert [one.bytes for one in opened.asked] == [None, 4096]


def test_the_cap_is_the_projects_where_the_estimate_is_higher(opened: Opened) -> None:
    opened.wire.answer = usual(
        dry=lambda request: _estimated(request, 10**15, "PRECISE"),
    )
    opened.adapter(maximum_bytes_billed=5_000_000_000).histogram(ASK)
    assert opened.wire.inserted[1].query["maximumBytesBilled"] == "5000000000"


def test_without_an_upper_bound_the_cap_is_the_default(opened: Opened) -> None:
    opened.wire.answer = usual(dry=lambda request: _estimated(request, 0, "LOWER_BOUND"))
    opened.adapter().histogram(ASK)
    assert opened.wire.inserted[1].query["maximumBytesBilled"] == str(MAXIMUM_BYTES_BILLED)


def _estimated(request: Request, count: int, accuracy: str) -> Reply:
    reply = compiled(request, [ID, AT], totalBytesProcessed=str(count), totalBytesProcessedAccuracy=accuracy)
    reply.body["statistics"]["totalBytesProcessed"] = str(count)
    return reply


def test_jobs_run_in_the_billing_project(opened: Opened) -> None:
    opened.wire.answer = usual()
    opened.adapter(project="billing-project").describe(SQL)
    assert opened.wire.inserted[0].path == "/bigquery/v2/projects/billing-project/jobs"
    assert opened.wire.inserted[0].query["defaultDataset"]["projectId"] == PROJECT


def test_a_script_is_refused_before_anything_runs(opened: Opened) -> None:
    opened.wire.answer = usual(dry=lambda request: compiled(request, [], statementType="SCRIPT"))
    failed = refused(lambda: opened.adapter().histogram(ASK))
    assert failed.cause is Cause.UNSUPPORTED
    assert "SCRIPT" in failed.message
    assert all(request.dry for request in opened.wire.inserted)


def test_four_statements_compile_for_a_pipeline_and_one_scans(opened: Opened) -> None:
    opened.wire.answer = usual()
    adapter = opened.adapter()
    adapter.describe(SQL)
    adapter.histogram(ASK)
    adapter.rehearse(RehearsalAsk(SQL, "updated_at", Window(0, 3600)))
    assert [request.dry for request in opened.wire.inserted].count(True) == 4
    assert len(opened.wire.inserted) == 5
    count = opened.wire.inserted[3].query["query"]
    assert "updated_at BETWEEN '1970-01-01 00:00:00+00:00' AND '1970-01-01 01:00:00+00:00'" in count


# -- what is answered --------------------------------------------------------------------------------------------------


def test_a_missing_column_is_named_and_placed(opened: Opened) -> None:
    sql = "SELECT\n\tt.id,\n\tt.custmer_id\nFROM crm.t AS t"
    told = "Name custmer_id not found inside t at [3:11]"
    opened.wire.answer = usual(dry=lambda _: error(400, "invalidQuery", told))
    failed = refused(lambda: opened.adapter().describe(sql))
    assert (failed.cause, failed.name, failed.code) == (Cause.BAD_COLUMN, "custmer_id", "invalidQuery")
    assert failed.offset == sql.index("custmer_id")


def test_a_place_in_the_platforms_statement_leads_into_the_model(opened: Opened) -> None:
    told = "Unrecognized name: nothing; Did you mean something? at [3:8]"
    opened.wire.answer = usual(dry=lambda _: error(400, "invalidQuery", told))
    found = opened.adapter().rehearse(RehearsalAsk("SELECT 1 AS one,\nnothing AS two", None))
    assert all("nothing" in one.refusal for one in found)


def test_a_query_over_its_cap_comes_as_500_and_is_not_sent_again(opened: Opened) -> None:
    told = "Query exceeded limit for bytes billed: 10485760. 20971520 or higher required."
    opened.wire.answer = usual(run=lambda _: error(500, "bytesBilledLimitExceeded", told))
    failed = refused(lambda: opened.adapter().histogram(ASK))
    assert failed.cause is Cause.COST_CAP
    assert "20971520" in failed.message
    assert "maximum_bytes_billed" in failed.remedy
    assert len(opened.wire.inserted) == 2


def test_what_rows_hold_is_in_no_message(opened: Opened) -> None:
    told = "Bad int64 value: canary-value-7"
    opened.wire.answer = usual(run=lambda _: error(400, "invalidQuery", told))
    failed = refused(lambda: opened.adapter().histogram(ASK))
    assert failed.cause is Cause.INVALID
    assert "Bad int64 value" in failed.message
    assert "canary-value-7" not in failed.message + str(opened.asked)


def test_a_required_partition_filter_is_given_from_outside(opened: Opened) -> None:
    told = (
        f"Cannot query over table '{PROJECT}.crm.t' without a filter over column(s) 'updated_at'"
        " that can be used for partition elimination"
    )

    def dry(request: Request) -> Reply:
        if "0001-01-01" in request.query["query"]:
            return compiled(request, [ID, AT])
        return error(400, "invalidQuery", told)

    opened.wire.answer = usual(dry=dry)
    adapter = opened.adapter()
    assert len(adapter.describe(SQL).columns) == 2
    adapter.histogram(ASK)
    assert "m.`updated_at` >= '0001-01-01'" in opened.wire.inserted[-1].query["query"]
    assert len(opened.wire.inserted) == 3
    refusals = [one.refusal for one in adapter.rehearse(RehearsalAsk(SQL, None))]
    assert all("without a filter" in refusal for refusal in refusals)


def test_a_partition_filter_that_cannot_be_given_is_the_models_fault(opened: Opened) -> None:
    told = (
        f"Cannot query over table '{PROJECT}.crm.t' without a filter over column(s) '_PARTITION_LOAD_TIME',"
        " '_PARTITIONDATE' that can be used for partition elimination"
    )

    def dry(request: Request) -> Reply:
        if "0001-01-01" in request.query["query"]:
            return error(400, "invalidQuery", "Name _PARTITION_LOAD_TIME not found inside m at [3:15]")
        return error(400, "invalidQuery", told)

    opened.wire.answer = usual(dry=dry)
    failed = refused(lambda: opened.adapter().describe(SQL))
    assert (failed.cause, failed.name) == (Cause.INVALID, f"{PROJECT}.crm.t")
    assert "_PARTITIONDATE" in failed.remedy


def test_a_job_that_timed_out_says_so_and_is_cancelled(opened: Opened) -> None:
    opened.wire.answer = usual(
        run=lambda _: error(400, "stopped", "Job execution was cancelled: Job timed out after 1s")
    )
    failed = refused(lambda: opened.adapter(timeout_seconds=7).histogram(ASK))
    assert failed.cause is Cause.TIMEOUT
    assert "7 s" in failed.message


def test_a_statement_is_cancelled_at_bigquery(opened: Opened) -> None:
    arrived = threading.Event()
    usually = usual(run=wire.running)

    def answer(request: Request) -> Reply:
        if "/queries/" in request.path:
            arrived.set()
            time.sleep(0.2)
            return Reply({"jobComplete": False, "jobReference": {"projectId": PROJECT, "jobId": "j"}})
        if request.method == "GET" and "/jobs/" in request.path:
            return running_job
        return usually(request)

    running_job = Reply({"jobReference": {"projectId": PROJECT, "jobId": "j"}, "status": {"state": "RUNNING"}})
    opened.wire.answer = answer
    adapter = opened.adapter(timeout_seconds=600)
    canceller = threading.Thread(target=lambda: arrived.wait(PATIENCE_SECONDS) and adapter.cancel())
    canceller.start()
    start = time.monotonic()
    failed = refused(lambda: adapter.histogram(ASK))
    canceller.join()
    assert failed.cause is Cause.TIMEOUT
    assert time.monotonic() - start < 2 * PATIENCE_SECONDS
    job = opened.wire.inserted[-1].body["jobReference"]["jobId"]
    assert opened.wire.calls(rf"/jobs/{job}/cancel$")


def test_a_server_that_is_down_is_not_waited_for_long(opened: Opened) -> None:
    opened.wire.answer = usual(dry=lambda _: error(503, "backendError", "Error encountered during execution."))
    start = time.monotonic()
    assert refused(lambda: opened.adapter(timeout_seconds=1).describe(SQL)).cause is Cause.NETWORK
    assert time.monotonic() - start < PATIENCE_SECONDS


def test_an_answer_that_is_no_json_is_the_networks_fault(opened: Opened) -> None:
    usually = usual()
    opened.wire.answer = lambda request: Reply("<html>proxy</html>", 502) if request.inserts else usually(request)
    assert refused(lambda: opened.adapter(timeout_seconds=1).describe(SQL)).cause is Cause.NETWORK


# -- tables and grants -------------------------------------------------------------------------------------------------


def test_a_table_is_looked_up_for_free(opened: Opened) -> None:
    table = {
        "tableReference": {"projectId": PROJECT, "datasetId": "crm", "tableId": "t"},
        "type": "TABLE",
        "schema": {"fields": [{**ID, "mode": "REQUIRED"}, AT]},
        "numRows": "10",
        "numBytes": "300",
        "lastModifiedTime": "1700000000123",
        "streamingBuffer": {"estimatedRows": "5", "estimatedBytes": "50"},
        "timePartitioning": {"type": "DAY", "field": "updated_at"},
        "clustering": {"fields": ["id"]},
    }
    usually = usual()
    opened.wire.answer = lambda request: Reply(table) if "/tables/" in request.path else usually(request)
    info = opened.adapter().table(TableRef("t", "crm"))
    assert (info.kind, info.rows, info.bytes, info.changed) == ("table", 15, 350, 1_700_000_000)
    assert info.keys == ("updated_at", "id")
    assert [column.nullable for column in info.columns] == [False, True]
    assert not opened.wire.inserted
    assert [one.text for one in opened.asked] == [f"tables.get {PROJECT}.crm.t"]


@pytest.mark.parametrize("ref", [TableRef("events_*", "crm"), TableRef("TABLES", "INFORMATION_SCHEMA", "crm")])
def test_what_is_no_single_table_is_not_looked_up(opened: Opened, ref: TableRef) -> None:
    assert refused(lambda: opened.adapter().table(ref)).cause is Cause.UNSUPPORTED
    assert not opened.wire.requests


def permissions(*held: str) -> Answer:
    usually = usual()

    def answer(request: Request) -> Reply:
        if request.path.endswith(":testIamPermissions"):
            return Reply({"permissions": [one for one in request.body["permissions"] if one in held]})
        return usually(request)

    return answer


def test_the_accounts_own_rights_are_asked(opened: Opened) -> None:
    opened.wire.answer = permissions("bigquery.jobs.create", "bigquery.tables.getData")
    access = opened.adapter().access(AccessAsk((TableRef("t", "crm"),)))
    assert (access.principal, access.assumed) == (KEY_EMAIL, True)
    assert {right.privilege: right.held for right in access.rights} == {
        "bigquery.jobs.create": True,
        "bigquery.readsessions.create": False,
        "bigquery.datasets.get": True,
        "bigquery.tables.getData": True,
    }
    assert access.rights[-1].table == TableRef("t", "crm")
    assert access.rights[1].grant == (
        f"gcloud projects add-iam-policy-binding {PROJECT} --member=serviceAccount:{KEY_EMAIL}"
        " --role=roles/bigquery.user"
    )


def test_somebody_elses_rights_are_unknown_and_not_asked(opened: Opened) -> None:
    opened.wire.answer = permissions("bigquery.jobs.create")
    access = opened.adapter({"service_account_id": "other"}).access(AccessAsk((TableRef("t", "crm"),)))
    assert access.principal == f"other@{PROJECT}.iam.gserviceaccount.com"
    assert not access.assumed
    assert {right.held for right in access.rights} == {None}
    assert all("IAM answers only for who asks" in right.note for right in access.rights)
    assert all(right.grant for right in access.rights)
    assert not opened.wire.requests


# -- logging in --------------------------------------------------------------------------------------------------------


def test_a_refused_key_fails_the_login_and_nothing_leaks(opened: Opened, capfd: pytest.CaptureFixture[str]) -> None:
    def answer(request: Request) -> Reply:
        assertion = str(request.body)[-200:]
        return Reply({"error": "invalid_grant", "error_description": f"Invalid JWT Signature for {assertion}"}, 400)

    opened.wire.answer = answer
    failed = refused(lambda: opened.adapter().describe(SQL))
    assert failed.cause is Cause.AUTH
    said = failed.message + failed.remedy + str(opened.asked) + "".join(capfd.readouterr())
    assert "PRIVATE KEY" not in said
    assert "canary-key-id-41" not in said


def test_a_token_that_is_echoed_is_scrubbed(opened: Opened) -> None:
    opened.wire.answer = usual(dry=lambda request: error(401, "authError", f"no: {request.authorization}"))
    failed = refused(lambda: opened.adapter().describe(SQL))
    assert failed.cause is Cause.AUTH
    assert "canary-token-99" not in failed.message + str(opened.asked)


def test_a_file_a_token_and_an_impersonated_account_log_in(opened: Opened) -> None:
    (opened.folder / "key.json").write_text(opened.environ["KEY"])
    opened.wire.answer = usual()
    opened.adapter(credentials_file="key.json").describe(SQL)
    opened.environ["TOKEN"] = "canary-access-1"
    opened.adapter(token=EnvRef("TOKEN")).describe(SQL)
    assert [one.authorization for one in opened.wire.inserted] == ["Bearer canary-token-99", "Bearer canary-access-1"]
    adapter = opened.adapter(credentials_file="key.json", impersonate=f"sync@{PROJECT}.iam.gserviceaccount.com")
    assert adapter.login.principal == f"sync@{PROJECT}.iam.gserviceaccount.com"


def test_a_server_on_this_machine_is_a_stand_in(opened: Opened) -> None:
    assert opened.adapter().stand_in
    assert not opened.adapter(api_endpoint="https://bigquery.example.com").stand_in
    assert not opened.adapter(api_endpoint="").stand_in


def test_credentials_are_not_sent_in_the_clear(opened: Opened) -> None:
    failed = refused(lambda: opened.adapter(api_endpoint="http://bigquery.example.com"))
    assert failed.cause is Cause.DRIVER
    assert "https" in failed.remedy


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "{}", '{"type": "service_account"}', '{"type": 7}', "canary"])
def test_a_key_that_is_none_fails_the_login(opened: Opened, text: str) -> None:
    opened.environ["KEY"] = text
    failed = refused(lambda: opened.adapter().describe(SQL))
    assert failed.cause is Cause.AUTH
    assert "canary" not in failed.message


@pytest.mark.parametrize("environ", [{}, {"KEY": ""}])
def test_an_unset_variable_is_named(opened: Opened, environ: dict[str, str]) -> None:
    opened.environ.clear()
    opened.environ.update(environ)
    failed = refused(opened.adapter)
    assert failed.cause is Cause.NO_CREDENTIALS
    assert "KEY" in failed.message


# -- the route ---------------------------------------------------------------------------------------------------------


def walked(opened: Opened, **introspect: Any) -> dict[str, Outcome]:
    connection = opened.connection(**introspect)
    steps = bigquery.diagnose(connection, root=opened.folder, environ=opened.environ, record=opened.asked.append)
    return {step.name: step.outcome for step in steps}


def test_the_route_stops_where_it_breaks(opened: Opened) -> None:
    opened.wire.answer = lambda _: Reply({"error": "invalid_grant"}, 400)
    assert walked(opened) == {
        "driver": Outcome.PASS,
        "credentials": Outcome.PASS,
        "resolve": Outcome.PASS,
        "TLS": Outcome.UNPROVEN,
        "login": Outcome.FAIL,
        "dataset": Outcome.UNPROVEN,
        "grants": Outcome.UNPROVEN,
    }


def test_a_dataset_elsewhere_is_found_on_the_route(opened: Opened) -> None:
    usually = usual()
    opened.wire.answer = lambda request: (
        Reply({"location": "US", "datasetReference": {"projectId": PROJECT, "datasetId": "crm"}})
        if request.path.endswith("/datasets/crm")
        else usually(request)
    )
    assert walked(opened)["dataset"] is Outcome.FAIL


def test_a_broken_key_ends_the_route_at_the_credentials(opened: Opened) -> None:
    opened.environ["KEY"] = json.dumps({"type": "service_account"})
    steps = walked(opened)
    assert steps["credentials"] is Outcome.FAIL
    assert steps["login"] is Outcome.UNPROVEN
