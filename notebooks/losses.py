# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/OWNER/REPO/blob/main/notebooks/losses.ipynb)
#
# # The losses under the microscope
#
# Each loss of SPACE-1, -2 and -3 as a formula, as a picture of what it does to the numbers it is given, and with its
# gradient checked against finite differences. Nothing is trained on text here; everything runs in seconds on a CPU.

# %%
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("space_jax") is None:  # moves no package that is installed already
    space_jax_from = "space-jax @ git+https://github.com/OWNER/REPO"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", space_jax_from], check=True)

# %%
import flax
import jax

import space_jax

print("space_jax", space_jax.__version__, "| jax", jax.__version__, "| flax", flax.__version__)
print("Python", sys.version.split()[0], "|", *jax.devices())

# %% [markdown]
# `STEPS` is the number of gradient steps wherever something is optimised. (The project's tests set
# `SPACE_JAX_NOTEBOOK_FAST` and take 5.)

# %%
import os

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jax.test_util import check_grads

from space_jax import losses

# %matplotlib inline

STEPS = 5 if os.environ.get("SPACE_JAX_NOTEBOOK_FAST") else 200


def checked(loss, *arrays):
    """Compares the gradient of the mean loss with finite differences; raises where they differ."""
    check_grads(lambda *x: loss(*x).mean(), arrays, order=1, modes=["rev"], eps=1e-2, atol=1e-2, rtol=1e-2)
    print("the gradient agrees with finite differences")


def drawn(seed, *shape):
    return jax.random.normal(jax.random.key(seed), shape)


# %% [markdown]
# ## Dialog acts, and the gate of SPACE-1
#
# Of a labelled dialogue SPACE-1 predicts the $A$ dialog acts of the answer, several of which may be present:
#
# $$L_{DA} = -\frac1A \sum_a \big[\, y_a \log \sigma(x_a) + (1 - y_a) \log \sigma(-x_a) \,\big]$$
#
# Of an unlabelled one it asks only that two dropout passes $p$ and $q$ agree (R-drop), as far as the model is certain:
#
# $$L_{KL} = g \cdot \tfrac12 \big[ KL(p \,\|\, q) + KL(q \,\|\, p) \big], \qquad
# g = \mathrm{clip}\Big(\frac{E_{max} - E - \log E}{E_{max}}, 0, 1\Big)$$
#
# where $E$ is the entropy of the predicted acts and $E_{max} = \log A$. Because of $-\log E$ the gate is wide open
# long before the entropy is 0.

# %%
ACTS = 20
sharpness = jnp.linspace(0.0, 12.0, 200)
logits = sharpness[:, None] * jax.nn.one_hot(3, ACTS)  # from flat to certain
p = jax.nn.softmax(logits)
entropy = -jnp.sum(p * jnp.log(p), axis=-1)

# Two passes that differ by the same noise, however certain they are.
divergence = losses.symmetric_kl(logits + 0.5 * drawn(0, 1, ACTS), logits + 0.5 * drawn(1, 1, ACTS))
gate = losses.entropy_gate(logits)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
left.plot(entropy, gate, color="#c2410c")
left.axvline(jnp.log(ACTS), color="grey", linestyle=":", label="$E_{max}$")
left.set(xlabel="entropy of the acts", ylabel="gate", title="the gate over the entropy")
left.legend()
right.plot(entropy, divergence, color="#9db4c0", label="divergence of the passes")
right.plot(entropy, gate * divergence, color="#c2410c", label="gate x divergence")
right.set(xlabel="entropy of the acts", title="what is left of the consistency loss")
right.legend()
plt.show()

# %%
acts = (drawn(2, 4, ACTS) > 1).astype(jnp.float32)
checked(lambda x: losses.dialog_act(x, acts), drawn(3, 4, ACTS))
checked(losses.symmetric_kl, drawn(4, 4, ACTS), drawn(5, 4, ACTS))
print("gradient through the gate:", float(jnp.abs(jax.grad(lambda x: losses.entropy_gate(x).sum())(logits)).max()))

