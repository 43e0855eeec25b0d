"""The card of a model that is shared: what it is, how it was made, what it is worth, its limits."""

from __future__ import annotations

import json
import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from latentfit.checks import UserError
from latentfit.expost import GIVEN, PRIORS
from latentfit.recipes import RECIPES
from latentfit.report.markdown import Marked, block, code, link, plain
from latentfit.report.page import again, score_rows
from latentfit.report.places import bare, bare_command, bare_values
from latentfit.schema import Schema, Table, read_schema
from latentfit.scoring import verdict
from latentfit.storage import Card, Facts, RunFolder

SHOWN = 40  # columns or classes that are named
CLEAR = ("as-good-as-new", "close")
"""Verdicts that warn of nothing."""
KEPT = "kde"  # the prior that keeps codes of training samples


def model_card(
    folder: RunFolder,
    *,
    name: str | None = None,
    licence: str | None = None,
    scores: dict[str, Any] | None = None,
    exported: dict[str, Any] | None = None,
) -> str:
    """The README.md of a shared model, in Markdown with the head that the Hugging Face hub reads.

    Paths of this machine are cut to their last part, and text from data is shown as it is.

    Arguments:
        folder: Of a finished run.
        name: Under which the hub has it, `user/name`; None for a folder that is handed on.
        licence: Identifier of a licence, such as `mit`; None states none.
        scores: What `evaluate` gave; those of the folder where not given.
        exported: What `export.json` says, beside whose files the card will lie; None beside a model
            that `lf.load` reads.

    Raises:
        UserError: There is no finished run, or the licence is no identifier.
    """
    held = folder.card
    facts = folder.facts if folder.exists else None  # what was loaded from the hub has none
    scores = folder.scores if scores is None else scores
    schema = read_schema(held.data["schema"])
    kind = _kind(schema)
    told = bare_values(scores.get("details", {}))
    found = verdict(scores, folder.lines) if scores else None
    command, language = _command(facts, held)
    parts = held.recipe is None or bool(held.own)
    return _environment().get_template("card.md.j2").render(
        held=held,
        facts=facts,
        tags=["latentfit", "auto-encoder", kind, *([held.recipe] if held.recipe else [])],
        system=RECIPES.get(held.recipe or ""),
        given=GIVEN,
        prior=PRIORS.get(held.prior[0]) if held.prior else None,
        keeps=bool(held.prior) and held.prior[0] == KEPT,
        latent=held.arguments.get("latent", scores.get("latent")),
        active=scores.get("active"),
        data=bare(str(held.data.get("name", "data"))),
        kind=kind,
        schema=schema,
        counts=", ".join(f"{n:,} {part}" for part, n in held.data.get("counts", {}).items()),
        learned=f"{held.data['counts']['train']:,} " if held.data.get("counts") else "",
        columns=[(c.name, c.kind) for c in schema.columns] if isinstance(schema, Table) else [],
        classes=held.classes or held.data.get("classes", []),
        shown=SHOWN,
        settings={key: value for key, value in held.arguments.items() if value is not None},
        command=command,
        language=language,
        usage=_usage(name, parts=parts) if exported is None else _call(exported),
        exported=exported,
        scores=score_rows(scores, image=kind == "images"),
        details={key: told.get(key, "not known") for key in ("count", "draws", "extractor")},
        verdict=found,
        warned=found is not None and found.key not in CLEAR,
        seconds=folder.seconds,
        parts=parts,
        name=name,
        licence=None if licence is None else must_be_licence(licence),
    )  # fmt: skip


def must_be_licence(licence: str) -> str:
    """The identifier of a licence, as the hub writes it.

    Raises:
        UserError: It is none.

    Example:
        >>> must_be_licence("MIT")
        'mit'
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9.+-]{0,63}", licence.lower()):
        raise UserError(
            f"'{licence}' is no identifier of a licence; use one such as mit, apache-2.0 or "
            "cc-by-4.0, or leave it out."
        )
    return licence.lower()


def _environment() -> Environment:
    """Templates of Markdown; all that they show is escaped where it is not marked."""
    environment = Environment(
        loader=PackageLoader("latentfit.report"),
        finalize=plain,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # JSON of ASCII alone is YAML, and has no ends of lines.
    yaml = {"yaml": lambda value: Marked(json.dumps(value))}
    environment.filters |= {"code": code, "block": block, "link": link, **yaml}
    return environment


def _kind(schema: Schema) -> str:
    if isinstance(schema, Table):
        return "table"
    return {1: "vectors", 2: "signals", 3: "images"}[len(schema.seen)]


def _usage(name: str | None, *, parts: bool) -> str:
    where = "FOLDER" if name is None else f"hf:{name}"
    handed = ", model=model" if parts else ""
    return (
        f'import latentfit as lf\n\nmodel = lf.load("{where}"{handed})\n'
        "samples = model.sample(64, seed=0, as_array=True)"
    )


FORMS = {
    "onnx": (
        "import numpy as np\nimport onnxruntime\n",
        {
            "normal": "np.random.normal(size={}).astype(np.float32)",
            "uniform": "np.random.random({}).astype(np.float32)",
        },
        "np.zeros({}, np.{})  # yours",
    ),
    "torch": (
        "import torch\n",
        {"normal": "torch.randn{}", "uniform": "torch.rand{}"},
        "torch.zeros({}, dtype=torch.{})  # yours",
    ),
}
"""What a call of an exported file begins with, how numbers of a law are drawn, and others made."""


def _call(exported: dict[str, Any]) -> str:
    """How the last of the exported files is called, the sampler where there is one."""
    row = exported["files"][-1]
    head, drawn, other = FORMS[exported["form"]]
    lines, names = [head], [port["name"] for port in row["inputs"]]
    for port in row["inputs"]:
        size = str((64, *port["shape"][1:]))
        lines.append(
            f"{port['name']} = {drawn.get(port['name'], other).format(size, port['type'])}"
        )
    gives, file = row["outputs"][0]["name"], row["file"]
    if exported["form"] == "torch":
        lines.append(f'{gives} = torch.export.load("{file}").module()({", ".join(names)})')
    else:
        given = ", ".join(f'"{name}": {name}' for name in names)
        lines.append(f'program = onnxruntime.InferenceSession("{file}")')
        lines.append(f"({gives},) = program.run(None, {{{given}}})")
    return "\n".join(lines)


def _command(facts: Facts | None, held: Card) -> tuple[str, str]:
    """What makes it again, and the language of that."""
    if facts is None:
        return "", ""
    if facts.command:
        return bare_command(again(facts.command, held.round) or ""), "sh"
    if held.recipe is None or held.own:
        return "", ""
    words = "".join(f", {key}={value!r}" for key, value in held.arguments.items())
    return (
        f"model = lf.recipe({held.recipe!r}, data{words})\n"
        f"run = lf.train(model, data, rounds={held.round}, seed={facts.identity.get('seed')})"
    ), "python"
