"""Every example of the README and the docs runs, or is one that the code would take."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from pathlib import Path

import pytest
import typer

import latentfit as lf
from latentfit.cli import app
from shell import ROOT, command

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
# Pages that make the file that they speak of: they run from the first line to the last.
WHOLE = ("synthetic-table", "spectra", "cells", "images")
APPLICATION = typer.main.get_command(app)
COMMANDS = APPLICATION.commands  # type: ignore[attr-defined]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHORTER = {"--rounds": "30", "--budget": "0"}  # what a whole page is played with here


def blocks(path: Path, *languages: str) -> list[str]:
    return [text for language, text in FENCED.findall(path.read_text()) if language in languages]


def typed(text: str) -> list[list[str]]:
    """The words after `latentfit` of each line of a shell block that calls it."""
    lines = re.findall(
        r"^(?:latentfit|.* -m latentfit) (.*)", text.replace("\\\n", " "), re.MULTILINE
    )
    return [shlex.split(line, comments=True) for line in lines]


def options(command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def refuses(words: list[str]) -> str:
    """What the command line says against the words; '' where it takes them."""
    name, *rest = words
    if not rest and name in options(APPLICATION):
        return ""
    if name not in COMMANDS:
        return f"no command {name}"
    try:
        COMMANDS[name].make_context(name, rest)
    except Exception as error:
        if not hasattr(error, "format_message"):  # not what the command line says
            raise
        return error.format_message()  # type: ignore[attr-defined]
    return ""


@pytest.mark.parametrize(("text", "expected"), [
    ("latentfit train ae --data digits --latent 4", ""),
    ("torchrun --nproc-per-node 2 -m latentfit train ae \\\n  --data digits  # two", ""),
    ("latentfit trian ae", "no command trian"),
    ("latentfit train ae --latent 4", "Missing"),
    ("latentfit train ae --data digits --latent four", "Invalid value"),
    ("latentfit sample runs/a --nunber 3", "No such option"),
])  # fmt: skip
def test_a_line_that_the_shell_would_refuse_is_seen(text, expected):
    (words,) = typed(text)
    assert refuses(words).startswith(expected)
    assert bool(refuses(words)) == bool(expected)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_lines_for_the_shell_are_taken(path, monkeypatch):
    monkeypatch.setattr("latentfit.runs.sharing.fetched", Path)  # none has to be there
    for words in (words for text in blocks(path, "", "bash") for words in typed(text)):
        assert not refuses(words), f"{shlex.join(words)}: {refuses(words)}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_options_that_the_text_names_are_there(path):
    for name, rest in re.findall(r"`latentfit ([a-z][\w-]*)([^`]*)`", path.read_text()):
        missing = set(re.findall(r"(?<!\S)--[a-z][\w-]*", rest)) - options(COMMANDS[name])
        assert not missing, f"latentfit {name}: {missing}"


def wrong_calls(text: str) -> list[str]:
    """Calls of `lf...` that have no such name or take no such arguments."""
    found = []
    for call in ast.walk(ast.parse(text)):
        said = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
        if not isinstance(call, ast.Call) or not re.fullmatch(r"lf(\.\w+)+", said):
            continue
        held = lf
        try:
            for part in said.split(".")[1:]:
                held = getattr(held, part)
            keywords = {word.arg: None for word in call.keywords if word.arg}
            inspect.signature(held).bind_partial(*call.args, **keywords)
        except (AttributeError, TypeError) as error:
            found.append(f"{said}: {error}")
    return found


@pytest.mark.parametrize(("text", "wrong"), [
    ("lf.data.load('digits', seed=1)", 0),
    ("lf.data.laod('digits')", 1),
    ("answer = lf.size(data, budgets=1)", 1),
    ("lf.load('runs/a', 'cpu', 3, 4)", 1),
])  # fmt: skip
def test_a_call_that_the_library_would_refuse_is_seen(text, wrong):
    assert len(wrong_calls(text)) == wrong


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_calls_of_the_library_are_taken(path):
    for text in blocks(path, "python"):
        assert wrong_calls(text) == []


def shortened(words: list[str]) -> list[str]:
    return [SHORTER.get(before, word) for before, word in zip(["", *words], words, strict=False)]


@pytest.mark.claim
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("page", WHOLE)
def test_a_page_runs_from_own_file_to_answer(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = ROOT / "docs" / f"{page}.md"
    for language, text in FENCED.findall(path.read_text()):
        if language == "python":
            exec(compile(text, str(path), "exec"), {})
        for words in typed(text) if not language else []:
            done = command(*shortened(words))
            assert done.returncode == 0, f"{shlex.join(words)}: {done.stderr}"


@pytest.mark.claim
def test_the_ten_lines_of_the_readme_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (text,) = blocks(ROOT / "README.md", "python")
    held: dict[str, object] = {}
    exec(compile(text, "README.md", "exec"), held)
    assert held["images"].shape == (64, 1, 8, 8)  # type: ignore[attr-defined]
