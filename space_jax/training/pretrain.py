"""Pre-training as the command does it: set up, write down what is run, train."""

import sys
from pathlib import Path

import jax

from space_jax.config import PretrainConfig
from space_jax.convert.source import read_weights, require_same_tokens
from space_jax.features.batch import micro_batches
from space_jax.features.tokenizer import load_tokenizer
from space_jax.models.weights import by_path, require_fit
from space_jax.training.checkpoint import find_checkpoints
from space_jax.training.distributed import ending_together, initialise_distributed
from space_jax.training.loop import Result, train
from space_jax.training.setup import Setup
from space_jax.training.sharding import unbox
from space_jax.training.state import abstract_params
from space_jax.training.trained import require_same_tokenizer
from space_jax.training.workdir import TOKENIZER, Workdir


def pretrain(config: PretrainConfig, workdir: Path, init: str | None = None) -> Result:
    """Pre-trains, going on from the last checkpoint of `workdir` where there is one.

    Args:
      config: of the run; the vocabulary comes from the corpora.
      workdir: gets `config.json`, `tokenizer/`, `checkpoints/`, `metrics.jsonl`, `tensorboard/`, `curves.png`.
      init: what the parameters of a new run start from, see `convert.source.read_weights`.

    Raises:
      UserError: a configuration, corpus or checkpoint that does not fit; a loss that is not finite.
    """
    initialise_distributed()
    with ending_together():
        return _pretrain(config, workdir, init)


def _pretrain(config: PretrainConfig, workdir: Path, init: str | None) -> Result:
    setup, place = Setup(config), Workdir(workdir)
    # Everything that can be refused is refused before the workdir is touched.
    iterator, held_out, bank = setup.train_batches(), setup.held_out("validation"), setup.bank()
    unmeasured = setup.unmeasured("validation")
    if unmeasured and jax.process_index() == 0:
        print(unmeasured, file=sys.stderr)
    tokenizer = load_tokenizer(setup.corpora[0].tokenizer_folder)
    initial = None
    if find_checkpoints(place.checkpoints).steps:
        require_same_tokenizer(setup, place.place)
        if init is not None and jax.process_index() == 0:
            print(f"--init {init}: not read, because {workdir} has checkpoints to go on from", file=sys.stderr)
    elif init is not None:
        initial = read_weights(init)
        require_same_tokens(initial, tokenizer)
        shapes = by_path(unbox(abstract_params(setup.recipe, micro_batches(held_out[0])[0])))
        require_fit(shapes, initial, setup.config.model)
    if jax.process_index() == 0:
        tokenizer.save(place.local / TOKENIZER)
    fingerprints = [corpus.metadata.fingerprint for corpus in setup.corpora]
    return train(setup.recipe, setup.config, workdir, iterator, held_out, bank, initial=initial, corpora=fingerprints)
