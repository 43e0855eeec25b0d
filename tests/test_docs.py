"""What the docs say of the code is made from the code."""

from __future__ import annotations

import inspect
import json
import re
from contextlib import suppress
from pathlib import Path

import pytest

from latentfit import models, settings
from latentfit.checks import UserError
from latentfit.expost import PRIORS
from latentfit.recipes import RECIPES
from shell import command

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_the_page_of_games_is_what_the_command_prints():
    printed = command("list", "recipes", "--games", check=True).stdout
    assert (ROOT / "docs" / "games.md").read_text() == printed


def test_games_as_json():
    rows = json.loads(command("list", "recipes", "--games", "--json", check=True).stdout)
    assert set(rows) == set(RECIPES)
    names = [row["player"] for row in rows["flexae-sr"]]
    assert names == ["autoencoder", "critic", "image_critic", "smoother", "generator", "encoder"]
    assert rows["flexae-sr"][2]["batches"] == "two new"
    assert rows["maskaae"][3]["loss"].endswith("(0.04167 to 2048) undecided")
    refused = command("list", "data", "--games")
    assert refused.returncode == 2
    assert "list recipes --games" in refused.stderr


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_says_where_it_deviates(name):
    text = inspect.getdoc(RECIPES[name].build) or ""
    _, section, said = text.partition("Deviations:")
    assert section, f"the recipe of {name} has no Deviations section"
    assert len(said.split()) > 2
    for kind in re.findall(r"Those of `models\.(\w+)`", said):
        assert "Deviations:" in (inspect.getdoc(getattr(models, kind)) or ""), kind


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_citations_point_to_papers_or_to_files_that_are_here(path):
    text = path.read_text()
    assert not re.search(r"baselines(\.md)? [\dP]|\b(evidence|core|fidelity)\.md", text)
    for place in re.findall(r"\bdocs/[\w-]+\.md", text):
        assert (ROOT / place).exists(), place


def test_readme_and_docs_name_recipes_studies_and_commands_that_exist():
    import typer

    from latentfit.cli import app
    from latentfit.studies import STUDIES

    commands = set(typer.main.get_command(app).commands)
    for path in PAGES:
        text = path.read_text()
        for name in re.findall(r"latentfit reproduce ([a-z][\w-]*)", text):
            assert name in STUDIES, f"{path.name}: reproduce {name}"
        for name in re.findall(r"latentfit train ([a-z][\w-]*)", text):
            assert name in RECIPES, f"{path.name}: train {name}"
        for name in re.findall(r"`latentfit ([a-z][\w-]*)", text):
            assert name in commands, f"{path.name}: latentfit {name}"
        for place in re.findall(r"\]\((?!http)([^)#]+)", text):
            assert (path.parent / place).exists(), f"{path.name}: {place}"


def test_settings_that_the_docs_name_are_read():
    texts = " ".join(path.read_text() for path in PAGES)
    named = set(re.findall(r"--set ([a-z_]+=[\w.-]*\w)", texts)) - {"name=value"}
    assert len(named) > 15
    for pair in named:
        given = pair.replace("ROUNDS", "3").replace("NUMBER", "2.5")
        read = []
        for recipe in (*RECIPES.values(), *PRIORS.values()):
            with suppress(UserError):
                read.append(settings.read([given], recipe.name, recipe.settings()))
        assert read, pair


def test_the_table_of_scores_is_what_the_command_prints():
    printed = command("list", "metrics", "--markdown", check=True).stdout
    assert printed in (ROOT / "docs" / "metrics.md").read_text()
