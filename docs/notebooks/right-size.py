# %% [markdown]
# # The right size of own images
#
# An auto-encoder needs as many latent dimensions as its images have ways to differ: with fewer it
# blurs them, with more its prior no longer fits the codes. Here are 1,797 handwritten digits of
# 8x8 pixels as an array; a folder of your own is `lf.data.load("photos/", size="64")`.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits

import latentfit as lf
from latentfit.pictures import sheets, sizes

images = (load_digits().images * (255 / 16)).astype("uint8")  # (1797, 8, 8)
data = lf.data.arrays(images, name="digits")
data.shape, len(data.train), len(data.test)

# %% [markdown]
# ## Ask
#
# The answer is one number and an interval that is to hold the truth in 95 of 100 cases. A budget of
# a minute leaves evidence out that takes longer; the answer says so.

# %%
answer = lf.size(data, budget=1)
print(answer.latent, answer.interval, answer.sure)
print(*answer.why, sep="\n")

# %%
sizes.sizing(answer.evidence, answer.latent, answer.interval)

# %% [markdown]
# ## Look
#
# Three auto-encoders, of one dimension in four of those, of as many, and of four times as many. Of
# test images, above, each row below is what one of them makes.

# %%
tried = [max(1, answer.latent // 4), answer.latent, min(64, 4 * answer.latent)]
models = {}
for latent in tried:
    models[latent] = lf.recipe("ae-gmm", data, latent=latent, width=1 / 16, rate=2e-3)
    lf.train(models[latent], data, rounds=800, progress=False)

shown = data.test.first(16)
rows = [shown, *(model.reconstruct(shown) for model in models.values())]
sheets.rows_grid(
    torch.stack([row.detach().cpu() for row in rows]),
    names=["images", *(f"m = {latent}" for latent in tried)],
)

# %% [markdown]
# More dimensions always reconstruct better. What they cost shows where the model is sampled, and in
# how far the error falls beyond the answer:

# %%
scores = {m: lf.evaluate(model, data, groups=["fd"]) for m, model in models.items()}
error = [scores[m]["mse"] for m in tried]
distance = [scores[m]["fd_lenet"] for m in tried]
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.6), layout="constrained")
left.plot(tried, error, "o-")
left.set(xlabel="latent dimensions", ylabel="squared error of test images")
right.plot(tried, distance, "o-", color="C1")
right.set(xlabel="latent dimensions", ylabel="Fréchet distance of samples")
plt.show()

# %% [markdown]
# How the number is found, and how far to trust it: [The right latent size](../size.md).
