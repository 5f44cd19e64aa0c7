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
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/OWNER/REPO/blob/main/notebooks/own_data.ipynb)
#
# # From your own CSV and chat logs to a classifier
#
# You have a CSV of labelled sentences and a folder of chat logs without any annotation. The logs pre-train a small
# SPACE-3, the CSV fine-tunes it to a classifier of intents, and a map shows what each step does to the sentences.
# Replace the two cells that write the files by your own.

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
# `STEPS` is the number of pre-training steps; the classifier sees the CSV `STEPS / 5` times. All of it takes about
# two minutes on two CPU cores. (The project's tests set `SPACE_JAX_NOTEBOOK_FAST` and take 5.)

# %%
import csv
import json
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

# %matplotlib inline

STEPS = 5 if os.environ.get("SPACE_JAX_NOTEBOOK_FAST") else 200
HERE = Path("runs/own_data")
(HERE / "logs").mkdir(parents=True, exist_ok=True)
(HERE / "dialogues").mkdir(exist_ok=True)

# %% [markdown]
# ## The labelled sentences
#
# Questions to a city library: 8 intents with 12 sentences each, of which every third is held out.

# %%
SENTENCES = {
    "renew": """
        I'd like to renew my loan. | Can I keep this book for two more weeks? | Please extend my loans. | How do
        I renew online? | My books are due tomorrow, can I have them longer? | Renew everything on my card,
        please. | Is it possible to extend the novel once more? | I need more time with the atlas. | Could you
        prolong my loan? | I'm not finished with the book, may I keep it? | Extend the DVD by a week. | The loan
        ends today, please renew it.""",
    "reserve": """
        Can I reserve a book that is out? | Please put the new thriller aside for me. | I want to place a hold.
        | Hold the cookbook for me until Friday. | Add me to the waiting list for that title. | Reserve the
        guide to Norway. | How do I request a book from another branch? | I'd like to be next in line for the
        comic. | Keep a copy at the desk for me, please. | Could you set the audiobook aside? | Place a hold on
        the dictionary. | Tell me when the book is back, I want it.""",
    "hours": """
        When do you open? | Are you open on Sunday? | What time does the library close today? | Is the reading
        room open late? | Opening hours of the branch in the north? | Do you open on public holidays? | How long
        are you open on Saturday? | Until when can I come this evening? | Are you closed at Christmas? | What
        are your hours in summer? | Does the children's floor open before ten? | When does the café close?""",
    "lost_card": """
        I lost my library card. | My card was stolen. | I can't find my card anywhere. | How do I get a new
        card? | Please block my card, it is gone. | The card broke in two. | I need a replacement card. | What
        does a new card cost? | My wallet is gone and the library card with it. | My card no longer scans. |
        Someone else has my card, please lock it. | I left my card on the bus.""",
    "fine": """
        How much do I owe? | I want to pay my fine. | Why was I charged three euros? | Can I pay late fees
        online? | The fine is wrong, I returned it in time. | Do you take cards for fees? | My account shows a
        fee, what for? | Is there a fee for late returns? | I'd like to settle my charges. | Please cancel this
        fine. | How high is the penalty per day? | What happens if I don't pay the fee?""",
    "room": """
        Can I book a study room? | We need a room for six people. | Is the group room free at three? | Reserve
        the seminar room for Monday. | How long may we use a study room? | I'd like to cancel my room. | Does
        the room have a projector? | Book the quiet room from two to four. | Are there rooms for rehearsals? |
        Our club needs a meeting room. | Is there a room with a whiteboard? | Which rooms are free tomorrow?""",
    "ebook": """
        The e-book does not open. | How do I borrow e-books? | The app asks for a licence. | I can't download
        the audiobook. | Does it work on my e-reader? | The file has expired on my tablet. | Which app do I need
        for e-books? | My e-reader shows an error. | How many e-books may I borrow at a time? | Can I return an
        e-book early? | The download stops halfway. | Sign-in to the e-book app fails.""",
    "suggest": """
        Could you buy the new biography? | I'd like to suggest a title. | Please order more crime fiction. | You
        don't have this series, can you get it? | How do I propose a purchase? | It would be nice to have manga.
        | Can the library acquire this journal? | I recommend buying the second volume. | More books in Polish,
        please. | You should stock this game. | Would you order a newer travel guide? | I miss books on chess in
        your shelves.""",
}
rows = [(" ".join(text.split()), label) for label, texts in SENTENCES.items() for text in texts.split("|")]
for split in ("train", "validation"):
    with (HERE / f"{split}.csv").open("w", newline="", encoding="utf-8") as file:
        held_out = [number % 3 == 2 for number in range(len(rows))]
        chosen = [row for row, held in zip(rows, held_out, strict=True) if held == (split == "validation")]
        csv.writer(file).writerows([("text", "label"), *chosen])
