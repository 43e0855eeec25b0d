"""Images as files of a folder, which replace those of an earlier call and nothing else."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from latentfit.checks import UserError
from latentfit.storage.files import atomically, write_json
from latentfit.storage.made import RECORD, earlier, hash_of


def write_images(images: np.ndarray, folder: Path) -> list[Path]:
    """Write images as 0.png, 1.png, ... of a folder.

    It must be new, empty, or hold only what an earlier call wrote and nobody changed since; that is
    replaced. A call that was broken off can be repeated.

    Arguments:
        images: uint8 with shape (N, H, W) or (N, H, W, C), C 1 or 3; or uint16, grey.
        folder: Where they go; made if need be.

    Returns:
        The files, in the order of the images.

    Raises:
        UserError: There are no images or they fit into no .png, or the folder holds other files;
            then nothing is touched.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as place:
        ...     [file.name for file in write_images(np.zeros((2, 4, 4), np.uint8), Path(place))]
        ['0.png', '1.png']
    """
    images = images[..., 0] if images.ndim == 4 and images.shape[-1] == 1 else images
    grey = images.ndim == 3 and images.dtype in (np.uint8, np.uint16)
    if not len(images) or not (
        grey or (images.ndim == 4 and images.shape[-1] == 3 and images.dtype == np.uint8)
    ):
        raise UserError(
            f"images of shape {images.shape} and type {images.dtype} fit into no .png files, which "
            "hold 1 or 3 channels of 8 bits or 1 of 16; use an .npz."
        )
    before = earlier(folder)
    digits = len(str(len(images) - 1))
    files = {f"{number:0{digits}}.png": _png(image) for number, image in enumerate(images)}
    written = {name: [hash_of(held)] for name, held in files.items()}
    both = {name: before.get(name, []) + written.get(name, []) for name in before | written}
    write_json(folder / RECORD, both)  # first, so that a broken call leaves nothing unknown
    for name in before.keys() - files.keys():
        (folder / name).unlink(missing_ok=True)
    for name, held in files.items():
        atomically(folder / name, lambda draft, held=held: draft.write_bytes(held))
    write_json(folder / RECORD, written)
    return [folder / name for name in files]


def _png(image: np.ndarray) -> bytes:
    held = io.BytesIO()
    Image.fromarray(image).save(held, "png")
    return held.getvalue()
