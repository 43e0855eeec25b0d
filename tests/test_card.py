"""The card of a shared model: what it says, and that nothing in it is taken for more than text."""

from __future__ import annotations

import json
import re
import sys

import pytest
import yaml
from markdown_it import MarkdownIt

import latentfit as lf
from latentfit.checks import UserError
from latentfit.recipes import RECIPES
from latentfit.report import model_card
from latentfit.report.markdown import block, code, plain
from latentfit.storage import Card, Facts, RunFolder
from shell import QUIET, SMALL, command

NASTY = (
    "a|b", "\\|", "`x`", "``", "<script>alert(1)</script>", "<!-- x", "[x](http://evil.example)",
    "![x](http://evil.example)", "one\ntwo\n\n# three", "---", "# h", "$x$", "@user", "&lt;", "",
    "http://evil.example", "www.evil.example", "*_~^", "{{ x }}", "\u202e", "| a |\n|---|", " ",
)  # fmt: skip
HEADINGS = ["Use", "Scores", "Training", "Limits", "Licence"]
SCORES = {
    "novelty": 0.3, "novelty_se": 0.05, "novelty_floor": 1.0, "fd_pixels": 2.0, "fd_pixels_sd": 0.5,
    "fd_pixels_floor": 0.25, "latent": 4, "active": 3,
    "details": {"count": 1200, "draws": 3, "extractor": "pixels"},
}  # fmt: skip


def folder(path, **changes):
    """A finished run of a table, without its weights, which no card looks at."""
    held = RunFolder(path)
    columns = [{"kind": "choice", "name": name, "dtype": "str", "missing": False,
                "levels": ["a", "b"], "order": [], "ordered": False}
               for name in changes.pop("columns", ["town"])]  # fmt: skip
    dialect = {"separator": ",", "decimal": ".", "header": True}
    data = {
        "name": changes.pop("name", "t.csv"),
        "fingerprint": "6ef4742ed61034af",
        "classes": changes.pop("classes", []),
        "counts": {"train": 1300, "test": 30},
        "schema": {"kind": "table", "columns": columns, "apart": [], "dialect": dialect},
    }
    told = {"recipe": "rae", "arguments": {"latent": 4}, "shape": [1], "weights": "raw",
            "round": 2500, "data": data}  # fmt: skip
    facts = {"identity": {"seed": 7, "batch": 16}, "versions": {"torch": "2.13.0"},
             "device": "cpu", "commit": "0123456789ab"}  # fmt: skip
    facts |= {key: changes.pop(key) for key in ("command", "source") if key in changes}
    held.write_facts(Facts(**facts))
    path.joinpath("model.json").write_text(json.dumps(Card(**told | changes).to_json()))
    return held


def parsed(text):
    """The head as YAML, and the tokens of the rest."""
    empty, head, body = text.split("---\n", 2)
    assert empty == ""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).enable("table").parse(body)
    return yaml.safe_load(head), tokens, body


def inner(tokens):
    return [part for token in tokens for part in (token, *(token.children or ()))]


def test_a_card_says_what_the_run_says(tmp_path):
    run = folder(tmp_path, command="latentfit train rae --data t.csv --latent 4 --rounds 9")
    run.write_scores(SCORES)
    text = model_card(run, name="me/people", licence="MIT")
    head, _, body = parsed(text)
    assert head == {"library_name": "latentfit", "license": "mit",
                    "tags": ["latentfit", "auto-encoder", "table", "rae"]}  # fmt: skip
    for said in (
        RECIPES["rae"].paper.title.split(" (")[0], "<https://arxiv.org/abs/1903.12436>",
        RECIPES["rae"].idea, "| latent dimensions | 4 |", "| active dimensions | 3 |",
        "t.csv, table of shape 1", "1,300 train, 30 test", "6ef4742ed61034af", "2,500 rounds",
        'lf.load("hf:me/people")', "samples = model.sample(64", "latentfit sample hf:me/people",
        "| fd\\_pixels | 2 ± 0.5 | 0.25 |", "Remembers its training data", "1200 test samples",
        "| seed | 7 |", "| device | cpu |", "| torch | 2.13.0 |", "0123456789ab",
        "latentfit train rae --data t.csv --latent 4 --rounds 2500",
    ):  # fmt: skip
        assert said in body, said
    limits = body.split("## Limits")[1]
    assert "- Remembers its training data" in limits
    assert "those of real rows" in limits
    assert body.split("## Licence\n\n")[1] == "mit\n"


