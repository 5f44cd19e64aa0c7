"""The corpora by name: description, licence and loader of each."""

import dataclasses
import difflib
from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora import (
    babi,
    banking77,
    camrest676,
    clinc150,
    dailydialog,
    dstc8_span,
    hwu64,
    jsonl,
    kvret,
    multidogo,
    multiwoz20_single,
    multiwoz21,
    nlupp,
    restaurant8k,
    sgd,
    sim_dialogue,
    sql_conversations,
    star,
    taskmaster3_part,
    taskmaster4,
    topv2,
    woz2,
)
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.splits import SPLITS
from space_jax.corpora.utterances import choice
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError

SIMULATED = "simulated"
SEED_STRIDE = 2**32
"""Distance between the seeds of the simulated splits, above any seed that is given by hand."""


def corpus(name: str) -> Corpus:
    """The corpus of that name.

    Raises:
      UserError: there is none; the message names the nearest.
    """
    if name not in CORPORA:
        near = difflib.get_close_matches(name.lower(), CORPORA, n=3) or list(CORPORA)
        raise UserError(f"corpus {name!r} is not known; expected one of {', '.join(near)}")
    return CORPORA[name]


def simulated_count(split: str, dialogues: int, seed: int, start: int, domains: str) -> int:
    """How many dialogues a split of the simulated corpus has with these options."""
    return max(0, (dialogues if split == "train" else max(1, dialogues // 10)) - start)


def _simulated(
    source: Path | None, split: str, dialogues: int, seed: int, start: int, domains: str
) -> Iterator[Dialogue]:
    """Train is dialogues 0, 1, ... of `seed`; the other splits have other seeds, which no train split can reach.

    `start` skips those before it, which need not be made. `domains`, "all" or some joined by commas, is what users ask
    about.
    """
    count = simulated_count(split, dialogues, seed, start, domains)
    if dialogues < 1:
        raise UserError(f"corpus simulated: option dialogues is {dialogues}; expected at least 1")
    if not 0 <= seed < SEED_STRIDE:
        raise UserError(f"corpus simulated: option seed is {seed}; expected 0 to {SEED_STRIDE - 1}")
    from space_jax.corpora.simulated import (
        DOMAINS,
        simulate,
    )  # here, so that a corpus of files does not build the world

    about = choice(domains, tuple(DOMAINS), "domains")
    world = simulate(seed + SPLITS.index(split) * SEED_STRIDE, count, start, domains=about)
    return (dataclasses.replace(dialogue, id=f"{split}-{dialogue.id}") for dialogue in world)


CORPORA: dict[str, Corpus] = {
    entry.name: entry
    for entry in (
        Corpus(
            name=SIMULATED,
            description="dialogues of a simulated user and system, fully annotated, made on the fly",
            licence="none of its own: this program makes it",
            citation="space_jax.corpora.simulated",
            needs_source=False,
            options={"dialogues": 1000, "seed": 0, "start": 0, "domains": "all"},
            read=_simulated,
        ),
        sgd.CORPUS,
        multiwoz21.CORPUS,
        multiwoz20_single.CORPUS,
        camrest676.CORPUS,
        kvret.CORPUS,
        woz2.CORPUS,
        sim_dialogue.SIM_M,
        sim_dialogue.SIM_R,
        star.CORPUS,
        multidogo.CORPUS,
        babi.BABI5,
        babi.BABI6,
        banking77.CORPUS,
        clinc150.CORPUS,
        hwu64.CORPUS,
        restaurant8k.CORPUS,
        dstc8_span.CORPUS,
        nlupp.CORPUS,
        topv2.CORPUS,
        dailydialog.CORPUS,
        taskmaster4.CORPUS,
        taskmaster3_part.CORPUS,
        sql_conversations.SPARC,
        sql_conversations.COSQL,
        jsonl.CORPUS,
    )
}
