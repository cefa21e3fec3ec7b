"""Whether the server holds exactly the given graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from knowledge_graph.checksum import Census, checksum
from knowledge_graph.neo4j_store.connection import Server
from knowledge_graph.neo4j_store.reading import edges_of, nodes_of
from knowledge_graph.neo4j_store.records import RELEASE
from knowledge_graph.neo4j_store.settings import Settings
from knowledge_graph.schema import Edge, Node


@dataclass(frozen=True, slots=True)
class Verification:
    """given, found: what should be there and what is.

    release: the checksum the last load that came to its end left behind; None when there is none
    or a load is under way.
    """

    given: Census
    found: Census
    release: str | None

    @property
    def ok(self) -> bool:
        """Same records on both sides, and a load that came to its end."""
        return self.given == self.found and self.release == self.given.checksum

    def report(self) -> str:
        """One line for each kind and predicate, then the verdict."""
        counts = [(self.given.nodes, self.found.nodes), (self.given.edges, self.found.edges)]
        lines = [f"{'':24}{'given':>10}{'on server':>12}"]
        for given, found in counts:
            for name in sorted(given.keys() | found.keys()):
                same = self.given.sums.get(name) == self.found.sums.get(name)
                line = f"{name:24}{given.get(name, 0):>10,}{found.get(name, 0):>12,}"
                lines.append(line + ("" if same else "  differs"))
        lines.append(f"checksum given      {self.given.checksum}")
        lines.append(f"checksum on server  {self.found.checksum}")
        if self.release != self.given.checksum:
            state = "is of another graph" if self.release else "is missing: no load came to its end"
            lines.append(f"the release marker {state}")
        lines.append("the same graph" if self.ok else "NOT the same graph: load it again")
        return "\n".join(lines)


def verify(settings: Settings, nodes: Iterable[Node], edges: Iterable[Edge]) -> Verification:
    """Read everything back and compare counts and checksums."""
    with Server(settings) as server:
        return compare(server, checksum(nodes, edges))


def compare(server: Server, given: Census) -> Verification:
    """`verify` over an open connection."""
    found = checksum(nodes_of(server), edges_of(server))
    return Verification(given, found, release(server))


def release(server: Server) -> str | None:
    """The checksum of the complete graph on the server."""
    rows = server.read(f"MATCH (r:{RELEASE}) WHERE r.complete RETURN r.checksum AS checksum")
    return rows[0]["checksum"] if len(rows) == 1 else None
