"""Ways through the latent space: lines between codes, single dimensions, attributes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from latentfit.checks import UserError, one_of, within
from latentfit.data.base import Data, spread
from latentfit.metrics import Extractor, nearest
from latentfit.models import Model


@torch.no_grad()
def interpolate(model: Model, left: Tensor, right: Tensor, *, steps: int) -> Tensor:
    """Decode straight lines between the codes of pairs of samples.

    Arguments:
        model: A trained model in evaluation mode.
        left: With shape (B, *shape).
        right: With shape (B, *shape).
        steps: Points on each line, the ends included; at least 2.

    Returns:
        With shape (B, steps, *shape).
    """
    return between(model, model.encode(left), model.encode(right), steps=steps)


@torch.no_grad()
def between(model: Model, a: Tensor, b: Tensor, *, steps: int) -> Tensor:
    """Decode straight lines between codes a and b, each (B, m): as `interpolate`."""
    share = torch.linspace(0, 1, steps, device=a.device)
    line = torch.lerp(a[:, None], b[:, None], share[None, :, None])
    return model.decode(line.flatten(0, 1)).unflatten(0, (len(a), steps))


@torch.no_grad()
def importance(model: Model, codes: Tensor) -> Tensor:
    r"""How much each dimension moves the decoded samples.

    .. math:: \overline{\|D(z + s_j e_j) - D(z - s_j e_j)\|^2} / 4

    with s_j the deviation of the codes in dimension j: about the variance of the samples that the
    dimension is worth, summed over entries.

    Arguments:
        model: A trained model in evaluation mode.
        codes: With shape (N, m); 64 of them serve as z.

    Returns:
        With shape (m,), at least 0.
    """
    scale, base = codes.std(0), codes[spread(len(codes), 64)]
    worth = []
    for dimension in range(codes.shape[1]):
        step = torch.zeros_like(scale)
        step[dimension] = scale[dimension]
        gap = model.decode(base + step) - model.decode(base - step)
        worth.append(gap.square().flatten(1).sum(1).mean() / 4)
    return torch.stack(worth)


@torch.no_grad()
def traverse(
    model: Model, codes: Tensor, base: Tensor, *, dimensions: int, steps: int, reach: float = 2.5
) -> tuple[Tensor, Tensor]:
    """Move one dimension at a time through its range, the others held, most important first.

    Arguments:
        model: A trained model in evaluation mode.
        codes: Codes of data, with shape (N, m), that give each dimension's mean and deviation.
        base: The code that the other dimensions keep, with shape (m,).
        dimensions: How many dimensions.
        steps: Points of each range, evenly in mean +- reach deviations.
        reach: Deviations to each side.

    Returns:
        Samples with shape (dimensions, steps, *shape), and the dimensions' numbers in that order.

    Raises:
        UserError: `dimensions` or `steps` is out of range.
    """
    within("dimensions", dimensions, 1, codes.shape[1], remedy="the model has no more")
    within("steps", steps, 2, 1000, remedy="a range has two ends")
    order = importance(model, codes).argsort(descending=True)[:dimensions]
    places = torch.linspace(-reach, reach, steps, device=codes.device)
    lines = base.repeat(dimensions, steps, 1)
    mean, scale = codes.mean(0)[order], codes.std(0)[order]
    for row, dimension in enumerate(order.tolist()):
        lines[row, :, dimension] = mean[row] + scale[row] * places
    samples = model.decode(lines.flatten(0, 1)).unflatten(0, (dimensions, steps))
    return samples, order.cpu()


def direction(codes: Tensor, has: Tensor) -> Tensor:
    """Mean code of the samples with an attribute minus mean code of those without.

    Arguments:
        codes: With shape (N, m).
        has: Booleans, with shape (N,).

    Raises:
        UserError: All samples have it, or none.
    """
    if not (bool(has.any()) and bool((~has).any())):
        raise UserError("a direction needs samples with the attribute and samples without it.")
    return codes[has].mean(0) - codes[~has].mean(0)


@torch.no_grad()
def attribute_directions(
    model: Model, data: Data, names: Sequence[str], *, count: int = 10_000
) -> list[Tensor]:
    """The directions of attributes or classes, from training samples.

    Arguments:
        model: A trained model in evaluation mode.
        data: A data set with classes or attributes.
        names: Attributes, names of classes, or numbers of classes.
        count: Training samples to look at, spread over the split.

    Returns:
        Each with shape (m,), on the model's device.

    Raises:
        UserError: There is no such attribute, or all samples have it, or none.
    """
    places = data.train.spread(count)
    held = [_has(data, name)[places] for name in names]
    device = model.device
    codes = torch.cat([model.encode(data.train.take(p).to(device)) for p in places.split(512)])
    return [direction(codes, has.to(device)) for has in held]


@torch.no_grad()
def edit(model: Model, x: Tensor, along: Tensor, *, steps: int, reach: float = 1.5) -> Tensor:
    """Move codes of samples along a direction.

    Arguments:
        model: A trained model in evaluation mode.
        x: Samples, with shape (B, *shape).
        along: With shape (m,).
        steps: Points from -reach to reach times the direction; at least 2.
        reach: How far to each side.

    Returns:
        With shape (B, steps, *shape).
    """
    return move(model, model.encode(x), along, steps=steps, reach=reach)


@torch.no_grad()
def move(model: Model, codes: Tensor, along: Tensor, *, steps: int, reach: float = 1.5) -> Tensor:
    """Decode codes (B, m) that are moved along a direction: as `edit`.

    Raises:
        UserError: `steps` is below 2.
    """
    within("steps", steps, 2, 1000, remedy="a line has two ends")
    share = torch.linspace(-reach, reach, steps, device=along.device)
    line = codes[:, None] + share[None, :, None] * along
    return model.decode(line.flatten(0, 1)).unflatten(0, (len(codes), steps))


@torch.no_grad()
def neighbours(data: Data, samples: Tensor, extractor: Extractor, *, k: int) -> Tensor:
    """Samples, each followed by its k nearest training samples.

    Arguments:
        data: The training split is searched whole.
        samples: With shape (B, *shape).
        extractor: Features that distances are taken on.
        k: Neighbours of each sample.

    Returns:
        With shape (B, 1 + k, *shape), nearest first, on the CPU.

    Raises:
        UserError: `k` is below 1 or above the number of training samples.
    """
    within("k", k, 1, len(data.train), remedy="there are no more training samples")
    features = torch.cat([extractor(x).cpu() for x in data.train.chunks()])
    _, places = nearest(extractor(samples).cpu(), features, k)
    found = data.train.take(places.flatten()).cpu().unflatten(0, places.shape)
    return torch.cat([samples.cpu()[:, None], found], 1)


def attributes(data: Data) -> list[str]:
    """What `attribute_direction` takes: attributes, then classes."""
    labels = data.train.labels
    numbers = [] if labels is None else [str(number) for number in labels.unique().tolist()]
    classes = list(data.classes) or numbers
    return [*data.attributes, *classes]


def directed(data: Data, *, count: int = 10_000) -> list[str]:
    """The `attributes` that some of `count` training samples have and some lack."""
    places = data.train.spread(count)
    held = {name: _has(data, name)[places] for name in attributes(data)}
    return [name for name, has in held.items() if bool(has.any()) and not bool(has.all())]


def _has(data: Data, name: str) -> Tensor:
    known = attributes(data)
    if not known:
        raise UserError(f"'{data.name}' has no classes or attributes; give data that have some.")
    one_of("attribute", name, known)
    if name in data.attributes:
        return data.attributes[name][0] > 0
    labels = data.train.labels
    if labels is None:
        raise UserError(f"'{data.name}' has no labels on its training split.")
    number = list(data.classes).index(name) if name in data.classes else int(name)
    return labels == number
