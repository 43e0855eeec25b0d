"""What checks its arguments says what it raises."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "latentfit"
TELLING = {"UserError", "DivergenceError", "within", "one_of", "positive"}


def public(body: list[ast.stmt], inside: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Name and node of each function and method that others call, commands left out."""
    for node in body:
        name = getattr(node, "name", "_")
        hidden = name.startswith("_") and not name.endswith("__")
        if isinstance(node, ast.ClassDef) and not hidden:
            yield from public(node.body, f"{inside}{name}.")
        if isinstance(node, ast.FunctionDef) and not hidden:
            command = "app.command" in " ".join(map(ast.unparse, node.decorator_list))
            yield from [] if command else [(inside + name, node)]


def checks(node: ast.FunctionDef) -> bool:
    """Whether a function raises an error of ours, or calls what checks an argument."""
    raised = [part.exc for part in ast.walk(node) if isinstance(part, ast.Raise) and part.exc]
    called = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
    heads = (getattr(part, "func", part) for part in raised + called)
    return any(ast.unparse(head).rpartition(".")[2] in TELLING for head in heads)


def misses(text: str) -> list[str]:
    """Names in a module that check and do not say so; a constructor has the name of its class."""
    tree, found = ast.parse(text), []
    owners = {part: n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) for part in n.body}
    for name, node in public(tree.body):
        built = node.name in ("__init__", "__post_init__")
        told = ast.get_docstring(owners[node] if built else node) or ""
        if checks(node) and "Raises:\n" not in told:
            found.append(name.removesuffix(f".{node.name}") if built else name)
    return found


TOLD = "'''It is.\n\n    Raises:\n        UserError: It is not.\n    '''"


@pytest.mark.parametrize(("text", "expected"), [
    ("def f(x):\n    raise UserError('no')", ["f"]),
    (f"def f(x):\n    {TOLD}\n    within('x', x, 1)", []),
    ("class A:\n    def __init__(self, x):\n        checks.one_of('x', x, '')", ["A"]),
    (f"class A:\n    {TOLD}\n    def __init__(self, x):\n        within('x', x, 1)", []),
    ("class A:\n    def f(self):\n        raise DivergenceError('no') from None", ["A.f"]),
    ("class _A:\n    def f(self):\n        raise UserError('no')", []),
    ("@app.command()\ndef f(x):\n    within('x', x, 1)", []),
])  # fmt: skip
def test_a_check_that_is_not_told_is_seen(text, expected):
    assert misses(text) == expected


def test_what_checks_its_arguments_says_what_it_raises():
    paths = sorted(SOURCE.rglob("*.py"))
    found = [(path.name, name) for path in paths for name in misses(path.read_text("utf-8"))]
    assert found == []
