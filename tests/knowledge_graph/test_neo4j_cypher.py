"""What a reader's own Cypher may and may not do; and what the server's configuration forbids."""

from __future__ import annotations

import http.server
import threading
from functools import partial
from pathlib import Path

import pytest
from neo4j.exceptions import ClientError

from knowledge_graph.neo4j_store import Settings, cypher, load
from knowledge_graph.neo4j_store.connection import Server
from knowledge_graph.store import StoreError
from tests.knowledge_graph.graphs import SMALL

pytestmark = pytest.mark.neo4j


@pytest.fixture(scope="module")
def ask(server: Settings):
    load(*SMALL, server)
    return partial(cypher, settings=server)


def count(server: Settings) -> int:
    return cypher("MATCH (n) RETURN count(n)", settings=server).rows[0][0]


def test_rows_and_columns(ask):
    table = ask(
        "MATCH (t)-[:confirms]->(d:Disease {id: $id}) RETURN t.name AS test, d.xrefs AS codes",
        {"id": "OMIM:1"},
    )
    assert table.columns == ("test", "codes")
    assert table.rows == (("Serum urate", ["ORPHA:77", "ICD:M10"]),)
    assert not table.truncated


def test_nodes_relationships_and_paths_are_plain_data(ask):
    row = ask("MATCH p = (n:Drug {id: 'DB:3'})-[r:treats]->() RETURN n, r, p, date('2025-01-16')")
    node, relationship, path, date = row.rows[0]
    assert node["labels"] == ["Drug", "KonsilNode"]
    assert (relationship["type"], relationship["start"]) == ("treats", "DB:3")
    assert [n["id"] for n in path["nodes"]] == ["DB:3", "OMIM:3"]
    assert date == "2025-01-16"


def test_row_limit(ask):
    assert len(ask("UNWIND range(1, 10) AS x RETURN x", max_rows=10).rows) == 10
    cut = ask("UNWIND range(1, 100000) AS x RETURN x", max_rows=10)
    assert cut.rows == tuple((x,) for x in range(1, 11))
    assert cut.truncated


def test_time_limit(ask):
    with pytest.raises(StoreError, match="took too long"):
        ask("UNWIND range(1, 1000000000000) AS x RETURN count(x)", timeout_s=0.3)


@pytest.mark.parametrize("timeout_s", [0, -1, 1e9, float("nan")])
def test_no_time_limit_is_no_limit(ask, timeout_s: float):
    with pytest.raises(StoreError, match="time limit"):
        ask("RETURN 1", timeout_s=timeout_s)


def test_memory_limit(ask):
    with pytest.raises(StoreError, match="Memory"):
        ask("UNWIND range(1, 100000000) AS x WITH collect(x) AS c RETURN size(c)", timeout_s=30)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE (:Evil)",
        "MATCH (n) DETACH DELETE n",
        "MATCH (n) SET n.name = 'x'",
        "MERGE (n:Evil {id: 1}) RETURN n",
        "MATCH (n) REMOVE n.name",
        "CALL () { CREATE (:Evil) } IN TRANSACTIONS",
        "CYPHER runtime = slotted CREATE (:Evil)",
        "/* MATCH */ FOREACH (x IN [1] | CREATE (:Evil))",
        "CREATE INDEX evil FOR (n:Evil) ON (n.x)",
        "DROP CONSTRAINT konsil_id",
    ],
)
def test_writing_is_refused_by_the_read_transaction(ask, server: Settings, statement: str):
    before = count(server)
    with pytest.raises(StoreError, match="only reading queries") as raised:
        ask(statement)
    said = raised.value.__cause__  # by the server, nothing of ours stands in front of it
    assert isinstance(said, ClientError)
    assert said.code == "Neo.ClientError.Statement.AccessMode"
    assert count(server) == before


def test_words_that_look_like_writing_are_read(ask):
    found = ask("MATCH (n) WHERE n.name = 'CREATE' OR n.`delete` = 1 RETURN 'MERGE' AS `set`")
    assert found.columns == ("set",)


@pytest.mark.parametrize(
    "statement",
    [
        "CALL db.labels()",
        "CALL dbms.listConfig()",
        "CALL dbms.killConnection('bolt-1')",
        "MATCH (n) CALL { CALL db.clearQueryCaches() YIELD value RETURN value } RETURN value",
        "EXPLAIN CALL db.labels()",
        "LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row",
        "UNWIND [1] AS x CALL (x) { LOAD CSV FROM 'http://localhost/' AS r RETURN r } RETURN r",
        "SHOW SETTINGS",
        "SHOW PROCEDURES",
        "SHOW TRANSACTIONS",
        "TERMINATE TRANSACTION 'neo4j-transaction-1'",
        "SHOW USERS",
        "CREATE USER evil SET PASSWORD 'evil1234'",
        "ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'b'",
    ],
)
def test_what_is_not_about_the_graph_is_refused_by_the_plan(ask, statement: str):
    with pytest.raises(StoreError, match="is not allowed here"):
        ask(statement)


@pytest.mark.parametrize(
    "statement", ["RETURN 1; CREATE (:Evil)", "RETURN", "", "PROFILE CREATE (:Evil)"]
)
def test_what_is_no_statement(ask, statement: str):
    with pytest.raises(StoreError, match=r"SyntaxError|ArgumentError"):
        ask(statement)


@pytest.mark.parametrize(
    "text", ["x' OR 1=1 //", "'}) DETACH DELETE n //", "`", "\\'", "$id", '"', "\n} RETURN 1"]
)
def test_parameters_are_never_code(ask, server: Settings, text: str):
    before = count(server)
    found = ask("MATCH (n {id: $id}) RETURN n", {"id": text})
    assert found.rows == ()
    assert ask("RETURN $id", {"id": text}).rows == ((text,),)
    assert count(server) == before


# ---- The server's configuration, without our own refusal in front of it ------------------------


@pytest.fixture
def raw(server: Settings):
    with Server(server) as opened:
        yield opened.read


def test_server_reads_no_files(raw, tmp_path: Path):
    file = tmp_path / "secret.csv"
    file.write_text("a,b\n")
    with pytest.raises(StoreError, match="allow_csv_import_from_file_urls"):
        raw(f"LOAD CSV FROM '{file.as_uri()}' AS row RETURN row")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_server_fetches_no_addresses(raw, host: str):
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        with pytest.raises(StoreError, match="cypher_ip_blocklist"):
            raw(f"LOAD CSV FROM 'http://{host}:{web.server_port}/x' AS row RETURN row")
        web.shutdown()
    assert asked == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dbms.security.procedures.allowlist", ""),
        ("dbms.security.procedures.unrestricted", ""),
        ("dbms.security.allow_csv_import_from_file_urls", "false"),
        ("dbms.security.auth_enabled", "true"),
        ("server.http.enabled", "false"),
        ("server.https.enabled", "false"),
        ("db.transaction.timeout", "2m"),
    ],
)
def test_server_runs_with_the_documented_settings(raw, name: str, value: str):
    shown = raw("SHOW SETTINGS YIELD name, value WHERE name = $name RETURN value", name=name)
    assert shown == [{"value": value}]


def test_server_has_no_procedures_from_plugins(raw):
    names = raw("SHOW PROCEDURES YIELD name RETURN collect(split(name, '.')[0]) AS spaces")
    assert set(names[0]["spaces"]) <= {"db", "dbms", "tx"}
