"""Graphs of tensors and the two forms of their files: ONNX, and PyTorch's own."""

from __future__ import annotations

import importlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.export import Dim, ExportedProgram

from latentfit.checks import UserError, line_of
from latentfit.exporting.noise import NoGraphError
from latentfit.exporting.pieces import Piece

OPSET = 18
"""Of ONNX; what runtimes of the last years read."""
MOST_CALLS = 10_000
"""Of PyTorch, in a graph without loops: so many take several minutes to write."""
TIDIED = 500
"""Steps up to which ONNX is simplified, the time of which grows as their square."""
MOST_BYTES = 2_000_000_000
"""Of weights, of which an ONNX file holds 2 GB."""

Run = Callable[[Sequence[Tensor]], Tensor]
"""From inputs to the output, by a file's content."""


def captured(piece: Piece) -> ExportedProgram:
    """The graph of a part, for batches of any size.

    Arguments:
        piece: In the form of a graph; what it does not use is left out of it.

    Raises:
        NoGraphError: It is too long, looks at values, or keeps something random.
    """
    if (calls := piece.calls()) > MOST_CALLS:
        raise NoGraphError(
            f"it takes {calls:,} steps, one after the other, and a graph holds {MOST_CALLS:,}"
        )
    batch = Dim("batch", min=1)
    free = ({0: batch},) * len(piece.ports)
    with torch.no_grad(), _quiet():
        try:
            found = torch.export.export(
                piece, tuple(piece.some(3)), dynamic_shapes={"given": free}, strict=False
            )
        except NoGraphError:
            raise
        except Exception as error:  # PyTorch has many
            raise NoGraphError(f"PyTorch makes no graph of it ({line_of(error)})") from error
    for node in found.graph.nodes:
        if _is_random(node):
            raise NoGraphError(f"it draws random numbers inside ({node.target})")
    return found


def onnx_bytes(program: ExportedProgram, piece: Piece) -> bytes:
    """A graph as the content of an ONNX file, weights inside.

    Raises:
        UserError: The extra is not installed, or the weights are too large.
        NoGraphError: ONNX has no such operation.
    """
    must_have_onnx()
    size = sum(t.numel() * t.element_size() for t in piece.state_dict().values())
    if size > MOST_BYTES:
        raise UserError(
            f"the {piece.name} has {size / 1e9:.1f} GB of weights and an ONNX file holds 2 GB; "
            "use --to torch."
        )
    with torch.no_grad(), _quiet():
        try:
            made = torch.onnx.export(
                program,
                dynamo=True,
                verbose=False,
                opset_version=OPSET,
                optimize=len(program.graph.nodes) <= TIDIED,
                input_names=[port.name for port in piece.ports],
                output_names=[piece.gives.name],
            )
        except Exception as error:  # as above
            raise NoGraphError(f"ONNX has no form of it ({line_of(error)})") from error
    if made is None:
        raise NoGraphError("PyTorch gives no ONNX of it")
    held = made.model_proto
    held.doc_string, held.producer_name = f"{piece.name}, by latentfit", "latentfit"
    free = held.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    if not free:
        raise NoGraphError("PyTorch writes it for batches of one size only")
    for value in (*held.graph.input, *held.graph.output, *held.graph.value_info):
        for side in value.type.tensor_type.shape.dim:
            if free in side.dim_param:  # a number stands in the same place as a name
                side.dim_param = side.dim_param.replace(free, "batch")
    return held.SerializeToString()


def must_have_onnx() -> None:
    """Raise where what writes and reads ONNX is not installed.

    Raises:
        UserError: As said.
    """
    try:
        for name in ("onnx", "onnxruntime", "onnxscript"):
            importlib.import_module(name)
    except ImportError as error:
        raise UserError(
            "export --to onnx needs onnx, onnxscript and onnxruntime; "
            "pip install 'latentfit[export]'."
        ) from error


def onnx_run(held: bytes, piece: Piece) -> Run:
    """What an ONNX file's content computes, by onnxruntime on the processor."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = torch.get_num_threads(), 4
    session: Any = onnxruntime.InferenceSession(held, options, providers=["CPUExecutionProvider"])
    names = [port.name for port in piece.ports]

    def run(given: Sequence[Tensor]) -> Tensor:
        fed = {name: value.numpy() for name, value in zip(names, given, strict=True)}
        return torch.from_numpy(np.asarray(session.run([piece.gives.name], fed)[0]))

    return run


def torch_bytes(program: ExportedProgram, piece: Piece) -> bytes:
    """A graph as the content of a file that `torch.export.load` reads."""
    held = io.BytesIO()
    with torch.no_grad(), _quiet():
        program._example_inputs = None  # they are written in a form that can hold code
        torch.export.save(program, held)
    return held.getvalue()


def torch_run(held: bytes, piece: Piece) -> Run:
    """What such a file's content computes."""
    with _quiet():
        module = torch.export.load(io.BytesIO(held)).module()

    def run(given: Sequence[Tensor]) -> Tensor:
        with torch.no_grad():
            return module(*given)

    return run


def _is_random(node: Any) -> bool:
    """Whether an operation draws; dropout that is off is said to, and does not."""
    if torch.Tag.nondeterministic_seeded not in getattr(node.target, "tags", ()):
        return False
    names = [argument.name for argument in node.target._schema.arguments]
    given = dict(zip(names, node.args, strict=False)) | node.kwargs
    off = given.get("train") is False or ("dropout_p" in names and not given.get("dropout_p"))
    return not off


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what PyTorch tells its own developers."""
    log = logging.getLogger("torch.onnx")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)