# %% [markdown]
# ## Semantic trees
#
# A turn's annotation is a tree domain → intent → slot → value. Ten *views* collect its parts: nodes (`D`, `I`, `S`,
# `V`), edges (`DI`, `IS`, `SV`) and paths (`DIS`, `ISV`, `DISV`). Two turns are as similar as their sets overlap:
#
# $$s^w_{ij} = \frac{|T^w_i \cap T^w_j|}{|T^w_i \cup T^w_j|}, \qquad
# s_{ij} = \frac{\sum_w s^w_{ij}}{\#\{w : T^w_i \cup T^w_j \neq \emptyset\}}$$


# %%
def turn(text, domain, intent, **slots):
    filled = [{"name": name, "values": [{"value": value}] if value else []} for name, value in slots.items()]
    return {"role": "user", "text": text, "frames": [{"domain": domain, "intent": intent, "slots": filled}]}


turns = [
    turn("A cheap hotel in the north, please.", "hotel", "inform", price="cheap", area="north"),
    turn("Something inexpensive to stay up north?", "hotel", "inform", price="cheap", area="north"),
    turn("A dear hotel in the north.", "hotel", "inform", price="expensive", area="north"),
    turn("Which area is the hotel in?", "hotel", "request", area=None),
    turn("A cheap restaurant.", "restaurant", "inform", price="cheap"),
    {"role": "user", "text": "Hello!"},  # without annotation
]
trees = space_jax.semantic_trees(turns)
similarity = losses.combined_similarity(trees)
names = [one["text"] for one in turns]

for view, elements in space_jax.tree_views(turns[0]).items():
    print(f"{view:>5}  {', '.join(elements)}")

# %%
figure, axes = plt.subplots(figsize=(7, 3.8), layout="constrained")
picture = axes.imshow(similarity, cmap="viridis", vmin=0, vmax=1)
for i, j in np.ndindex(similarity.shape):
    axes.text(j, i, f"{similarity[i, j]:.2f}", ha="center", va="center", color="w" if similarity[i, j] < 0.6 else "k")
axes.set_xticks(range(len(names)), range(1, len(names) + 1))
axes.set_yticks(range(len(names)), [f"{n}  {name}" for n, name in enumerate(names, start=1)])
figure.colorbar(picture, label="similarity of the trees")
plt.show()

# %% [markdown]
# SPACE-2 keeps the ten views apart, each with its own subspace. Turns 1 and 3 differ in a value only: everything that
# holds no value is the same.

# %%
VIEWS = list(space_jax.tree_views(turns[0]))
by_view = losses.view_similarities(trees)

figure, axes = plt.subplots(figsize=(8, 2.6), layout="constrained")
for offset, (other, colour) in enumerate(((2, "#c2410c"), (4, "#1d4ed8"))):
    label = f"1 and {other + 1}: {names[other]}"
    axes.bar(np.arange(10) + 0.4 * offset - 0.2, by_view[:, 0, other], 0.4, color=colour, label=label)
axes.set_xticks(range(10), VIEWS)
axes.set(ylabel="similarity", ylim=(0, 1.35))
axes.legend(ncols=2, fontsize=8)
plt.show()

# %% [markdown]
# ## The pull of the contrast
#
# Every turn is encoded twice, with different dropout, to $2B$ vectors of length 1. For anchor $i$:
#
# $$L_i = -\frac{1}{\sum_j w_{ij}} \sum_j w_{ij}
# \log \frac{e^{z_i \cdot z_j / \tau}}{\sum_{k \ne i} e^{z_i \cdot z_k / \tau}}$$
#
# With the identity as $w$ this is SimCSE: the only positive is one's own other view. With the similarity of the trees,
# turns are drawn towards one another by how much they share. The arrows are the negative gradient at points on the
# circle; turns 1 and 2 have the same tree.

