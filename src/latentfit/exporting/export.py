"""Write a trained model as files that run without this package."""

from __future__ import annotations

import copy
import math
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

from latentfit.checks import UserError, line_of, one_of
from latentfit.exporting.forms import formed
from latentfit.exporting.graphs import (
    OPSET,
    Run,
    captured,
    must_have_onnx,
    onnx_bytes,
    onnx_run,
    torch_bytes,
    torch_run,
)
from latentfit.exporting.noise import NoGraphError
from latentfit.exporting.pieces import Decoding, Encoding, Piece, Sampling
from latentfit.exporting.units import units_of
from latentfit.expost.given import GIVEN
from latentfit.models import Model
from latentfit.runs import Run as Training
from latentfit.seeds import seeded
from latentfit.storage.files import write_json
from latentfit.storage.made import earlier, write_over
from latentfit.version import __version__

BATCHES = (1, 2, 7)
TOLERANCE = 1e-5
"""Largest difference from PyTorch, as a share of the largest number that comes out."""
PIECES: tuple[type[Piece], ...] = (Encoding, Decoding, Sampling)
TRUST = (
    "torch.export.load runs what a file tells it to: load only files that you, or somebody you "
    "trust, wrote. These hold tensors and a graph alone. ONNX files hold no code in any case."
)


@dataclass(frozen=True)
class Form:
    """A form of files.

    Attributes:
        ending: Of their names.
        write: From a graph to the content of a file.
        read: From that to what it computes.
        packages: Whose versions are told.
    """

    ending: str
    write: Callable[[ExportedProgram, Piece], bytes]
    read: Callable[[bytes, Piece], Run]
    packages: tuple[str, ...]


