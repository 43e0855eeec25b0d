# %% [markdown]
# # A synthetic table
#
# 442 patients with numbers, texts and missing cells become rows of nobody, in the same columns. The
# table is scikit-learn's, with its codes made into words; a file of your own is
# `lf.data.load("people.csv")`.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

import latentfit as lf
from latentfit.pictures import tables

table = load_diabetes(as_frame=True, scaled=False).frame
table = table.rename(columns={"bp": "pressure", "s1": "cholesterol", "s6": "glucose"})
table = table[["age", "sex", "bmi", "pressure", "cholesterol", "glucose", "target"]]
table["sex"] = table["sex"].map({1.0: "first", 2.0: "second"})
table["weight"] = np.select([table["bmi"] < 25, table["bmi"] < 30], ["normal", "over"], "obese")
table.loc[::15, "pressure"] = np.nan  # some were not measured
table.head()

# %% [markdown]
# ## Train
#
# Columns are told by what they hold: numbers with their decimals and range, choices, missing cells.

# %%
data = lf.data.load(table)
model = lf.recipe("sigma-vae", data, latent=6, rate=1e-3)
run = lf.train(model, data, rounds=1_500, progress=False)

# %%
made = data.schema.restore(model.sample(442, seed=0))
made.head()

# %% [markdown]
# ## Look
#
# Each column by itself, then the correlations of all pairs.

# %%
words = ["sex", "weight"]
tables.marginals(table, made, words)

# %%
tables.correlations(table, made, words)

# %% [markdown]
# A rule that holds in the file need not hold in the rows: `weight` follows from `bmi` there. How
# often is it kept?

# %%
told = np.select([made["bmi"] < 25, made["bmi"] < 30], ["normal", "over"], "obese")
kept = (told == made["weight"].to_numpy()).mean()
chance = pd.Series(told).sample(frac=1, random_state=0).to_numpy() == made["weight"].to_numpy()
print(f"kept in {kept:.0%} of the rows, by chance in {chance.mean():.0%}")

# %% [markdown]
# ## Measure
#
# Beside each score stands what two samples of the real table differ by, its floor. `copies` is the
# share of rows that lie nearer to a training row than to any other by far.

# %%
scores = lf.evaluate(model, data)
rows = ["columns", "pairs", "correlations", "two_sample", "copies", "membership"]
pd.DataFrame(
    {"score": [scores[row] for row in rows], "floor": [scores.get(f"{row}_floor") for row in rows]},
    index=rows,
).round(3)

# %%
figure, axes = plt.subplots(figsize=(4.2, 3), layout="constrained")
for name, rows in (("file", table), ("made", made)):
    axes.plot(rows["bmi"], rows["pressure"], ".", markersize=4, label=name)
axes.set(xlabel="bmi", ylabel="pressure")
axes.legend()
plt.show()

# %% [markdown]
# From the shell, and what a row may tell of a person: [A synthetic table](../synthetic-table.md).