print(len(rows), "sentences;", (HERE / "train.csv").read_text(encoding="utf-8").splitlines()[:3])

# %% [markdown]
# ## The chat logs
#
# One file a conversation, one line a turn, `U:` for the user and `L:` for the library. Real logs come in any format;
# all that matters is the loop after it, which turns them into [JSONL](../docs/data_format.md).

# %%
LOGS = """
U: Hello, my books are due tomorrow.
L: Shall I renew them?
U: Yes please, all three.
L: Done, they are due on the 4th.
U: Thanks!

U: Can I extend the atlas?
L: Someone has reserved it, so it cannot be renewed.
U: When must I bring it back?
L: By Friday.

U: I want to keep the novel longer.
L: I have renewed it for two weeks.
U: Great, bye.

U: Is the new thriller in?
L: It is on loan until the 9th.
U: Then put me on the waiting list.
L: You are second in line.

U: Please hold the cookbook for me.
L: At which branch?
U: At the one in the north.
L: It will wait there for a week.

U: How do I get a book from another branch?
L: Place a hold and choose where to collect it.
U: I see, thank you.

U: Are you open on Sunday?
L: Only the reading room, from ten to four.
U: And on Saturday?
L: Everything is open from ten to six.

U: When do you close today?
L: At eight in the evening.
U: Is the café open that long?
L: The café closes at six.

U: Do you open on public holidays?
L: No, we are closed.
U: All right.

U: I lost my library card.
L: I have blocked it. Do you need a new one?
U: Yes. What does it cost?
L: A replacement card costs five euros.

U: My card no longer scans.
L: Bring it to the desk, a new one is free if it is worn.
U: Good, I will come tomorrow.

U: My wallet was stolen with the card in it.
L: I am sorry. The card is locked now.
U: Thank you for the quick help.

U: Why do I owe three euros?
L: The DVD was returned six days late.
U: Can I pay online?
L: Yes, in your account under fees.

U: The fine is wrong, I brought the book back in time.
L: I see it was on the shelf. The fee is cancelled.
U: Thanks.

U: How high is the fee for late returns?
L: Fifty cents per day and item.
U: And if I don't pay?
L: Above ten euros the card is locked.

U: We need a room for six people.
L: The group room is free at three.
U: Book it until five, please.
L: It is yours from three to five.

U: Is there a study room with a projector?
L: The seminar room has one.
U: Is it free on Monday?
L: In the morning, yes.
U: I'll take it.

U: The e-book does not open.
L: Which app do you use?
U: The old one.
L: It needs the new app, then sign in again.
U: Now it works.

U: I can't download the audiobook to my tablet.
L: Your licence has expired, borrow it again.
U: Done, thank you.

U: Could you buy the second volume of the series?
L: I have passed on your suggestion.
U: And more crime fiction in Polish?
L: I will note it.
"""
for number, text in enumerate(LOGS.strip().split("\n\n"), start=1):
    (HERE / "logs" / f"chat_{number:02}.txt").write_text(text + "\n", encoding="utf-8")

SPEAKERS = {"U": "user", "L": "system"}
dialogues = []
for path in sorted((HERE / "logs").glob("*.txt")):
    said = [line.split(": ", 1) for line in path.read_text(encoding="utf-8").splitlines()]
    dialogues.append({"id": path.stem, "turns": [{"role": SPEAKERS[who], "text": text} for who, text in said]})
