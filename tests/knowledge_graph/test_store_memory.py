from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise, permutations
from pathlib import Path

import pytest
from hypothesis import given

from engine.exceptions import NotFoundError
from knowledge_graph.schema import Edge, Node, Value
from knowledge_graph.store import GraphStore, Route, StoreError
from knowledge_graph.store_memory import RecordStore
from knowledge_graph.wording import rarest
from tests.knowledge_graph.graphs import SMALL, Graph, graphs

store: GraphStore = RecordStore(*SMALL)


def ids(route: Route) -> tuple[str, ...]:
    return tuple(node.id for node in route.nodes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gout", ["OMIM:1"]),
        ("OMIM:1", ["OMIM:1"]),
        ("orpha:77", ["OMIM:1"]),
        ("Podagra", ["OMIM:1"]),
        ("podagar", ["OMIM:1"]),  # two letters swapped
        ("sjogren", ["OMIM:2"]),  # accents do not matter
        ("heart atack", ["OMIM:3"]),
        ("arthritis", ["HP:1", "HP:2"]),
        ("myocardial", ["OMIM:3"]),
        ("OMIM:99", []),
        ("", []),
        ("?", []),
    ],
)
def test_search(text: str, expected: list[str]):
    assert [found.node.id for found in store.search(text)] == expected


def test_search_says_what_matched():
    found = store.search("heart attack")[0]
    assert (found.matched, found.score) == ("Heart attack", 100.0)


def coded(*codes: str) -> GraphStore:
    return RecordStore([Node(c, "Disease", f"disease {i}") for i, c in enumerate(codes)], [])


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("OMIM 154700", "OMIM:154700"),
        ("omim154700", "OMIM:154700"),
        ("MIM:154700", "OMIM:154700"),
        ("OMIM:15470", "OMIM:154700"),
        ("OMIM:157400", "OMIM:154700"),
        ("HP:1250", "HP:0001250"),
        ("HP:000125", "HP:0001250"),
        ("ICD10CM:M109", "ICD10CM:M10.9"),
    ],
)
def test_a_mistyped_code_offers_close_ones_with_a_lower_score(typed: str, first: str):
    found = coded("OMIM:154700", "HP:0001250", "ICD10CM:M10.9", "OMIM:999999").search(typed)
    assert [hit.node.id for hit in found] == [first]
    assert found[0].matched == first
    assert 75 < found[0].score < 100


def test_a_code_without_its_end_comes_before_one_with_another_digit():
    found = coded("HP:0001025", "HP:0001250").search("HP:000125")
    assert [hit.node.id for hit in found] == ["HP:0001250", "HP:0001025"]


@pytest.mark.parametrize("text", ["OMIM:154", "trisomy 21", "a" * 100_000, "a_" * 50 + "!"])
def test_what_is_no_close_code_finds_nothing(text: str):
    assert coded("OMIM:154700").search(text) == []


def test_search_does_not_offer_a_part_of_the_query():
    assert RecordStore([Node("X:1", "Disease", "Heart")], []).search("heart of artichoke") == []


def test_equal_names_come_in_the_order_of_kinds():
    nodes = [Node("A:1", "RiskFactor", "Gout"), Node("B:1", "Disease", "Gout")]
    assert [hit.node.id for hit in RecordStore(nodes, []).search("gout")] == ["B:1", "A:1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OMIM:1", "OMIM:1"),
        ("omim:1", "OMIM:1"),
        ("ICD:M10", "OMIM:1"),
        ("heart ATTACK", "OMIM:3"),
        ("Sjogren syndrome", "OMIM:2"),
        ("colchicine", "DB:1"),
    ],
)
def test_find(text: str, expected: str):
    assert store.find(text).id == expected


def test_find_takes_names_before_synonyms_and_diseases_before_findings():
    nodes = [
        Node("HP:1", "Phenotype", "Gout"),
        Node("X:1", "Disease", "Podagra", ("Gout",)),
        Node("X:2", "Disease", "Arthritis", ("Hot joint",)),
        Node("HP:2", "Phenotype", "Red joint", ("Hot joint",)),
        Node("HP:3", "Phenotype", "Sore joint", ("Hot joint",)),
    ]
    called = RecordStore(nodes, [])
    assert called.find("gout").id == "HP:1"
    assert called.find("gout", kind="Disease").id == "X:1"
    assert called.find("hot joint").id == "X:2"
    with pytest.raises(NotFoundError) as raised:
        called.find("hot joint", kind="Phenotype")
    assert raised.value.suggestions == ("HP:2 Red joint", "HP:3 Sore joint")
    with pytest.raises(NotFoundError) as raised:
        called.find("gout", kind="Drug")
    assert "no Drug" in raised.value.message


def test_a_card_has_the_most_frequent_findings_first_with_their_names():
    shares: list[dict[str, Value]] = [
        {"frequency": 0.4},
        {"stated": "HP:0040281"},
        {},
        {"frequency": 1, "_rows": "x"},
    ]
    nodes = [Node(f"HP:{i}", "Phenotype", f"Sign {i}") for i in range(4)]
    edges = [
        Edge("X:1", "has_phenotype", f"HP:{i}", ("s",), share) for i, share in enumerate(shares)
    ]
    held = RecordStore([Node("X:1", "Disease", "Gout", (), (), {"_place": 1}), *nodes], edges)
    card = held.card("gout", limit=3)
    assert card.node == Node("X:1", "Disease", "Gout")
    group = card.groups[0]
    assert (group.predicate, group.direction, group.total) == ("has_phenotype", "out", 4)
    assert [edge.object.name for edge in group.edges] == ["Sign 3", "Sign 1", "Sign 0"]
    assert group.edges[0].properties == {"frequency": 1}
    assert [edge.object.id for edge in held.card("X:1").groups[0].edges][-1] == "HP:2"


