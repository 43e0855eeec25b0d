# %% [markdown]
# # Odd spectra
#
# 1,629 spectra of a fermentation, as they come with the package chemotools. A model that was
# trained on them tells spectra of another kind, at a rate of false alarms that you choose.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from chemotools.datasets import load_fermentation_test

import latentfit as lf
from latentfit.pictures.unusual import unusual

frame = load_fermentation_test()[0].iloc[:, ::8]  # every eighth wavenumber
spectra = np.random.default_rng(0).permutation(frame.to_numpy("float32"))
known, new = spectra[:1_429], spectra[1_429:].copy()
wavenumber = frame.columns.to_numpy("float64")

# %% [markdown]
# Of the 200 new ones we spoil thirty: in ten a band appears that should not be there, in ten the
# baseline is tilted, in ten one pixel of the detector is off.

# %%
rng = np.random.default_rng(1)
deviation = known.std()
kind = np.array(["usual"] * 170 + ["band"] * 10 + ["drift"] * 10 + ["pixel"] * 10)
centre = rng.uniform(900, 1_800, (10, 1))
new[170:180] += 0.15 * deviation * np.exp(-(((wavenumber - centre) / 30) ** 2))
new[180:190] += 0.3 * deviation * np.linspace(-1, 1, len(wavenumber))
new[range(190, 200), rng.integers(0, len(wavenumber), 10)] += deviation

figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
axes.plot(wavenumber, known[::40].T, color="#bbbbbb", linewidth=0.6)
for place in (170, 180, 190):
    axes.plot(wavenumber, new[place], linewidth=1, label=kind[place])
axes.set(xlabel="wavenumber", ylabel="signal")
axes.legend()
plt.show()

# %% [markdown]
# ## Train on what is usual
#
# One mean and deviation for all wavenumbers, so that bands keep their heights.

# %%
data = lf.data.load(known, kind="signals", scale="common")
model = lf.recipe("ae", data, latent=4, width=1 / 8, rate=1e-3, batch=32)
run = lf.train(model, data, rounds=1_500, progress=False)

# %% [markdown]
# ## Judge what is new
#
# A p-value is the chance that a usual spectrum scores as high; alarms at p <= 0.02 are false in one
# of fifty.

# %%
rate = 0.02
detector = lf.scoring.Detector(model, data)
found = detector.judge(data.schema.apply(new))
judged = pd.DataFrame({"error": found.error, "surprise": found.surprise, "p": found.p})
judged["alarm"] = judged["p"] <= rate
unusual(judged, rate)

# %%
told = pd.DataFrame({"kind": kind, "alarm": judged["alarm"]}).groupby("kind", sort=False)["alarm"]
told.agg(spectra="size", alarms="sum")

# %% [markdown]
# ## Where is it odd?
#
# What the model cannot reconstruct is what it has not seen. The spectrum with a band, its
# reconstruction, and their difference:

# %%
with torch.no_grad():
    rebuilt = model.reconstruct(data.schema.apply(new[170:171]))
rebuilt = np.asarray(data.schema.restore(rebuilt)).reshape(-1)
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.6), layout="constrained")
left.plot(wavenumber, new[170], label="spectrum")
left.plot(wavenumber, rebuilt, label="reconstruction")
left.legend()
right.plot(wavenumber, new[170] - rebuilt, color="C3")
right.axvline(centre[0, 0], color="black", linestyle=":", linewidth=0.9)
right.set(ylabel="difference", xlabel="wavenumber; dotted: the band")
plt.show()

# %% [markdown]
# From the shell: [Spectra and signals](../spectra.md). What a p-value rests on, and how well
# held-out classes are told: [Which samples are unusual?](../anomalies.md)
