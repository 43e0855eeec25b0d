"""Which settings of a system are searched, and between which ends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from latentfit.checks import Range, Rate, UserError, Weight, one_of
from latentfit.comparing.conditions import own
from latentfit.data.base import Data
from latentfit.recipes import RECIPES
from latentfit.recipes.base import LATENTS
from latentfit.settings import Setting

if TYPE_CHECKING:
    import optuna

TIMES = 10.0  # to each side of a setting's default


@dataclass(frozen=True)
class Dimension:
    """A setting that is searched.

    Attributes:
        setting: It.
        low: Lowest value.
        high: Highest value; between them on a logarithmic scale.
        choices: Values in place of a range.
    """

    setting: Setting
    low: float = 0.0
    high: float = 0.0
    choices: tuple[Any, ...] = ()

    def ask(self, trial: optuna.Trial) -> Any:
        """A value, as the sampler proposes it, to three digits."""
        name = self.setting.name
        if self.choices:
            return trial.suggest_categorical(name, list(self.choices))
        if self.setting.kind is int:
            return trial.suggest_int(name, int(self.low), int(self.high), log=True)
        return float(f"{trial.suggest_float(name, self.low, self.high, log=True):.3g}")

    def told(self) -> str:
        """In words."""
        if self.choices:
            return f"{self.setting.name} of {', '.join(map(str, self.choices))}"
        return f"{self.setting.name} {self.low:g} to {self.high:g}"


def space(
    name: str, data: Data, over: Sequence[str] | None, given: Mapping[str, Any]
) -> list[Dimension]:
    """What is searched of a system.

    Arguments:
        name: Of the recipe.
        data: What is trained on: a system's own numbers may be those of such data.
        over: Settings as `name`, `name=low:high` or `name=one,two`; where not given all learning
            rates and all weights of terms that have a number, a tenth to ten times of it.
        given: Settings that are fixed.

    Raises:
        UserError: A setting is unknown or given, an end is out of its range, or nothing is left.

    Example:
        >>> from latentfit.data import load
        >>> digits = load("digits")
        >>> [dimension.told() for dimension in space("flexae", digits, None, {})]
        ['rate 1e-05 to 0.001', 'penalty 1 to 100']
        >>> over = ["width=0.1:1", "batch=64,128"]
        >>> [dimension.told() for dimension in space("flexae", digits, over, {})]
        ['width 0.1 to 1', 'batch of 64, 128']
    """
    recipe = RECIPES[one_of("recipe", name, RECIPES)]
    known = {**recipe.settings(), "latent": LATENTS}
    usual = {one: value for one, value in own(name, data, given).items() if _multiplies(value)}
    if over is None:
        ranges = [get_args(kind)[1] for kind in (Rate, Weight)]
        wanted = [one for one in usual if known[one].range in ranges and one not in given]
        found = [_around(name, known[one], usual) for one in wanted]
    else:
        found = [_dimension(name, text, known, usual) for text in over]
    for dimension in found:
        if dimension.setting.name in given:
            raise UserError(f"'{dimension.setting.name}' is given and searched; leave one out.")
    if not found:
        raise UserError(f"{name} has no rate or weight left to search; name settings by --over.")
    return found


def _multiplies(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _around(name: str, setting: Setting, usual: Mapping[str, float]) -> Dimension:
    if setting.name not in usual:
        raise UserError(
            f"'{setting.name}' of {name} has no number of its own to search around; give its ends, "
            f"--over {setting.name}=LOW:HIGH."
        )
    limits, middle = setting.range or Range(-math.inf), usual[setting.name]
    low, high = max(middle / TIMES, limits.low), min(middle * TIMES, limits.high)
    return Dimension(setting, float(f"{low:.3g}"), float(f"{high:.3g}"))


def _dimension(
    owner: str, text: str, known: Mapping[str, Setting], usual: Mapping[str, float]
) -> Dimension:
    name, equals, ends = text.partition("=")
    setting = known[one_of(f"setting of {owner}", name, known)]
    if not equals:
        if setting.choices:
            return Dimension(setting, choices=setting.choices)
        return _around(owner, setting, usual)
    if ":" not in ends:
        return Dimension(setting, choices=tuple(setting.read(one) for one in ends.split(",")))
    low, high = (setting.read(end) for end in ends.split(":", 1))
    if not (_multiplies(low) and _multiplies(high) and low < high):
        raise UserError(f"'{name}' is searched between two numbers above 0, got '{ends}'.")
    return Dimension(setting, low, high)
