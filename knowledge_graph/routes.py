"""Shortest paths and reach over any store that can say who is next to whom.

Only batches of neighbours are asked for, so the same code runs over dicts and over a server.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Mapping

Nodes = tuple[str, ...]
Adjacent = Callable[[Collection[str]], Mapping[str, Iterable[str]]]
"""Ids -> the ids next to each, in either direction."""


def shortest_routes(
    start: str, end: str, adjacent: Adjacent, *, limit: int, longest: int
) -> list[Nodes]:
    """The first `limit` simple paths by (length, node ids): Yen's algorithm.

    Source: J. Y. Yen, Management Science 17 (1971) 712-716. Every candidate is the least of its
    class in this order, so ties are settled the same way by every store.
    """
    around = _Around(adjacent)
    first = _shortest(start, end, around, longest=longest)
    waiting = [] if first is None else [(len(first), first)]
    seen = {route for _, route in waiting}
    routes: list[Nodes] = []
    while waiting and len(routes) < limit:
        _, route = heapq.heappop(waiting)
        routes.append(route)
        for place in range(len(route) - 1):
            root = route[: place + 1]
            taken = {r[place + 1] for r in routes if r[: place + 1] == root and len(r) > place + 1}
            rest = _shortest(
                route[place],
                end,
                around,
                longest=longest - place,
                closed=frozenset(route[:place]),
                taken=frozenset(taken),
            )
            if rest is not None and (found := root[:-1] + rest) not in seen:
                seen.add(found)
                heapq.heappush(waiting, (len(found), found))
    return routes


def reach(
    starts: Collection[str], adjacent: Adjacent, *, hops: int, limit: int
) -> tuple[set[str], bool]:
    """Nodes within `hops` edges, the nearest and least `limit` of them; whether these are all."""
    inside = set(sorted(set(starts))[:limit])
    complete = len(inside) == len(set(starts))
    layer: Collection[str] = inside
    for _ in range(hops):
        near = adjacent(layer)
        found = sorted({y for ids in near.values() for y in ids} - inside)
        room = limit - len(inside)
        complete = complete and len(found) <= room
        layer = found[:room]
        if not layer:
            break
        inside.update(layer)
    return inside, complete


class _Around:
    """Neighbours, each asked for once."""

    def __init__(self, adjacent: Adjacent) -> None:
        self._adjacent = adjacent
        self._known: dict[str, frozenset[str]] = {}

    def fetch(self, nodes: Iterable[str]) -> None:
        missing = [node for node in nodes if node not in self._known]
        if missing:
            found = self._adjacent(missing)
            self._known.update((node, frozenset(found.get(node, ()))) for node in missing)

    def __getitem__(self, node: str) -> frozenset[str]:
        return self._known[node]


def _shortest(
    start: str,
    end: str,
    around: _Around,
    *,
    longest: int,
    closed: frozenset[str] = frozenset(),
    taken: frozenset[str] = frozenset(),
) -> Nodes | None:
    """The least shortest path; not through `closed`, not from start to one of `taken` first.

    Searched from both ends, always on from the smaller rim: hubs are looked into as late as can be.
    """
    if start == end:
        return (start,)

    def near(node: str) -> frozenset[str]:
        if node == start:
            return around[node] - taken
        return around[node] - {start} if node in taken else around[node]

    ahead, behind = [{start}], [{end}]  # layers by distance from start and from end
    seen_ahead, seen_behind = {start}, {end}
    while ahead[-1] and behind[-1] and len(ahead) + len(behind) - 2 < longest:
        forward = len(ahead[-1]) <= len(behind[-1])
        layers, seen = (ahead, seen_ahead) if forward else (behind, seen_behind)
        around.fetch(sorted(layers[-1]))
        new = {y for x in layers[-1] for y in near(x)} - seen - closed
        seen |= new
        layers.append(new)
        if meeting := ahead[-1] & behind[-1]:
            return _least(ahead[:-1], meeting, behind[:-1], near)
    return None


def _least(
    ahead: list[set[str]],
    meeting: set[str],
    behind: list[set[str]],
    near: Callable[[str], frozenset[str]],
) -> Nodes:
    """The least path by node ids through layers; `near` is known for all but the meeting."""
    layers = [meeting]
    for layer in reversed(ahead):  # keep what leads on to the meeting
        layers.insert(0, {x for x in layer if not near(x).isdisjoint(layers[0])})
    for layer in reversed(behind):  # and what leads on from it
        layers.append({x for x in layer if not near(x).isdisjoint(layers[-1])})
    here = min(layers[0])
    path = [here]
    for place, layer in enumerate(layers[1:]):
        known = place < len(ahead)
        here = min(near(here) & layer if known else (x for x in layer if here in near(x)))
        path.append(here)
    return tuple(path)