def test_what_is_not_known_is_not_said(tmp_path):
    text = model_card(folder(tmp_path))
    head, _, body = parsed(text)
    assert "license" not in head
    assert body.endswith("## Licence\n\nNo licence stated.\n")
    assert "It was not evaluated" in body
    assert "not counted, since it was not evaluated" in body
    assert 'lf.load("FOLDER")' in body
    assert "hf:" not in body
    run = (
        "model = lf.recipe('rae', data, latent=4)\nrun = lf.train(model, data, rounds=2500, seed=7)"
    )
    assert run in body  # it was trained from Python
    (tmp_path / "run.json").unlink()
    assert "do not say how it was trained, but for its settings: `latent` 4." in model_card(
        RunFolder(tmp_path)
    )


@pytest.mark.parametrize("text", NASTY)
def test_text_from_data_stays_text(text, tmp_path):
    run = folder(tmp_path, columns=[text, "town"], classes=[text], name=text,
                 command=f"latentfit train rae --data '{text}' --label x")  # fmt: skip
    run.write_scores(SCORES | {f"fd_{text}": 1.0, f"fd_{text}_floor": 2.0,
                               "details": {"count": 5, "extractor": text}})  # fmt: skip
    head, tokens, _ = parsed(model_card(run, name="me/people"))
    assert set(head) == {"library_name", "tags"}
    parts = inner(tokens)
    assert not [part for part in parts if part.type.startswith(("html", "image"))]
    links = [part.attrs["href"] for part in parts if part.type == "link_open"]
    assert links == [RECIPES["rae"].paper.link]
    opened = [i for i, token in enumerate(tokens) if token.type == "heading_open"]
    assert [tokens[i + 1].content for i in opened[1:]] == HEADINGS
    spans = [part.content for part in parts if part.type == "code_inline"]
    line = "".join(c if c.isprintable() else " " for c in text)
    shown = " ".join(line.split())
    assert sum(" ".join(span.split()) == shown for span in spans) >= 3
    at = next(i for i, token in enumerate(tokens) if token.content == "score")
    scores = [token.type for token in tokens[at:] if token.type in ("tr_open", "td_open")]
    table = scores[: scores.index("tr_open", 16)] if "tr_open" in scores[16:] else scores
    assert table == 4 * ["tr_open", *4 * ["td_open"]]  # each row has its four cells
    cells = [tokens[i + 1] for i, token in enumerate(tokens) if token.type == "td_open"]
    named = ["".join(part.content for part in cell.children) for cell in cells]
    assert f"fd_{line}".strip() in named


@pytest.mark.parametrize("text", NASTY)
def test_each_way_of_writing_text_gives_it_back(text):
    line = "".join(c if c.isprintable() else " " for c in text)
    read = MarkdownIt("commonmark")
    (_, inline, _, *more) = read.parse(f"x {plain(text)} x")
    assert not more
    assert "".join(part.content for part in inline.children) == " ".join(f"x {line} x".split(" "))
    (part,) = (p for p in read.parse(f"x {code(text)} x")[1].children if p.type == "code_inline")
    assert part.content.strip() == line.strip()
    (fence,) = read.parse(block(text))
    assert len(fence.content.splitlines()) == max(1, len(text.splitlines()))


def test_no_path_of_the_machine_is_told(tmp_path):
    place = "/home/someone/secret"
    run = folder(tmp_path, name=f"{place}/people.csv", source={"data": f"{place}/people.csv"},
                 command=f"latentfit train rae --data {place}/people.csv --data-root={place} "
                         f"--out ~/runs/x --label a/b")  # fmt: skip
    text = model_card(run)
    assert "someone" not in text
    assert "secret" in text  # the last part of the root
    assert "--data people.csv --data-root=secret --out x --label a/b" in text