# %%
points = jnp.array([20.0, 100.0, 170.0, 250.0, 310.0, 60.0]) * jnp.pi / 180
both = jnp.stack([points, points + 0.12])  # two dropout views of each turn
everyone = jnp.zeros(len(turns), jnp.int32), jnp.ones(len(turns), bool)  # one group, all of them valid


def on_circle(angles):
    return jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=-1)


def contrast(vectors, weights, temperature):
    return losses.weighted_contrast(losses.l2_normalise(vectors), weights, *everyone, temperature).mean()


def draw_pull(axes, weights, temperature, title):
    vectors = on_circle(both)
    pull = -jax.grad(contrast)(vectors, weights, temperature)
    pull = 0.5 * pull / jnp.linalg.norm(pull, axis=-1).max()
    axes.add_patch(plt.Circle((0, 0), 1, fill=False, color="lightgrey"))
    for number in range(len(turns)):
        xy, uv = vectors[:, number], pull[:, number]
        colour = f"C{number}"
        axes.quiver(*xy.T, *uv.T, color=colour, angles="xy", scale_units="xy", scale=1, width=0.012)
        axes.text(*(1.22 * on_circle(points[number] + 0.06)), number + 1, color=colour, ha="center", va="center")
    axes.set(title=title, xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal", xticks=[], yticks=[])


labelled = jnp.array([True] * 5 + [False])
weights = losses.contrast_weights(similarity, labelled)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.9), layout="constrained")
draw_pull(axes[0], jnp.eye(len(turns)), 0.5, "self-supervised, temperature 0.5")
draw_pull(axes[1], weights, 0.5, "weighted by trees, temperature 0.5")
draw_pull(axes[2], weights, 0.07, "weighted by trees, temperature 0.07")
plt.show()

# %%
checked(lambda v: losses.weighted_contrast(losses.l2_normalise(v), weights, *everyone, 0.5), drawn(6, 2, 6, 4))
checked(lambda a, b: losses.policy_distance(a, b), drawn(7, 3, 4), drawn(8, 3, 4))

# %% [markdown]
# ## The ten subspaces of SPACE-2
#
# $$z^w = \frac{u^w}{\lVert u^w \rVert}, \quad u^w = \tanh(v W^w + b^w), \qquad L = \frac{1}{10} \sum_w L^w$$
#
# One vector $v$ of a turn, ten projections, and in each the contrast weighted by that view alone. Below, vectors and
# projections start at random and follow the gradient: afterwards each subspace shows its own view of the turns.

# %%
HIDDEN, WIDTH = 16, 8
view_weights = losses.contrast_weights(by_view, labelled)


def ten_subspaces(parameters, temperature=0.2):
    vectors, kernels, biases = parameters
    noise = 0.05 * drawn(9, 2, *vectors.shape)  # in place of dropout
    return losses.multi_view_contrast(vectors + noise, kernels, biases, view_weights, *everyone, temperature).mean()


@jax.jit
def descended(parameters):
    gradient = jax.grad(ten_subspaces)(parameters)
    return jax.tree.map(lambda x, g: x - 0.5 * g, parameters, gradient)


def cosines(parameters):
    vectors, kernels, biases = parameters
    z = losses.l2_normalise(jnp.tanh(jnp.einsum("bh,whd->wbd", vectors, kernels) + biases[:, None]))
    return z @ z.swapaxes(1, 2)


parameters = start = (drawn(10, len(turns), HIDDEN), 0.3 * drawn(11, 10, HIDDEN, WIDTH), jnp.zeros((10, WIDTH)))
checked(lambda v: ten_subspaces((v, *start[1:]), 1.0), start[0])
for _ in range(STEPS):
    parameters = descended(parameters)
print(f"loss {ten_subspaces(start):.3f} before, {ten_subspaces(parameters):.3f} after {STEPS} steps")

figure, axes = plt.subplots(3, 10, figsize=(12, 4.2), layout="constrained")
for row, (label, pictures) in enumerate(
    (("trees", by_view), ("before", cosines(start)), ("after", cosines(parameters)))
):
    for view in range(10):
        axes[row, view].imshow(pictures[view], cmap="viridis", vmin=0, vmax=1)
        axes[row, view].set(xticks=[], yticks=[], title=VIEWS[view] if row == 0 else "")
    axes[row, 0].set_ylabel(label)
