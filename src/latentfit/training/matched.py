"""A model and data that fit each other, before anything is played."""

from __future__ import annotations

from latentfit.data.base import Data, must_have_shape
from latentfit.data.under import under
from latentfit.models import Learner, Model
from latentfit.schema import plain
from latentfit.settings import PACE


def matched(model: Learner, data: Data) -> Data:
    """The data in the units of a model; one that has none yet takes those of the data.

    Arguments:
        model: What will be trained; its batch size and its average are checked, in place.
        data: What on.

    Raises:
        UserError: They do not fit, or parts of the model do not fit together.
    """
    if isinstance(model, Model):
        if model.schema == plain(model.shape):
            must_have_shape(data, model.shape)
            model.schema = data.schema
        data = under(model.schema, data)
        model.check()
    model.batch, model.average = (PACE[n].check(getattr(model, n)) for n in PACE)
    return data