def test_a_card_shows_both_directions_of_every_kind_of_node():
    groups = [(g.direction, g.predicate, g.total) for g in store.card("OMIM:1").groups]
    assert groups == [
        ("out", "has_phenotype", 1),
        ("out", "lacks_phenotype", 1),
        ("in", "confirms", 1),
        ("in", "contraindicated_in", 1),
        ("in", "treats", 1),
    ]
    for node in SMALL[0]:
        card = store.card(node.id)
        assert card.node == node
        ends = {(e.subject.id, e.predicate, e.object.id) for g in card.groups for e in g.edges}
        assert ends == {
            (e.subject, e.predicate, e.object) for e in SMALL[1] if node.id in (e.subject, e.object)
        }


def test_a_file_answers_like_memory_and_a_damaged_one_is_refused(tmp_path: Path):
    path = tmp_path / "small.sqlite"
    RecordStore.write(path, *SMALL)
    opened = RecordStore.open(path)
    assert [opened.card(n.id) for n in SMALL[0]] == [store.card(n.id) for n in SMALL[0]]
    opened.close()
    path.write_bytes(path.read_bytes()[:-4096])
    for damaged in (path, tmp_path / "missing.sqlite"):
        with pytest.raises(StoreError):
            RecordStore.open(damaged)


def test_threads_share_a_store():
    asked = [node.id for node in SMALL[0]] * 50
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(store.card, asked)) == [store.card(node) for node in asked]


def test_unknown_node():
    with pytest.raises(NotFoundError) as raised:
        store.node("Plague")
    assert raised.value.suggestions == ()
    with pytest.raises(NotFoundError) as raised:
        store.neighbours("gout")
    assert raised.value.suggestions == ("OMIM:1 Gout",)


def test_neighbours():
    near = [(e.predicate, e.object) for e in store.neighbours("OMIM:1")]
    assert near == [("has_phenotype", "HP:2"), ("lacks_phenotype", "HP:3")]
    inbound = store.neighbours("OMIM:1", direction="in")
    assert [e.predicate for e in inbound] == ["confirms", "contraindicated_in", "treats"]
    assert [e.subject for e in store.treats("OMIM:1")] == ["DB:1"]
    assert [e.subject for e in store.confirms("OMIM:1")] == ["T:1"]
    assert [e.subject for e in store.contraindicates("OMIM:1")] == ["DB:3"]
    assert store.neighbours("HP:3", predicate="is_a") == []


def test_interactions():
    edges = store.interactions(["DB:1", "DB:2", "DB:3", "DB:unknown"])
    assert [(e.subject, e.object) for e in edges] == [("DB:1", "DB:2")]
    assert store.interactions(["DB:1", "DB:3"]) == []


def test_paths_cite_every_step_and_skip_what_is_stated_absent():
    routes = store.paths("OMIM:1", "OMIM:2")
    assert [ids(route) for route in routes] == [("OMIM:1", "HP:2", "HP:1", "OMIM:2")]
    assert [e.predicate for e in routes[0].edges] == ["has_phenotype", "is_a", "has_phenotype"]
    assert store.paths("OMIM:1", "OMIM:2", longest=2) == []
    assert ids(store.paths("OMIM:1", "OMIM:1")[0]) == ("OMIM:1",)


@given(graphs())
def test_paths_are_the_first_of_all_simple_paths(graph: Graph):
    nodes, edges = graph
    linked = {
        pair
        for e in edges
        if e.predicate != "lacks_phenotype"
        for pair in [(e.subject, e.object), (e.object, e.subject)]
    }
    start, end, *others = [nodes[0].id, nodes[-1].id, *(n.id for n in nodes[1:-1])]
    every = [
        (start, *middle, end)
        for length in range(min(len(others), 3) + 1)
        for middle in permutations(others, length)
        if all(step in linked for step in pairwise((start, *middle, end)))
    ]
    expected = sorted(every, key=lambda p: (len(p), p))[:7] if start != end else [(start,)]
    found = RecordStore(nodes, edges).paths(start, end, limit=7, longest=4)
    assert [ids(route) for route in found] == expected


def test_subgraph():
    near = store.subgraph(["HP:2"])
    assert [n.id for n in near.nodes] == ["HP:1", "HP:2", "OMIM:1"]
    assert len(near.edges) == 2
    assert near.complete
    cut = store.subgraph(["OMIM:1"], hops=2, limit=3)
    assert len(cut.nodes) == 3
    assert not cut.complete
    with pytest.raises(NotFoundError):
        store.subgraph(["OMIM:99"])


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"marfan": 3, "like": 9, "syndrome": 900}, ("marfan", "like")),
        ({"marfam": 0, "like": 9, "syndrome": 900}, ("like",)),
        ({"marfam": 0, "lik": 0, "syndrome": 900}, ("syndrome",)),
        ({"a": 0, "b": 0}, ()),
    ],
)
def test_the_rarest_words_lead_to_every_node_that_lacks_one(
    counts: dict[str, int], expected: tuple[str, ...]
):
    assert rarest(counts) == expected


def test_a_wrong_word_is_forgiven_whichever_it_is():
    nodes = [Node("X:1", "Disease", "Focal atonic seizure")]
    nodes += [Node(f"Y:{i}", "Disease", f"Other seizure {i}") for i in range(9)]
    held = RecordStore(nodes, [])
    for text in ("Facal xq atonic seizure", "xocal atonic seizure", "Focal atonic xeizzre"):
        assert held.search(text)[0].node.id == "X:1"
