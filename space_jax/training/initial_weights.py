"""Reads initial weights: from a run, converted weights, a Hugging Face folder on disk, or MiniLM."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from space_jax.config_files import CONFIG_FILE, read_model_config
from space_jax.convert.bert import CONFIG, from_bert
from space_jax.convert.minilm import MINILM, named_folder
from space_jax.convert.state_files import HUGGING_FACE, SAFETENSORS
from space_jax.convert.weights_folder import DESCRIPTION, read_weights_folder
from space_jax.errors import UserError
from space_jax.features.special_tokens import CLS, SEP
from space_jax.features.tokenizer import Tokenizer, load_tokenizer
from space_jax.features.wordpiece_tokenizer import WordPieceTokenizer
from space_jax.models.modules import plugged, within
from space_jax.models.weights import VOCABULARY_AXIS, Weights, require_finite, without_vocabulary_padding
from space_jax.training.checkpoint import find_checkpoints, read_arrays, read_notes
from space_jax.training.facts import require_as_trained
from space_jax.training.workdir import CHECKPOINTS, TOKENIZER

TOKEN, TURN = "backbone/embedding/token", "backbone/embedding/turn"


def read_weights(name: str) -> Weights:
    """Reads the weights named by `--init`.

    Args:
      name: "minilm", or a folder: a run's workdir, the output of `space-jax convert`, or in the layout of Hugging Face.

    Raises:
      UserError: the folder is missing, damaged or of another kind; MiniLM is not installed.
    """
    folder = named_folder(name)
    if (folder / DESCRIPTION).is_file():
        return read_weights_folder(folder)
    if (folder / CHECKPOINTS).is_dir():
        return _read_run(folder)
    if any((folder / file).is_file() for file in HUGGING_FACE):
        weights = from_bert(folder)
        return dataclasses.replace(weights, source=name) if name == MINILM else weights
    raise UserError(
        f"{folder}: not a folder of weights: expected the workdir of a run, the output of 'space-jax convert', or a "
        f"model in the layout of Hugging Face ({CONFIG} and {SAFETENSORS})"
    )


def require_init(init: str | None, grafts: Sequence[str]) -> None:
    """Refuses modules to put in where there are no weights to put them into."""
    if grafts and init is None:
        raise UserError(f"--graft {grafts[0]}: needs --init, the weights to put it into")


def grafted(weights: Weights, grafts: Sequence[str]) -> Weights:
    """The weights with modules of other runs in the place of their own.

    Args:
      weights: that `--init` names.
      grafts: of `--graft`, each `DIR:MODULE`, such as `runs/other:pooler`; DIR as for `read_weights`.

    Raises:
      UserError: not of this form, no such module, or its rows are those of other tokens.
    """
    for graft in grafts:
        name, _, module = graft.rpartition(":")
        if not name or not module or "//" in module:
            raise UserError(f"--graft {graft}: expected DIR:MODULE, such as runs/other:pooler")
        donor = read_weights(name)
        rows = [path for path in donor.arrays if path in VOCABULARY_AXIS and within(path, module)]
        if rows and weights.tokenizer is not None:
            require_same_tokens(donor, weights.tokenizer)
        weights = plugged(weights, donor, module)
    return weights


def _read_run(workdir: Path) -> Weights:
    model, recipe, vector = read_model_config(workdir)
    steps = find_checkpoints(workdir / CHECKPOINTS).steps
    if steps:
        facts = read_notes(workdir / CHECKPOINTS, steps[-1]).facts
        require_as_trained(facts, model, workdir / CONFIG_FILE, "model.")
    plain = without_vocabulary_padding(read_arrays(workdir / CHECKPOINTS), model.vocabulary.size)
    require_finite(plain, str(workdir / CHECKPOINTS))
    return Weights(plain, model, recipe, load_tokenizer(workdir / TOKENIZER), str(workdir), vector=vector)


def for_dialogues(weights: Weights) -> Weights:
    """BERT's weights with rows for what only dialogues have, so that they read a turn as they read a sentence.

    What opens a turn begins as `[CLS]`, what closes it as `[SEP]`, and the turn ids at zero; random rows would cost a
    sentence encoder a point and a half (docs/weights.md). Other weights, and those without a tokenizer, stay as they
    are.
    """
    if weights.recipe is not None or weights.tokenizer is None or TURN in weights.arrays:
        return weights
    vocabulary, table = weights.tokenizer.vocabulary(), weights.arrays[TOKEN].copy()
    table[[vocabulary.bos, vocabulary.sos_u, vocabulary.sos_r]] = table[weights.tokenizer.id_of(CLS)]
    table[[vocabulary.eos, vocabulary.eos_u, vocabulary.eos_r]] = table[weights.tokenizer.id_of(SEP)]
    turns = np.zeros((weights.model.turns, weights.model.hidden), np.float32)
    return dataclasses.replace(weights, arrays={**weights.arrays, TOKEN: table, TURN: turns})


def require_same_tokens(weights: Weights, tokenizer: Tokenizer) -> None:
    """Checks that the weights' token ids mean the same as those of a tokenizer.

    Raises:
      UserError: tokens differ; the message names the first.
    """
    theirs = weights.tokenizer
    if theirs is None:
        return
    sizes = theirs.vocabulary().size, tokenizer.vocabulary().size
    if sizes[0] != sizes[1]:
        raise UserError(
            f"--init {weights.source}: its tokenizer has {sizes[0]} tokens, but the corpora were prepared with one of "
            f"{sizes[1]}; prepare them with the tokenizer of the weights"
        )
    for token_id in range(sizes[0]):
        if theirs.token(token_id) != tokenizer.token(token_id):
            raise UserError(
                f"--init {weights.source}: its token {token_id} is {theirs.token(token_id)!r}, but for the corpora it "
                f"is {tokenizer.token(token_id)!r}; prepare them with the tokenizer of the weights"
            )
    cases = [one.lower_case for one in (theirs, tokenizer) if isinstance(one, WordPieceTokenizer)]
    if len(set(cases)) > 1:
        raise UserError(
            f"--init {weights.source}: its tokenizer and that of the corpora do not agree on lower-casing; prepare "
            "them with the tokenizer of the weights"
        )
