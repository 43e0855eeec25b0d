"""One form for all images of a set, found from what their files say; what it changes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from latentfit.checks import UserError
from latentfit.data.entries import Entry
from latentfit.data.images import Form, Head, decode, head, quietly
from latentfit.data.options import Options
from latentfit.schema import Pixels
from latentfit.shapes import WHITES, Shape

LOOK = 256
"""So many images, spread over a set, stand for all where their brightness is asked for."""
NAMED = 20
"""Files that an error names, beside the first."""
OPTIONS = ("size", "crop", "grey", "background")


def each(entries: Sequence[Entry], work: Callable[[int, bytes], None]) -> None:
    """Call `work` with the number and the bytes of each entry, in threads, as Pillow lets go.

    Raises:
        UserError: Files cannot be read, or `work` raises it; all of them are named, so that a
            person mends them at once.
    """
    failed: dict[int, UserError] = {}

    def some(start: int) -> None:
        for number in range(start, min(start + 64, len(entries))):
            try:
                work(number, entries[number].read())
            except UserError as error:
                failed[number] = error

    with quietly(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        list(pool.map(some, range(0, len(entries), 64)))
    if not failed:
        return
    first, *others = sorted(failed)
    if not others:
        raise failed[first]
    more = f", ... ({len(others) - NAMED} more)" if len(others) > NAMED else ""
    named = ", ".join(entries[number].label for number in others[:NAMED])
    raise UserError(f"{failed[first]} Others: {named}{more}.") from failed[first]


def heads_of(entries: Sequence[Entry], background: str) -> list[Head]:
    """What each file says of its image.

    Raises:
        UserError: One is no readable image.
    """
    held: dict[int, Head] = {}

    def look(number: int, data: bytes) -> None:
        held[number] = head(data, entries[number].label, background)

    each(entries, look)
    return [held[number] for number in range(len(entries))]


def pixels(entries: Sequence[Entry], form: Form) -> np.ndarray:
    """All images in one array, `form.dtype` with shape (N, C, H, W); no other is held beside it.

    Raises:
        UserError: One is no readable image.
    """
    held = np.empty((len(entries), *form.shape), form.dtype)

    def put(number: int, data: bytes) -> None:
        held[number] = decode(data, entries[number].label, form)

    each(entries, put)
    return held


def form_of(
    entries: Sequence[Entry],
    heads: Sequence[Head],
    name: str,
    options: Options,
    schema: Pixels | None,
) -> tuple[Form, str, list[str]]:
    """The form, the type of the file's pixels, and what a person should know of them.

    Raises:
        UserError: Sizes differ and none is asked for, or the model takes others.
    """
    form = Form(
        _shape(heads, name, options, schema),
        crop=options.crop or (schema is not None and schema.crop),
        background=background_of(options, schema),
    )
    deep = [one for one in heads if one.deep is not None]
    if deep:
        whole = [one.deep or 0 for one in deep if not one.floats]
        highest, fitted = max(whole, default=0), schema is not None and schema.white > 255
        white = next(float(white) for white in WHITES if highest <= white)
        white = schema.white if schema is not None and fitted else white
        told = highest > 0 and white < WHITES[-1] and not fitted
        note = f"pixels of 16 bits reach {highest:.0f}; {white:.0f} is taken for white."
        return replace(form, deep=white), "uint16" if whole else "float32", [note] if told else []
    if schema is not None and schema.white != 1:
        return form, "uint8", []
    looked = [entries[place] for place in spread(len(entries))]
    highest = pixels(looked, form).max()
    if highest == 1 and (len(looked) == len(entries) or _binary(entries, form)):
        return replace(form, white=1), "uint8", ["pixels are 0 and 1; 1 is taken for white."]
    dark = f"the brightest pixel is {highest} of 255, nearly black; if that is white, rescale them."
    return form, "uint8", [dark] if 1 < highest < 64 else []


def white_of(form: Form, kind: str) -> float:
    """The value of white in files of such pixels."""
    return 1.0 if kind == "float32" else form.deep or form.white


def background_of(options: Options, schema: Pixels | None) -> str:
    """The colour behind transparency: the one asked for, else the model's."""
    if schema is None or "background" in options.given():
        return options.background
    return schema.background


def spread(count: int) -> np.ndarray:
    """Places of at most `LOOK` of so many, evenly apart."""
    return np.arange(min(count, LOOK)) * count // max(1, min(count, LOOK))


def _binary(entries: Sequence[Entry], form: Form) -> bool:
    """Whether pixels of 8 bits are 0 and 1 throughout."""
    highest = np.zeros(len(entries), np.uint8)

    def look(number: int, data: bytes) -> None:
        highest[number] = decode(data, entries[number].label, form).max()

    each(entries, look)
    return highest.max() == 1


def _shape(heads: Sequence[Head], name: str, options: Options, schema: Pixels | None) -> Shape:
    sizes = Counter(one.size for one in heads)
    if schema is not None:
        channels, *sides = schema.seen
        if channels not in (1, 3):
            raise UserError(
                f"the model takes images of {channels} channels, image files have 1 or 3; give an "
                ".npy or .npz."
            )
        if options.size not in (None, tuple(sides)) or (options.grey and channels == 3):
            raise UserError(
                f"the model takes images of shape {tuple(schema.seen)}, to which these are "
                "brought; leave 'size' and 'grey' out."
            )
        return channels, sides[0], sides[1]
    channels = 1 if options.grey or all(one.grey for one in heads) else 3
    if options.size is not None:
        return channels, *options.size
    most = sizes.most_common(4)
    if len(most) > 1:
        told = ", ".join(f"{count:,} of {h}x{w}" for (h, w), count in most[:3])
        told += f" and {len(sizes) - 3} more" if len(most) > 3 else ""
        height, width = most[0][0]
        raise UserError(
            f"images of '{name}' differ in size (height x width: {told}); give one for all, "
            f"such as --size {height}x{width}, with --crop to cut instead of squeezing."
        )
    return channels, *most[0][0]


def notes_on(heads: Sequence[Head], form: Form, options: Options) -> list[str]:
    """What the form changes, each a sentence."""
    height, width = form.shape[1:]
    count, grey = len(heads), form.shape[0] == 1
    other = [one.size for one in heads if one.size != (height, width)]
    squeezed = 0 if form.crop else sum(not 0.99 < h * width / (w * height) < 1.01 for h, w in other)
    deep = sum(one.deep is not None for one in heads)
    few = sum(one.grey != grey for one in heads)
    told = [
        (len(other), f"resized to {height}x{width}"
         + (f", {squeezed:,} of them squeezed into another form (--crop cuts instead)"
            if squeezed else "")),
        (sum(one.turned for one in heads), "turned upright as their cameras noted"),
        (sum(one.clear for one in heads), f"with transparency laid on {form.background}"),
        (0 if options.grey else few,
         "brought from colour to grey" if grey else "brought from grey to colour"),
        (sum(one.several for one in heads),
         "with several frames or pages, of which the first is read"),
        (sum(one.lossy for one in heads),
         "with 16 bits a colour, of which 8 are read (an .npy or .npz keeps them)"),
        (deep if deep < count else 0,
         "with more than 8 bits among others of 8; all are taken as shares of white"),
    ]  # fmt: skip
    return [f"{some:,} of {count:,} images {what}." for some, what in told if some]
