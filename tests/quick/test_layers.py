"""Imports point down: each layer sees only the ones below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "latentfit"
LAYERS = [
    {"checks", "seeds", "schedules", "units"},
    {"networks", "posteriors", "likelihoods", "priors", "divergences", "penalties", "optimizers"},
    {"game"},
    {"models"},
    {"data", "training", "metrics"},
    {"experiments"},
    {"console"},
    {"cli"},
    {"__main__", "__init__"},
]
# The exceptions that the design names: parts that are made of networks, and training on data.
ALLOWED = {
    ("priors", "networks"),
    ("priors", "posteriors"),
    ("posteriors", "networks"),
    ("penalties", "networks"),
    ("training", "data"),
}
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FILES = sorted(SOURCE.rglob("*.py"))


def part(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("latentfit."):
            names.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.module == "latentfit":
            names |= {alias.name for alias in node.names}
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path):
    own = part(path)
    assert own in LEVEL, f"{own} belongs to no layer"
    if own == "__init__":
        return  # the front door names everything, lazily
    for other in imported(path) - {own}:
        below = LEVEL[other] < LEVEL[own]
        assert below or (own, other) in ALLOWED, f"{own} imports {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_stay_short(path):
    assert len(path.read_text().splitlines()) <= 400


def test_gradients_of_gradients_go_through_func_grad_and_nothing_is_pickled():
    for path in FILES:
        text = path.read_text()
        assert "autograd.grad" not in text
        assert "pickle" not in text.replace("allow_pickle=False", "")
        assert "weights_only=False" not in text
