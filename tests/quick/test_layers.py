"""Imports point down: each layer sees only the ones below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "latentfit"
LAYERS = [
    {"checks", "plugins", "version"},
    {"seeds", "schedules", "settings", "shapes"},
    {"schema"},
    {
        "networks",
        "likelihoods",
        "optimizers",
        "adversarial",
        "storage",
        "dials",
        "rules",
        "players",
    },
    {"posteriors", "penalties"},
    {"priors"},
    {"divergences", "game"},
    {"models"},
    {"data", "metrics"},
    {"training", "pictures"},
    {"expost", "scoring"},
    {"recipes", "diagnosis"},
    {"report"},
    {"runs", "tracking"},
    {"sizing", "exploring", "exporting"},
    {"studies"},
    {"comparing"},
    {"tuning"},
    {"cli", "lightning", "sklearn"},
    {"__main__", "__init__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FILES = sorted(SOURCE.rglob("*.py"))


def part(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def imported(text: str, package: tuple[str, ...] = ("latentfit",)) -> set[str]:
    """Parts of the library that a text imports, in whatever form.

    Arguments:
        text: Of a module.
        package: The package that the module lies in, for relative imports.
    """
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found += [f"{module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func).split(".")[-1]
            if name in ("import_module", "__import__") and isinstance(node.args[0], ast.Constant):
                found.append(str(node.args[0].value))
    parts = (name.split(".") for name in found)
    return {part[1] for part in parts if part[0] == "latentfit" and len(part) > 1}


@pytest.mark.parametrize(
    "text",
    [
        "import latentfit.cli",
        "import latentfit.cli as shell",
        "import os, latentfit.cli.app",
        "from latentfit import cli",
        "from latentfit.cli import main",
        "from latentfit.cli.app import app as application",
        "from .. import cli",
        "from ..cli import main",
        "import importlib\nimportlib.import_module('latentfit.cli')",
        "__import__('latentfit.cli')",
        "def f():\n    from latentfit.cli import main",
        "if TYPE_CHECKING:\n    import latentfit.cli",
    ],
)
def test_every_form_of_import_is_seen(text):
    assert imported(text, ("latentfit", "models")) == {"cli"}
    assert imported("import torch.nn, os\nfrom collections import abc") == set()
    assert imported("from . import base", ("latentfit", "models")) == {"models"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path):
    own = part(path)
    assert own in LEVEL, f"{own} belongs to no layer"
    if own == "__init__":
        return  # the front door names everything, lazily
    package = ("latentfit", *path.relative_to(SOURCE).parts[:-1])
    for other in imported(path.read_text(), package) - {own}:
        assert LEVEL[other] < LEVEL[own], f"{own} imports {other}"


def test_files_stay_short():
    root = SOURCE.parents[1]
    kept = [path for part in ("src", "tests", "scripts", "benchmarks")
            for path in (root / part).rglob("*.py")]  # fmt: skip
    long = {str(path.relative_to(root)): len(path.read_text().splitlines()) for path in kept}
    assert {path: lines for path, lines in long.items() if lines > 300} == {}


def test_no_room_is_above_a_sixth_of_the_house():
    lines: dict[str, int] = {}
    for path in FILES:
        lines[part(path)] = lines.get(part(path), 0) + len(path.read_text().splitlines())
    whole = sum(lines.values())
    assert {room: held for room, held in lines.items() if 6 * held > whole} == {}


def test_gradients_of_gradients_go_through_func_grad_and_nothing_is_pickled():
    for path in FILES:
        text = path.read_text()
        assert "autograd.grad" not in text
        assert "pickle" not in text.replace("allow_pickle=False", "")
        assert "weights_only=False" not in text