FORMS = {
    "onnx": Form(".onnx", onnx_bytes, onnx_run, ("torch", "onnx", "onnxscript", "onnxruntime")),
    "torch": Form(".pt2", torch_bytes, torch_run, ("torch",)),
}


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        folder: Where.
        told: What `export.json` says: `files`, each with inputs, output and difference, `left_out`,
            each with the reason, what `samples` are, and versions.
    """

    folder: Path
    told: dict[str, Any]

    @property
    def files(self) -> list[Path]:
        """The files with graphs."""
        return [self.folder / row["file"] for row in self.told["files"]]


def export(model: Model | Training, *, to: str = "onnx", out: str | Path) -> Exported:
    """Write encoder, decoder and sampler as files that run without this package.

    Samples are in the units of the data's file, images in [0, 1]. Codes are the mean ones, masked
    where the model has a mask. The sampler takes its random numbers as inputs. Each file is read
    again and compared with PyTorch on batches of 1, 2 and 7 before any is written.

    Arguments:
        model: A trained model, or what `train` gave.
        to: `onnx`, or `torch` for `torch.export.load`.
        out: Folder for `encoder`, `decoder`, `sampler` and `export.json`, as far as there are some.

    Raises:
        UserError: The extra is not installed, a file computes something else than the model, or
            another program's file stands in its place.

    Example:
        >>> import tempfile
        >>> import latentfit as lf
        >>> model = lf.recipe("wae-mmd", (6,), latent=2, width=1 / 64)
        >>> with tempfile.TemporaryDirectory() as place:
        ...     done = export(model, to="torch", out=place)
        >>> [path.name for path in done.files]
        ['encoder.pt2', 'decoder.pt2', 'sampler.pt2']
    """
    given = model.model if isinstance(model, Training) else model
    model = copy.deepcopy(given).cpu().eval()  # where it lies, and in what mode, is left
    form, folder = FORMS[one_of("form", to, FORMS)], Path(out)
    if to == "onnx":
        must_have_onnx()
    paths = {kind.name: folder / f"{kind.name}{form.ending}" for kind in PIECES}
    must_be_free(folder, to)
    held: dict[str, bytes] = {}
    rows, left = [], []
    with seeded(0, "export"):
        for kind in PIECES:
            try:
                reason = absent(model, kind)
                if reason:
                    raise NoGraphError(reason)
                content, row = made(kind, model, form)
            except NoGraphError as error:
                left.append({"file": paths[kind.name].name, "reason": f"{error}."})
                continue
            held[kind.name] = content
            rows.append({"file": paths[kind.name].name, **row})
    if not held:
        said = " ".join(f"{row['file']}: {row['reason']}" for row in left)
        raise UserError(f"nothing of this model can be exported. {said}")
    told = described(model, to, form, rows, left)
    for name, path in paths.items():
        if name in held:
            write_over(path, lambda draft, name=name: draft.write_bytes(held[name]))
        else:
            path.unlink(missing_ok=True)  # of an earlier call, whose model had one
    write_over(folder / "export.json", lambda draft: write_json(draft, told))
    return Exported(folder, told)


def must_be_free(folder: Path, to: str) -> None:
    """Raise where files would be lost, or lie among others.

    Raises:
        UserError: The folder holds what no export wrote, or an export in another form.
    """
    earlier(folder)
    for name, form in FORMS.items():
        others = [folder / f"{kind.name}{form.ending}" for kind in PIECES if name != to]
        for other in (path for path in others if path.exists()):
            raise UserError(
                f"{folder} holds an export of another form ({other.name}); choose another --out."
            )


def absent(model: Model, kind: type[Piece]) -> str:
    """Why a model does not have a part; nothing where it has."""
    name = (model.recipe or (type(model).__name__,))[0]
    if name == GIVEN and kind is not Sampling:
        return "the run is a prior of codes that another program made, whose encoder and decoder " \
               "are there"  # fmt: skip
    if kind is Encoding and not model.encodes:
        return f"a model of '{name}' has no encoder, it only samples"
    if kind is Sampling:
        try:
            _ = model.prior.sample_of(1, 0) if model.classes else model.prior.sample(1)
        except UserError as error:
            return str(error).removesuffix(".")
    return ""


def made(kind: type[Piece], model: Model, form: Form) -> tuple[bytes, dict[str, Any]]:
    """The content of a file, once it has been found to compute what the model does.

    Arguments:
        kind: Of the part.
        model: The model.
        form: Of the file.

    Returns:
        The content, and what `export.json` says of it.

    Raises:
        NoGraphError: There is no graph of it.
        UserError: It computes something else.
    """
    true, piece = (kind(each, units_of(model.schema)) for each in (model, formed(model)))
    content = form.write(captured(piece), piece)
    run, worst = form.read(content, piece), 0.0
    for batch in BATCHES:
        given = true.some(batch)
        with torch.no_grad():
            expected = true(*given)
        try:
            found = run(given)
        except Exception as error:  # onnxruntime has errors of its own
            raise UserError(
                f"the {kind.name} as a file does not run on a batch of {batch} ({line_of(error)}), "
                "so nothing was written; please report it."
            ) from error
        worst = max(worst, difference(found, expected, true))
    if not worst <= TOLERANCE:
        raise UserError(
            f"the {kind.name} as a file differs from PyTorch by {worst:.2g} of its largest number, "
            f"more than {TOLERANCE:g}, so nothing was written; please report it with the versions "
            f"of {', '.join(form.packages)}."
        )
    return content, {
        "inputs": [port.to_json() for port in piece.ports],
        "outputs": [piece.gives.to_json()],
        "difference": worst,
        "bytes": len(content),
    }


def difference(found: torch.Tensor, expected: torch.Tensor, piece: Piece) -> float:
    """The largest difference as a share of the largest number, in the units of the network.

    Infinite where shapes differ, or a number is not finite.
    """
    if found.shape != expected.shape:
        return math.inf
    if piece.gives.name == "samples":
        found, expected = piece.units.seen(found), piece.units.seen(expected)
    scale = float(expected.abs().max())
    worst = float((found.double() - expected.double()).abs().max())
    return math.inf if math.isnan(worst) else worst / scale if scale else worst


def described(
    model: Model, to: str, form: Form, rows: list[dict[str, Any]], left: list[dict[str, Any]]
) -> dict[str, Any]:
    """What `export.json` says."""
    versions = {"latentfit": __version__, "python": platform.python_version()}
    versions |= {name: version(name) for name in form.packages}
    return {
        "form": to,
        **({"opset": OPSET} if to == "onnx" else {"loading": TRUST}),
        "recipe": model.recipe[0] if model.recipe else None,
        "weights": "raw" if model.average is None else "averaged",
        "latent": model.latent,
        "samples": units_of(model.schema).told,
        "files": rows,
        "left_out": left,
        "versions": versions,
    }
