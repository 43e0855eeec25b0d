"""A decoder that another program trained and exported, for codes that another program made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from latentfit.checks import UserError, line_of

CHUNK = 256  # codes at a time, where the file does not fix their number


class OnnxDecoder:
    """From codes to samples, by an ONNX file, on the processor (extra `onnx`).

    Nothing in the file is executed but its graph of tensors, and no other file is read.

    Arguments:
        program: What the file holds.
        name: What errors call it.

    Raises:
        UserError: onnxruntime is not installed, or the file is no decoder: it cannot be read, keeps
            its weights elsewhere, or does not take one tensor of floats.

    Example:
        `OnnxDecoder.read(Path("decoder.onnx"))(codes)` are samples.
    """

    def __init__(self, program: bytes, name: str = "the decoder") -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise UserError(
                "a decoder in a file needs onnxruntime; pip install 'latentfit[onnx]'."
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 4  # what is wrong is said once, below
        try:
            self._session: Any = onnxruntime.InferenceSession(
                program, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has errors of its own
            raise UserError(
                f"{name} cannot be read ({line_of(error)}); export it with all of its weights "
                "inside."
            ) from error
        self.program, self.name = program, name
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or inputs[0].type not in TYPES:
            told = ", ".join(f"{held.name} ({held.type})" for held in inputs)
            raise UserError(f"{name} must take one tensor of floats, the codes; it takes {told}.")
        self._input = inputs[0]

    @classmethod
    def read(cls, path: Path) -> OnnxDecoder:
        """The decoder of a file.

        Raises:
            UserError: As the class, or there is no such file.
        """
        try:
            return cls(path.read_bytes(), str(path))
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}; give an .onnx file.") from error

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """Decode codes (N, *shape), in the units that it was trained on, to samples (N, ...).

        Raises:
            UserError: It does not take codes of this shape, does not give a sample for each, or
                gives one that is not finite.
        """
        fixed = self._input.shape[0] if self._input.shape else None
        size = fixed if isinstance(fixed, int) else CHUNK
        made = [self._decoded(codes[start : start + size], size if fixed == size else None)
                for start in range(0, len(codes), size)]  # fmt: skip
        return np.concatenate(made)

    def _decoded(self, codes: np.ndarray, fixed: int | None) -> np.ndarray:
        count = len(codes)
        if fixed:  # a file that was exported for so many
            codes = np.concatenate([codes, np.repeat(codes[:1], fixed - count, axis=0)])
        try:
            made = self._session.run(
                None, {self._input.name: codes.astype(TYPES[self._input.type])}
            )
        except Exception as error:  # as above
            raise UserError(
                f"{self.name} takes codes of shape {tuple(self._input.shape)}, not {codes.shape} "
                f"({line_of(error)}); give codes as its encoder makes them."
            ) from error
        samples = np.asarray(made[0])
        if samples.ndim < 2 or len(samples) != len(codes):
            raise UserError(
                f"{self.name} makes {samples.shape} of {len(codes)} codes; its first output must "
                "be a sample for each."
            )
        samples = samples[:count].astype(np.float32)
        if not np.isfinite(samples).all():
            bad = int((~np.isfinite(samples)).reshape(count, -1).any(1).sum())
            raise UserError(
                f"{self.name} makes NaN or infinity of {bad} of {count} codes; export it in float32"
                ", with the weights of a training that went well."
            )
        return samples


TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
}
"""What a decoder may take, by the names of onnxruntime."""
