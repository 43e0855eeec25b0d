"""Files that a person asked for: grids, arrays, folders of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.pictures.sheets import save_png
from latentfit.storage.files import atomically


def write_samples(samples: Tensor, out: Path) -> None:
    """Write samples as a .png grid, an .npz (`samples`), or a folder of .png files.

    Images in an .npz are uint8 with shape (N, H, W) or (N, H, W, 3); vectors are float32 (N, d).

    Raises:
        UserError: Vectors were to be drawn, or there is no such kind of file.
    """
    if out.suffix == ".npz":
        write_arrays(out, samples=_as_file(samples))
        return
    _must_be_images(samples, out)
    if out.suffix == ".png":
        save_png(samples, out, columns=_square(len(samples)))
    elif out.suffix:
        raise UserError(f"cannot write {out.suffix} files; use .png, .npz, or a folder name.")
    else:
        digits = len(str(len(samples) - 1))
        for number, image in enumerate(samples):
            picture = image[None]
            save_png(picture, out / f"{number:0{digits}}.png", columns=1, enlarge=False)


def write_pairs(inputs: Tensor, outputs: Tensor, out: Path) -> None:
    """Write data beside their reconstructions, as a .png of pairs or an .npz."""
    if out.suffix == ".npz":
        write_arrays(out, inputs=_as_file(inputs), reconstructions=_as_file(outputs))
        return
    _must_be_picture(inputs, out)
    pairs = torch.stack([inputs, outputs], 1).flatten(0, 1)
    save_png(pairs, out, columns=8)


def write_lines(lines: Tensor, out: Path) -> None:
    """Write interpolations (B, steps, *shape), as a .png with a row each or an .npz (`lines`)."""
    if out.suffix == ".npz":
        flat = _as_file(lines.flatten(0, 1))
        write_arrays(out, lines=flat.reshape(*lines.shape[:2], *flat.shape[1:]))
        return
    _must_be_picture(lines[0], out)
    save_png(lines.flatten(0, 1), out, columns=lines.shape[1])


def write_arrays(out: Path, **arrays: Tensor | np.ndarray) -> None:
    """Write named arrays as a compressed .npz.

    Raises:
        UserError: The file is no .npz, or cannot be written.
    """
    if out.suffix != ".npz":
        raise UserError(f"arrays go into .npz files, got {out}; name it {out.with_suffix('.npz')}.")
    held = {name: np.asarray(value) for name, value in arrays.items()}

    def write(draft: Path) -> None:
        with draft.open("wb") as file:
            np.savez_compressed(file, **held)  # type: ignore[arg-type]

    atomically(out, write)


def _as_file(samples: Tensor) -> np.ndarray:
    if samples.dim() != 4:
        return samples.numpy()
    pixels = (samples.clamp(0, 1) * 255).round().to(torch.uint8).movedim(1, -1).numpy()
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


def _square(count: int) -> int:
    return max(2, round(count**0.5))


def _must_be_images(samples: Tensor, out: Path) -> None:
    if samples.dim() != 4 or samples.shape[1] not in (1, 3):
        raise UserError(f"vectors cannot be drawn as images; use --out {out.with_suffix('.npz')}.")


def _must_be_picture(samples: Tensor, out: Path) -> None:
    _must_be_images(samples, out)
    if out.suffix != ".png":
        raise UserError(f"cannot write {out.name}; use a .png or an .npz file.")
