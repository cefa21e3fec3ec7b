from __future__ import annotations

import csv
import io
import json
import zipfile
from xml.etree import ElementTree

import networkx as nx
import pytest
from hypothesis import given

from knowledge_graph.export import FORMATS, Format, csv_files, export
from knowledge_graph.schema import Edge, Node
from knowledge_graph.store import Subgraph
from tests.knowledge_graph.graphs import SMALL, Graph, graphs


def whole(graph: Graph) -> Subgraph:
    return Subgraph(*graph, complete=True)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_cytoscape_keeps_lists_and_sources():
    elements = json.loads(export(whole(SMALL), "cytoscape"))["elements"]
    nodes = {node["data"]["id"]: node["data"] for node in elements["nodes"]}
    assert nodes["OMIM:1"]["xrefs"] == ["ORPHA:77", "ICD:M10"]
    assert nodes["OMIM:1"]["label"] == "Gout"
    assert all(e["data"]["sources"] for e in elements["edges"])
    assert {(e["data"]["source"], e["data"]["target"]) for e in elements["edges"]} == {
        (e.subject, e.object) for e in SMALL[1]
    }
    assert len({e["data"]["id"] for e in elements["edges"]}) == len(SMALL[1])


def test_graphml_is_read_back():
    graph = nx.read_graphml(io.BytesIO(export(whole(SMALL), "graphml")), force_multigraph=True)
    assert set(graph.nodes) == {node.id for node in SMALL[0]}
    assert graph.nodes["OMIM:1"]["synonyms"] == "Podagra;Urate arthropathy"
    drawn = {(a, d["predicate"], b): d for a, b, d in graph.edges(data=True)}
    assert drawn["OMIM:1", "has_phenotype", "HP:2"]["sources"] == "a;PMID:1"
    assert drawn["OMIM:1", "has_phenotype", "HP:2"]["frequency"] == 0.9
    assert len(drawn) == len(SMALL[1])


@given(graphs())
def test_graphml_of_any_text_is_well_formed(graph: Graph):
    ElementTree.fromstring(export(whole(graph), "graphml"))


def test_csv_has_a_column_for_every_property():
    with zipfile.ZipFile(io.BytesIO(export(whole(SMALL), "csv"))) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert files == csv_files(whole(SMALL))
    nodes, edges = rows(files["nodes.csv"]), rows(files["edges.csv"])
    assert [node["id"] for node in nodes] == [node.id for node in SMALL[0]]
    assert nodes[6]["routes"] == "oral"
    assert {edge["sources"] for edge in edges} == {"made up for tests", "a;PMID:1"}
    assert edges[1]["frequency"] == "0.9"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-x", "@SUM(A1)", "\t=1", " =1", "\n=1"])
def test_no_cell_is_a_formula(text: str):
    node = Node("X:1", "Drug", text, (text,), (), {"p": (text, "b"), "q": -1.5})
    edge = Edge("X:1", "interacts_with", "X:1", (text,), {"effect": text})
    files = csv_files(Subgraph((node,), (edge,), complete=True))
    cells = [v for file in files.values() for row in rows(file) for v in row.values()]
    assert [c for c in cells if c.strip()[:1] in ("=", "+", "-", "@")] == ["-1.5"]
    assert f"'{text}" in cells


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_graph_gives_the_same_bytes(format: Format):
    assert export(whole(SMALL), format) == export(whole(SMALL), format)
