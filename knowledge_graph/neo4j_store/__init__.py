"""The property graph on a Neo4j 5 server over Bolt.

Settings come from the environment (settings.py); `load` writes and proves a graph, `verify` proves
it again, `Neo4jQueries` answers like the embedded store, `Neo4jGraph` is ranked with like the
embedded graph, `cypher` runs a reading query.
"""

from knowledge_graph.neo4j_store.cypher import Table, cypher
from knowledge_graph.neo4j_store.graph import Neo4jGraph
from knowledge_graph.neo4j_store.loading import load
from knowledge_graph.neo4j_store.queries import Neo4jQueries
from knowledge_graph.neo4j_store.reading import read_edges, read_nodes
from knowledge_graph.neo4j_store.settings import Settings
from knowledge_graph.neo4j_store.verifying import Verification, verify

__all__ = [
    "Neo4jGraph",
    "Neo4jQueries",
    "Settings",
    "Table",
    "Verification",
    "cypher",
    "load",
    "read_edges",
    "read_nodes",
    "verify",
]
