"""Sheets of images: samples, reconstructions, interpolations, pixel for pixel."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from latentfit.checks import UserError, within
from latentfit.shapes import CHANNELS
from latentfit.storage.files import atomically

DPI = 160


class Sheet(Figure):
    """A figure of a sheet of images.

    Attributes:
        pixels: The sheet itself, uint8 with shape (H', W') or (H', W', 3).
    """

    pixels: np.ndarray


def drawn(channels: int) -> tuple[int, ...]:
    """The channels of an image that are drawn: one as grey, or three as red, green and blue.

    Of two, the first is red and the second green and blue; of more than three, the first, the
    middle and the last are drawn.

    Example:
        >>> drawn(1), drawn(2), drawn(3), drawn(8)
        ((0,), (0, 1, 1), (0, 1, 2), (0, 4, 7))
    """
    if channels in (1, 2):
        return (0,) if channels == 1 else (0, 1, 1)
    return 0, channels // 2, channels - 1


def _told(caption: str, channels: int) -> str:
    """A caption that says which channels are drawn, where that is not plain."""
    if channels in (1, 3):
        return caption
    red, green, blue = (place + 1 for place in drawn(channels))
    said = f"Channels {red}, {green} and {blue} of {channels} as red, green and blue."
    return f"{caption} {said}".strip()


def tile(images: Tensor, columns: int, *, gap: int = 1) -> np.ndarray:
    """Lay images out in rows on white, those of other than 1 or 3 channels by `drawn`.

    Arguments:
        images: With shape (N, C, H, W) in [0, 1], C at most 16; what lies outside is clipped.
        columns: Images in a row.
        gap: Pixels between images.

    Returns:
        uint8 pixels, with shape (H', W') for grey and (H', W', 3) for colour.

    Raises:
        UserError: They are no such images, there are none, or `columns` is below 1.

    Example:
        >>> tile(torch.zeros(3, 1, 4, 4), columns=2).shape
        (9, 9)
    """
    if images.dim() != 4 or not 1 <= images.shape[1] <= CHANNELS or not len(images):
        raise UserError(
            f"a sheet needs images (N, C, H, W), C at most {CHANNELS}, got {tuple(images.shape)}; "
            "draw vectors with figures.vectors."
        )
    within("columns", columns, 1)
    images = images[:, list(drawn(images.shape[1]))]
    pixels = (images.detach().cpu().float().nan_to_num().clamp(0, 1) * 255).round()
    stack = pixels.byte().movedim(1, -1).numpy()
    count, height, width, channels = stack.shape
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    sheet = np.full(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, np.uint8
    )
    for number, image in enumerate(stack):
        row, column = divmod(number, columns)
        top, left = row * (height + gap), column * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet[..., 0] if channels == 1 else sheet


def save_png(images: Tensor, path: str | Path, columns: int, *, enlarge: bool = True) -> None:
    """Write a sheet of images (N, C, H, W) in [0, 1] as a PNG.

    Arguments:
        images: C at most 16.
        path: Of the file.
        columns: Images in a row.
        enlarge: Enlarge images below 96 pixels by a whole number, so that a person sees them and
            each pixel stays a square.

    Raises:
        UserError: They are no such images, there are none, `columns` is below 1, or the file cannot
            be written.
    """
    factor = max(1, 96 // max(images.shape[-2:])) if enlarge else 1
    picture = Image.fromarray(tile(images, columns))
    size = (picture.width * factor, picture.height * factor)
    picture = picture.resize(size, Image.Resampling.NEAREST)
    atomically(Path(path), lambda draft: picture.save(draft, format="png"))


def image_grid(images: Tensor, *, columns: int, caption: str = "") -> Sheet:
    """A sheet of images (N, C, H, W) in [0, 1], pixels shown as they are.

    Raises:
        UserError: They are no such images, there are none, or `columns` is below 1.
    """
    return _sheet(tile(images, columns), _told(caption, images.shape[1]))


def reconstructions(inputs: Tensor, outputs: Tensor, caption: str = "") -> Sheet:
    """Eight columns; rows of inputs alternate with rows of their reconstructions.

    Arguments:
        inputs: With shape (N, C, H, W) in [0, 1], C at most 16.
        outputs: With the shape of `inputs`.
        caption: Written above the sheet.

    Raises:
        UserError: They are no such images, or there are none.
    """
    columns = max(1, min(8, len(inputs)))
    blank = inputs.new_ones(-len(inputs) % columns, *inputs.shape[1:])  # an image below its own
    pairs = zip(
        torch.cat([inputs, blank]).split(columns),
        torch.cat([outputs.to(inputs), blank]).split(columns),
        strict=True,
    )
    whole = torch.cat([part for pair in pairs for part in pair])
    return _sheet(tile(whole, columns), _told(caption, inputs.shape[1]))


def rows_grid(lines: Tensor, caption: str = "", *, names: Sequence[str] = ()) -> Sheet:
    """A row for each line (rows, steps, C, H, W): interpolations, traversals, neighbours.

    Arguments:
        lines: Images in [0, 1], C at most 16.
        caption: Written above the sheet.
        names: Written beside the rows, if any.

    Raises:
        UserError: They are no such images, or there are none.
    """
    pixels = tile(lines.flatten(0, 1), lines.shape[1])
    return _sheet(pixels, _told(caption, lines.shape[2]), names)


def _sheet(pixels: np.ndarray, caption: str, names: Sequence[str] = ()) -> Sheet:
    # The axes are placed by hand: at 160 dpi each pixel becomes a square of whole pixels, which no
    # layout engine promises.
    height, width = pixels.shape[:2]
    factor = max(1, min(840 // width, 1200 // height))
    beside = 16 + 10 * max(map(len, names)) if names else 0
    across, down = max(width * factor + beside, 2 * DPI), height * factor
    words = textwrap.wrap(caption, int(across / DPI * 15))
    strip = 24 * len(words) + 8 if words else 0
    figure = Sheet(figsize=(across / DPI, (down + strip) / DPI), dpi=DPI)
    figure.pixels = pixels
    whole = down + strip
    axes = figure.add_axes((0, 0, width * factor / across, down / whole))
    # Grey is drawn as colour: a colour map would round some values to their neighbours.
    colours = np.dstack([pixels] * 3) if pixels.ndim == 2 else pixels
    axes.imshow(colours, interpolation="nearest", aspect="auto")
    axes.set_axis_off()
    for number, name in enumerate(names):
        middle = (1 - (number + 0.5) / len(names)) * down / whole
        left = (width * factor + 8) / across
        figure.text(left, middle, name, va="center", fontsize=7, color="#444444")
    figure.text(0, 1 - 4 / whole, "\n".join(words), va="top", fontsize=8, color="#444444")
    return figure
