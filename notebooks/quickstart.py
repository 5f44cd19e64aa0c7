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
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/OWNER/REPO/blob/main/notebooks/quickstart.ipynb)
#
# # From nothing to an agent that books a table
#
# SPACE-3 is pre-trained on dialogues of a simulated world, half of whose annotation is hidden, and fine-tuned to an
# agent you can talk to. Everything runs on two CPU cores, faster on a GPU or a TPU.

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
# `STEPS` sets the length of everything below. 80 steps of pre-training and the fine-tuning after it are what
# `make quickstart` does, minutes on two CPU cores. (The project's tests set `SPACE_JAX_NOTEBOOK_FAST` and take 4.)

# %%
import os

STEPS = 4 if os.environ.get("SPACE_JAX_NOTEBOOK_FAST") else 80
RUNS = "runs/notebook"

# %% [markdown]
# ## Data
#
# The simulated world has restaurants, hotels, taxis and their databases, users with goals, and a hand-written policy
# that serves them. This is one of its dialogues, with the frames and dialog acts that annotate it.

# %%
show = [sys.executable, "-m", "space_jax", "data", "show", "simulated", "--dialogues", "20", "--n", "1"]
shown = subprocess.run(show, capture_output=True, text=True, check=True).stdout
print("\n".join(shown.splitlines()[:32]), "\n...")

# %% [markdown]
# Here its users ask about restaurants alone, so that minutes suffice. A tokenizer is trained on the words, and the
# dialogues are tokenised once. `labelled_share=0.5` hides the annotation of every second dialogue: the semi-supervised
# losses are made for such a mixture.

# %%
import matplotlib.pyplot as plt
import numpy as np

# %matplotlib inline

world, vocab_size = ({"dialogues": 2000}, 2000) if STEPS >= 80 else ({"dialogues": 100}, 800)
world["domains"] = "restaurant"
# With the source's names, which the agent will write.
space_jax.train_tokenizer(
    "simulated", f"{RUNS}/tokenizer", vocab_size=vocab_size, kind="bpe", options=world, names="source"
)
built = space_jax.build_corpus(
    "simulated",
    f"{RUNS}/corpus",
    f"{RUNS}/tokenizer",
    options=world,
    labelled_share=0.5,
    max_turns=2,
    max_turn_tokens=40,
    overwrite=True,
)
for split, counts in built.items():
    print(f"{split:<28}{counts.dialogues:>6} dialogues {counts.examples:>7} examples {counts.tokens:>9} tokens")

# %% [markdown]
# ## Pre-training
#
# A configuration is a tree of frozen dataclasses; any field can be changed by its dotted name. Interrupting the cell
# saves the run, and running the cell again continues it.

# %%
config = space_jax.load_config(
    "quickstart",
    {
        "data.prepared": f"{RUNS}/corpus",
        "data.eval_examples": min(256, 8 * STEPS),
        "train.steps": STEPS,
        "train.log_every": max(1, STEPS // 20),
        "train.eval_every": STEPS // 2,
        "train.checkpoint_every": STEPS // 2,
    },
)
result = space_jax.pretrain(config, f"{RUNS}/pretrained")
result.step, result.stopped

# %% [markdown]
# Each panel is one loss or one held-out measure. The losses, each on annotated and on plain dialogues: the contrast of
# semantic trees, the masked words, the policy, the response, and the bag of words of a turn. Below them the measures:
# is the nearest neighbour of a held-out turn one of the same intent, domain or tree?

# %%
space_jax.curves(f"{RUNS}/pretrained")

# %% [markdown]
# What do its vectors know? Turns that ask for the same thing should be similar, whatever their words.

# %%
turns = [
    "I need a cheap restaurant in the north.",
    "Is there an inexpensive place to eat up north?",
    "Book a table for four at 18:30, please.",
    "Could you reserve a table for two people?",
    "What is their phone number?",
    "Thank you, goodbye.",
]
vectors = space_jax.load(f"{RUNS}/pretrained").embed(turns)
vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

figure, axes = plt.subplots(figsize=(8, 3.4), layout="constrained")
picture = axes.imshow(vectors @ vectors.T, cmap="viridis")
axes.set_xticks(range(len(turns)), range(1, len(turns) + 1))
axes.set_yticks(range(len(turns)), [f"{number}  {turn}" for number, turn in enumerate(turns, start=1)])
figure.colorbar(picture, label="cosine")
plt.show()

# %% [markdown]
# ## Fine-tuning to an agent
#
# The agent writes, turn by turn: the belief state, then (with what the database found) its dialog acts, then the
# response. Its weights start from the run above.

# %%
agent_config = space_jax.load_config(
    "finetune/simulated_agent:quick",
    {} if STEPS >= 80 else {"data.options": "dialogues=8,domains=restaurant", "train.keep_by": "last"},
)
results = space_jax.finetune(agent_config, f"{RUNS}/agent", init=f"{RUNS}/pretrained")
results

# %% [markdown]
# ## A talk
#
# A conversation is a value: each reply holds the conversation so far. Change the words and run the cell again.

# %%
agent = space_jax.load(f"{RUNS}/agent")
conversation = None
for words in ("Hi, I need a cheap restaurant in the centre.", "Any food is fine.", "Great, book it for 2 at 19:00."):
    reply = agent.reply(words, conversation)
    conversation = reply.conversation
    print(f"user   {words}\nagent  {reply.text}\nstate  {reply.state}\n")

# %% [markdown]
# ## Where to go on
#
# - `losses.ipynb`: the losses under the microscope
# - `own_data.ipynb`: from your own CSV and chat logs to a classifier
# - `tpu.ipynb`: several devices, pods, buckets
# - on the command line: `space-jax chat --workdir runs/notebook/agent`, `space-jax play` for 200 simulated users
