"""Pre-training as the command does it: set up, write down what is run, train."""

from pathlib import Path

import jax

from space_jax.config import PretrainConfig
from space_jax.config_files import save_config
from space_jax.features.tokenizer import load_tokenizer
from space_jax.training.checkpoint import find_checkpoints
from space_jax.training.loop import Result, train
from space_jax.training.mesh import initialise_distributed
from space_jax.training.setup import Setup
from space_jax.training.trained import CHECKPOINTS, LATEST, TOKENIZER, find_step, require_same_tokenizer


def pretrain(config: PretrainConfig, workdir: Path, init_from: Path | None = None) -> Result:
    """Pre-trains, going on from the last checkpoint of `workdir` where there is one.

    Args:
      config: of the run; the vocabulary comes from the corpora.
      workdir: gets `config.json`, `tokenizer/`, `checkpoints/`, `metrics.jsonl`, `tensorboard/`, `curves.png`.
      init_from: workdir of a run whose parameters this one starts from.

    Raises:
      UserError: a configuration, corpus or checkpoint that does not fit; a loss that is not finite.
    """
    initialise_distributed()
    setup = Setup(config)
    # Everything that can be refused is refused before the workdir is touched.
    iterator, held_out, bank = setup.train_batches(), setup.held_out("validation"), setup.bank()
    if init_from is not None:
        find_step(init_from, LATEST)
        require_same_tokenizer(setup, init_from)
    # A run that stopped before its first checkpoint begins anew, perhaps with another configuration.
    if find_checkpoints(workdir / CHECKPOINTS).steps:
        require_same_tokenizer(setup, workdir)
    elif jax.process_index() == 0:
        load_tokenizer(setup.corpora[0].tokenizer_folder).save(workdir / TOKENIZER)
        save_config(setup.config, workdir)
    parameters = None if init_from is None else init_from / CHECKPOINTS
    fingerprints = [corpus.metadata.fingerprint for corpus in setup.corpora]
    return train(
        setup.recipe, setup.config, workdir, iterator, held_out, bank, init_from=parameters, corpora=fingerprints
    )
