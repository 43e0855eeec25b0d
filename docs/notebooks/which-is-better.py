# %% [markdown]
# # Which system is better?
#
# A plain auto-encoder with a mixture fitted to its codes, the same with a penalty on its weights,
# or a variational one with a fixed prior: which generates better? One training of each says little,
# as a second one would differ; so each is trained with several seeds, under equal conditions, and
# differences have intervals.

# %%
# %matplotlib inline
import torch

import latentfit as lf
from latentfit.pictures import comparison, sheets

data = lf.data.load("digits")
settings = {"width": 1 / 16, "rate": 2e-3}  # small networks, and a rate for a short training
frame = lf.compare(
    ["ae-gmm", "rae-l2", "sigma-vae"],
    data,
    latent=8,
    seeds=4,
    rounds=600,
    settings=settings,
    folder="which-is-better",
)
print("\n".join(frame.attrs["conditions"]))

# %% [markdown]
# ## The table
#
# A row for each training; here the means over seeds of the distance of samples, of the error of
# reconstructions, and of the seconds.

# %%
columns = ["fd_lenet", "mse", "train_seconds"]
frame.groupby("entry", sort=False)[columns].agg(["mean", "std"]).round(4)

# %% [markdown]
# ## Which differences are real?
#
# Each is paired over seeds. `low` and `high` bound it in 95 of 100 cases; `real` says whether it
# stays so after a correction for all pairs and scores that were asked for, and `better` names the
# better one.

# %%
pairs = lf.comparing.differences(frame, ["fd_lenet", "mse"])
pairs[["score", "first", "second", "difference", "low", "high", "corrected", "real", "better"]]

# %% [markdown]
# ## Ranks
#
# A system stands at its mean; the bar reaches over all ranks that the real differences leave open.
# Where bars overlap the order is not known, whatever the means say: play more seeds, or say so.

# %%
order = lf.comparing.ranks(frame, "fd_lenet", pairs=pairs)
rows = [(row.entry, row.rank, row.low, row.high) for row in order.itertuples()]
comparison.ranked(rows, "the Fréchet distance of samples")

# %% [markdown]
# ## Reconstruction against generation
#
# What is best in one need not be in the other. Those that none is better than in both are joined.

# %%
both = frame.groupby("entry", sort=False)[["mse", "fd_lenet"]].agg(["mean", "std"])
points = {
    entry: tuple((row[score, "mean"], row[score, "std"]) for score in ("mse", "fd_lenet"))
    for entry, row in both.iterrows()
}
front = lf.comparing.front(frame, ("mse", "fd_lenet"))
comparison.trade_off(points, front, ("squared error", "Fréchet distance"))

# %% [markdown]
# ## What it looks like
#
# Samples of one training of each, unselected.

# %%
models = {row.entry: lf.load(row.run) for row in frame.itertuples() if row.seed == 0}
sheets.rows_grid(
    torch.stack([model.sample(16, seed=0) for model in models.values()]).cpu(), names=list(models)
)

# %% [markdown]
# This was a short training of small networks on one small set: it says which was better there, no
# more. Longer, with rates that suit each: [Compare systems](../compare.md).