for split, chosen in (("train", dialogues[:-3]), ("validation", dialogues[-3:])):
    lines = [json.dumps(dialogue) for dialogue in chosen]
    (HERE / "dialogues" / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

# %% [markdown]
# ## Pre-training on the logs
#
# No log is annotated, so only the self-supervised losses apply (`labelled_share` 0): masked words, the response, the
# bag of words, and the contrast of two dropout views of the same turn. The tokenizer knows the words of the logs and
# spells others in pieces.
#
# Twenty logs are a toy. **With data of your own, start from weights that know English**: install
# `space-jax[minilm]`, give `tokenizer="minilm"` and `init="minilm"`, and use the configuration `space3_sgd`
# ([pre-training](../docs/pretraining.md)).

# %%
source = HERE / "dialogues"
space_jax.train_tokenizer("jsonl", HERE / "tokenizer", vocab_size=500, source=source)
space_jax.build_corpus("jsonl", HERE / "corpus", HERE / "tokenizer", source=source, max_turns=3, overwrite=True)

config = space_jax.load_config(
    "quickstart",
    {
        "data.prepared": f"{HERE}/corpus",
        "data.labelled_share": 0,
        "data.batch_size": 16,
        "data.eval_examples": 8,
        "optimiser.learning_rate": 1e-3,
        "train.steps": STEPS,
        "train.log_every": max(1, STEPS // 20),
        "train.eval_every": STEPS,
        "train.checkpoint_every": STEPS,
    },
)
result = space_jax.pretrain(config, HERE / "pretrained")
before = space_jax.load(HERE / "pretrained").embed([text for text, _ in rows])
before.shape

# %% [markdown]
# ## Fine-tuning on the CSV

# %%
config = space_jax.load_config(
    "finetune/intent_csv",
    {
        "data.train": f"{HERE}/train.csv",
        "data.validation": f"{HERE}/validation.csv",
        "optimiser.learning_rate": 2e-3,
        "train.batch_size": 16,
        "train.epochs": max(1, STEPS // 5),
        "train.eval_every": max(1, STEPS // 20),
        "train.patience": 0,
    },
)
results = space_jax.finetune(config, HERE / "classifier", init=str(HERE / "pretrained"))
results

# %%
classifier = space_jax.load(HERE / "classifier")
after = classifier.embed([text for text, _ in rows])
questions = [
    "Could I have the book a bit longer?",
    "Till what time are you open?",
    "The app says my licence is invalid.",
]
for question, one in zip(questions, classifier.predict(questions), strict=True):
    print(f"{one['label']:<10} {question}")

# %% [markdown]
# ## The map
#
# Two directions of the vectors, those in which they vary most. Dots are sentences of the CSV's train split, crosses are
# held out.

# %%
intents = list(SENTENCES)
colours = np.array([intents.index(label) for _, label in rows])


def flat(vectors):
    """The first two principal components."""
    centred = vectors - vectors.mean(axis=0)
    return centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T


figure, panels = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
for axes, vectors, title in ((panels[0], before, "pre-trained"), (panels[1], after, "fine-tuned")):
    points = flat(vectors)
    for index, intent in enumerate(intents):
        ours = colours == index
        held = np.array(held_out)
        axes.scatter(*points[ours & ~held].T, color=f"C{index}", s=28, label=intent)
        axes.scatter(*points[ours & held].T, color=f"C{index}", s=42, marker="x")
    axes.set(title=title, xticks=[], yticks=[])
figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
plt.show()

# %% [markdown]
# How often is the nearest other sentence one of the same intent, over the held-out ones?

# %%
held = np.flatnonzero(held_out)
for title, vectors in (("pre-trained", before), ("fine-tuned", after)):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = unit @ unit.T - 2 * np.eye(len(unit))
    print(f"{title:<12}{np.mean(colours[cosine[held].argmax(axis=1)] == colours[held]):.2f}")

# %% [markdown]
# On the command line the same classifier answers `space-jax predict --workdir runs/own_data/classifier --input FILE`;
# [fine-tuning](../docs/finetuning.md) has few-shot subsets, several seeds and the other tasks.