def test_cards_of_other_kinds(tmp_path):
    kept = model_card(folder(tmp_path / "kde", prior=["kde", {"count": 9}]))
    assert "keeps codes of training samples" in kept
    assert "a Gaussian kernel on each of" in kept
    parts = model_card(folder(tmp_path / "own", own=["encoder"]), name="me/x")
    assert 'lf.load("hf:me/x", model=model)' in parts
    assert "latentfit sample" not in parts
    foreign = model_card(folder(tmp_path / "plug-in", recipe="theirs"))
    assert "comes with a package beside latentfit" in foreign
    codes = model_card(folder(tmp_path / "codes", recipe="given-codes", arguments={}))
    assert "it samples codes" in codes


def test_a_card_of_a_training_needs_no_hub(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    data = lf.data.load("digits")
    run = lf.train(lf.recipe("ae", data, **SMALL), data, rounds=2, out=tmp_path / "run", **QUIET)
    printed = command("card", tmp_path / "run", "--licence", "mit", check=True).stdout
    assert printed == model_card(run.folder, licence="mit")
    assert "digits, images of shape 1 x 8 x 8" in printed
    assert "| device | cpu |" in printed
    assert "Classes: `0`, `1`" in printed
    out = tmp_path / "README.md"
    for _ in range(2):
        command("card", tmp_path / "run", "--out", out, check=True)
    assert out.read_text() == model_card(run.folder)
    out.write_text("mine")
    refused = command("card", tmp_path / "run", "--out", out)
    assert (refused.returncode, out.read_text()) == (2, "mine")
    for words in (["--licence", "my own\nterms"], []):
        place = tmp_path / ("run" if words else "none")
        refused = command("card", place, *words)
        assert refused.returncode == 2
        assert refused.stderr.count("\n") == 1


def test_licences_are_identifiers(tmp_path):
    run = folder(tmp_path)
    for wrong in ("", "mit\ntags: x", "a b", "'", "x" * 99):
        with pytest.raises(UserError, match="identifier of a licence"):
            model_card(run, licence=wrong)


def test_papers_have_addresses():
    links = {recipe.paper.title: recipe.paper.link for recipe in RECIPES.values()}
    unknown = [title for title, link in links.items() if not link]
    assert [title.split()[0] for title in unknown] == ["Generative", "Improving"]
    for link in set(links.values()) - {""}:
        assert re.fullmatch(r"https://(arxiv\.org/abs/\d{4}\.\d{4,5}(v\d)?|(doi|proceedings|openreview)"
                            r"\.\S+)", link), link  # fmt: skip


def test_the_card_beside_exported_files_calls_them(tmp_path, monkeypatch):
    data = lf.data.load("digits")
    model = lf.recipe("wae-mmd", data, **SMALL)
    lf.train(model, data, rounds=2, out=tmp_path / "run", **QUIET)
    place = tmp_path / "files"
    (place / "README.md").mkdir(parents=True)
    told = command("export", tmp_path / "run", "--to", "torch", "--out", place)
    assert told.returncode == 2
    assert [path.name for path in place.iterdir()] == ["README.md"]
    (place / "README.md").rmdir()
    command(
        "export", tmp_path / "run", "--to", "torch", "--licence", "mit", "--out", place, check=True
    )
    head, _, body = parsed((place / "README.md").read_text())
    assert head["license"] == "mit"
    for said in ("encoder.pt2", "decoder.pt2", "sampler.pt2"):
        assert f"| `{said}` |" in body
    assert "lf.load" not in body
    assert "model.json" not in body
    (text,) = re.findall("```python\n(import torch.*?)```", body, re.DOTALL)
    monkeypatch.chdir(place)
    held: dict[str, object] = {}
    exec(text, held)
    assert held["samples"].shape == (64, 1, 8, 8)
