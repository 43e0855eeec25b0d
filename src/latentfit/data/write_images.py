"""Images as files of a folder, which replace those of an earlier call and nothing else."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from latentfit.checks import UserError
from latentfit.storage.files import atomically, write_json
from latentfit.storage.made import RECORD, hash_of, read_record


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
    earlier = _earlier(folder)
    digits = len(str(len(images) - 1))
    files = {f"{number:0{digits}}.png": _png(image) for number, image in enumerate(images)}
    written = {name: [hash_of(held)] for name, held in files.items()}
    both = {name: earlier.get(name, []) + written.get(name, []) for name in earlier | written}
    write_json(folder / RECORD, both)  # first, so that a broken call leaves nothing unknown
    for name in earlier.keys() - files.keys():
        (folder / name).unlink(missing_ok=True)
    for name, held in files.items():
        atomically(folder / name, lambda draft, held=held: draft.write_bytes(held))
    write_json(folder / RECORD, written)
    return [folder / name for name in files]


def _earlier(folder: Path) -> dict[str, list[str]]:
    """The files that an earlier call left, if there are no others."""
    try:
        present = sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UserError(
            f"cannot write into {folder} ({error.strerror}); give the name of a folder."
        ) from error
    known = read_record(folder)
    drafts = {f".{name}.draft" for name in (*known, RECORD)}
    for name in present:
        path = folder / name
        ours = name == RECORD and bool(known)
        if ours or (name in drafts and path.is_file() and not path.is_symlink()):
            continue
        if name not in known or path.is_symlink() or not path.is_file():
            raise UserError(
                f"{folder} holds {name}, which no earlier call wrote; give a new or an empty "
                "folder. Nothing was touched."
            )
        if hash_of(path.read_bytes()) not in known[name]:
            raise UserError(
                f"{name} in {folder} was changed after an earlier call wrote it; give a new or an "
                "empty folder. Nothing was touched."
            )
    return {name: known[name] for name in present if name in known}


def _png(image: np.ndarray) -> bytes:
    held = io.BytesIO()
    Image.fromarray(image).save(held, "png")
    return held.getvalue()