plt.show()

# %% [markdown]
# ## Words, responses, policy
#
# | loss | formula |
# | --- | --- |
# | bag of words | $-\sum_t \log p_{y_t}$, one distribution for all tokens of a turn |
# | masked words, response | $-\sum_t \log p_{t,y_t}$, one distribution per token |
# | response selection | $-\log\sigma(x_{true}) - \log\sigma(-x_{drawn})$ |
# | policy | $\lVert h_{policy} - h_{after} \rVert^2$ |
#
# The losses over tokens return a `Sum`, total and weight, so that they can be added over micro-batches and devices and
# divided once. The gradient of the bag of words is the predicted minus the true share of each word:

# %%
VOCABULARY = ("a", "cheap", "hotel", "in", "north", "pizza", "taxi", "the")
words = jnp.array([[0, 1, 2, 3, 7, 4, -1, -1]])  # "a cheap hotel in the north", padded with -1


def bag(logits):
    return losses.bag_of_words(logits, words, jnp.ones(1)).mean()


gradient = jax.grad(bag)(jnp.zeros((1, len(VOCABULARY))))[0]
margins = jnp.linspace(-6, 6, 100)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
left.bar(VOCABULARY, -gradient, color=["#15803d" if g < 0 else "#c2410c" for g in gradient])
left.axhline(0, color="grey", linewidth=0.8)
left.set(title="bag of words: where the logits are pushed", ylabel="negative gradient")
right.plot(margins, losses.response_selection(margins, jnp.full(100, -2.0)), label="drawn response at -2")
right.plot(margins, losses.response_selection(margins, jnp.full(100, 2.0)), label="drawn response at 2")
right.set(title="response selection", xlabel="logit of the true response", ylabel="loss")
right.legend()
plt.show()

checked(bag, drawn(12, 1, len(VOCABULARY)))
checked(losses.response_selection, drawn(13, 4), drawn(14, 4))

# %% [markdown]
# ## Change a weight and see
#
# The total is a weighted sum, and the weights decide who wins. Here six turns on a plane follow the contrast of their
# trees and, with `policy_weight`, a policy loss that wants each at the place of its answer (grey crosses). Put in
# weights of your own.

# %%
POLICY_WEIGHTS = (0.0, 0.05, 1.0)
answers = 1.5 * on_circle(jnp.linspace(0, 2 * jnp.pi, len(turns), endpoint=False))


def total(vectors, policy_weight):
    noise = 0.05 * drawn(15, 2, *vectors.shape)
    policy = losses.policy_distance(vectors, answers).mean()
    return contrast(vectors + noise, weights, 0.5) + policy_weight * policy


@jax.jit
def moved(vectors, policy_weight):
    return vectors - 0.1 * jax.grad(total)(vectors, policy_weight)


figure, axes = plt.subplots(1, len(POLICY_WEIGHTS), figsize=(11, 3.9), layout="constrained")
for policy_weight, ax in zip(POLICY_WEIGHTS, axes, strict=True):
    track = [1.2 * on_circle(points)]
    for _ in range(STEPS):
        track.append(moved(track[-1], policy_weight))
    track = jnp.stack(track)
    ax.plot(*answers.T, "x", color="grey")
    for number in range(len(turns)):
        ax.plot(*track[:, number].T, color=f"C{number}", linewidth=1)
        ax.plot(*track[-1, number], "o", color=f"C{number}")
        ax.annotate(str(number + 1), track[-1, number], xytext=(5, 5), textcoords="offset points")
    ax.set(title=f"policy_weight {policy_weight}", xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), aspect="equal")
plt.show()

# %% [markdown]
# `help(space_jax.losses)` lists them all with their sources. In a run, the weights are fields of the recipe, for
# example `space_jax.load_config("space3", {"recipe.policy_weight": 0.5})`.
