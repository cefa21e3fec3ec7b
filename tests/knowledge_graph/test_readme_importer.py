"""The importer that the README of the graph shows is one."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from knowledge_graph import memory
from knowledge_graph.schema import Annotation, DiseaseEntry, Rejected, Term
from knowledge_graph.sources.findings import Findings

README = Path(memory.__file__).with_name("README.md").read_text(encoding="utf-8")


def test_the_importer_of_the_readme_reads_a_table(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", README, re.S)
    ward = ModuleType("ward")
    exec(shown, ward.__dict__)
    path = tmp_path / ward.WANTS
    path.write_text("code\tdisease\tfinding\tpercent\n7\tFlu\tcough\t45\n7\tFlu\tglow\t1\n8\n")
    entry, stated, *rejected = ward.read(path, Findings([Term("HP:1", "Cough", ())]))
    assert entry == DiseaseEntry("WARD:7", "Flu")
    assert isinstance(stated, Annotation)
    assert (stated.disease, stated.term, stated.frequency) == ("WARD:7", "HP:1", "45%")
    assert rejected == [
        Rejected("Ward book 2026", 3, "no finding 'glow'"),
        Rejected("Ward book 2026", 4, "1 cells instead of 4"),
    ]


def test_every_module_is_in_the_list_of_files() -> None:
    folder = Path(memory.__file__).parent
    listed = README[: README.index("## ")]
    modules = {path.name for path in folder.glob("*.py")} - {"__init__.py", "strict_yaml.py"}
    assert not {name for name in modules if f"`{name}`" not in listed}
