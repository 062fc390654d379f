"""What `tools/write_docs.py` writes is what lies in the repository."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from ddff_perception.registry import CAPABILITIES, nodes

ROOT = Path(__file__).resolve().parents[2]
_SPEC = importlib.util.spec_from_file_location("write_docs", ROOT / "tools" / "write_docs.py")
assert _SPEC is not None and _SPEC.loader is not None
write_docs = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(write_docs)
PAGES = {
    "nodes.md": write_docs.nodes_page,
    "methods.md": write_docs.methods_page,
    "benchmarks.md": write_docs.benchmarks_page,
    "engines.md": write_docs.engines_page,
    "training.md": write_docs.training_page,
    "retrieval.md": write_docs.retrieval_page,
}


@pytest.mark.parametrize("page", PAGES)
def test_pages_say_what_the_code_and_the_records_know(page: str) -> None:
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == PAGES[page]()


@pytest.mark.parametrize("path", write_docs.node_files(), ids=lambda path: path.name)
def test_each_node_has_its_script_its_parameters_and_its_launch_file(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == write_docs.node_files()[path]
    if path.parent.name == "scripts":
        assert path.stat().st_mode & 0o111 == 0o111


def test_there_is_no_script_of_a_node_that_has_gone() -> None:
    assert {path.name for path in (ROOT / "scripts").iterdir()} == {"ddff", *nodes()}


def test_every_method_is_described() -> None:
    text = write_docs.methods_page()
    for capability in CAPABILITIES.values():
        for name in capability.methods.load() if capability.methods else ():
            assert f"| `{name}` | " in text
