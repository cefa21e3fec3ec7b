"""A part of the graph for other programs: Cytoscape JSON, GraphML, CSV. Stable order, sources kept.

Lists stay lists in JSON and become text joined by ";" elsewhere.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, cast, get_args

import orjson

from knowledge_graph.schema import Edge, Node, Value
from knowledge_graph.store import Subgraph

Format = Literal["cytoscape", "graphml", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA_TYPES = {
    "cytoscape": "application/json",
    "graphml": "application/graphml+xml",
    "csv": "application/zip",
}
NODE_COLUMNS = ("id", "kind", "name", "synonyms", "xrefs")
EDGE_COLUMNS = ("subject", "predicate", "object", "sources")
_FORMULA = re.compile(r"\s*[=+\-@|\t\r]")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WHEN = (1980, 1, 1, 0, 0, 0)
"""The oldest time a zip can state: the same graph gives the same bytes."""


def export(graph: Subgraph, format: Format) -> bytes:
    """The file; CSV is a zip of `csv_files`."""
    writers: Mapping[str, Callable[[Subgraph], bytes]] = {
        "cytoscape": cytoscape,
        "graphml": graphml,
        "csv": zipped_csv,
    }
    return writers[format](graph)


def cytoscape(graph: Subgraph) -> bytes:
    """{"elements": {"nodes": [{"data": ...}], "edges": [...]}} as cytoscape.js reads it."""
    nodes = [
        {"data": dict(node.properties) | _node_fields(node) | {"label": node.name}}
        for node in graph.nodes
    ]
    edges = [
        {
            "data": dict(edge.properties)
            | {"id": _edge_id(edge), "source": edge.subject, "target": edge.object}
            | {"predicate": edge.predicate, "sources": edge.sources}
        }
        for edge in graph.edges
    ]
    return orjson.dumps({"elements": {"nodes": nodes, "edges": edges}}, option=orjson.OPT_INDENT_2)


def graphml(graph: Subgraph) -> bytes:
    """GraphML of a directed multigraph; characters that XML cannot hold are left out."""
    import networkx as nx

    drawn: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node in graph.nodes:
        fields = _node_fields(node)
        drawn.add_node(_xml(fields.pop("id")), **_xml_fields(dict(node.properties) | fields))
    for edge in graph.edges:
        fields = dict(edge.properties) | {"predicate": edge.predicate, "sources": edge.sources}
        key, start, end = map(_xml, (_edge_id(edge), edge.subject, edge.object))
        drawn.add_edge(start, end, key=key, **_xml_fields(fields))
    lines: Iterable[str] = cast("Any", nx).generate_graphml(drawn)
    return "\n".join(lines).encode()


def csv_files(graph: Subgraph) -> dict[str, str]:
    """nodes.csv and edges.csv; a column for every property.

    Text that a spreadsheet would run as a formula is preceded by an apostrophe.
    """
    return {
        "nodes.csv": _csv(NODE_COLUMNS, [(_node_fields(n), n.properties) for n in graph.nodes]),
        "edges.csv": _csv(EDGE_COLUMNS, [(_edge_fields(e), e.properties) for e in graph.edges]),
    }


def zipped_csv(graph: Subgraph) -> bytes:
    """`csv_files` in a zip."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in csv_files(graph).items():
            archive.writestr(zipfile.ZipInfo(name, _WHEN), text, zipfile.ZIP_DEFLATED)
    return data.getvalue()


def _node_fields(node: Node) -> dict[str, Value]:
    return {
        "id": node.id,
        "kind": node.kind,
        "name": node.name,
        "synonyms": node.synonyms,
        "xrefs": node.xrefs,
    }


def _edge_fields(edge: Edge) -> dict[str, Value]:
    return {
        "subject": edge.subject,
        "predicate": edge.predicate,
        "object": edge.object,
        "sources": edge.sources,
    }


def _edge_id(edge: Edge) -> str:
    return f"{edge.subject} {edge.predicate} {edge.object}"


def _csv(
    columns: Sequence[str], rows: Iterable[tuple[Mapping[str, Value], Mapping[str, Value]]]
) -> str:
    listed = [{**properties, **fields} for fields, properties in rows]
    more = sorted({name for fields in listed for name in fields} - set(columns))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, *map(_cell, more)])
    for fields in listed:
        writer.writerow(_cell(fields.get(name, "")) for name in (*columns, *more))
    return text.getvalue()


def _cell(value: Value) -> str | float | int:
    text = _joined(value)
    return f"'{text}" if isinstance(text, str) and _FORMULA.match(text) else text


def _joined(value: Value) -> str | float | int:
    return ";".join(value) if isinstance(value, tuple) else value


def _xml_fields(fields: Mapping[str, Value]) -> dict[str, str | float | int]:
    joined = {name: _joined(value) for name, value in sorted(fields.items())}
    return {k: _xml(v) if isinstance(v, str) else v for k, v in joined.items()}


def _xml(text: Value) -> str:
    return _NOT_XML.sub("", str(text))
