r"""End-to-end dialogue on MultiWOZ 2.1 from MiniLM, scored by the standardised evaluation.

  space-jax finetune --config configs/finetune/multiwoz_e2e.py --workdir runs/multiwoz_e2e --init minilm
  space-jax respond --workdir runs/multiwoz_e2e --out runs/multiwoz_e2e/predictions.json
  space-jax multiwoz-eval runs/multiwoz_e2e/predictions.json --source data

  space-jax respond --workdir runs/multiwoz_e2e --given states --out runs/multiwoz_e2e/policy.json

The second `respond` gives the true belief states, which the field calls policy optimisation. `data.source` must hold
train: it is a folder or a zip archive in any of the forms that docs/corpora.md lists. The configuration `single` learns
acts and responses from the single-domain dialogues of MultiWOZ 2.0, which have no states; its agent can be scored with
true states only. `validation` learns all parts from nine tenths of the validation dialogues, for when train is not
available.

Hardware: two CPU cores with large pages (docs/scaling.md), for `validation` an hour, and 25 minutes for the answers to
the test dialogues. Inform 62.5, Success 42.7, BLEU 15.1; of the validation states 40% are right to the last value after
the first pass, 58% after the second; a third was not tried. SPACE-1 with a 12 x 768 model that saw all of train: 85.4,
75.7, 19.6.
"""

import dataclasses

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.dialogue.config import DialogueConfig


def get_config(variant: str = "full") -> FinetuneConfig:
    """`full`, `validation` for the validation dialogues alone, or `single` for the single-domain dialogues."""
    corpus = "multiwoz20_single" if variant == "single" else "multiwoz21"
    config = FinetuneConfig(
        task=DialogueConfig(
            context_length=512,
            max_turns=16,
            max_state_tokens=120,
            max_act_tokens=48,
            max_response_tokens=80,
        ),
        data=DataSource(corpus=corpus, source=f"data/{corpus}"),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=2e-4, weight_decay=0.01, clip_norm=1.0),
        train=FinetuneTrainConfig(epochs=4, batch_size=16),
    )
    return _small(config) if variant == "validation" else config


def _small(config: FinetuneConfig) -> FinetuneConfig:
    """For two CPU cores: the state represents the turns before the last four."""
    return dataclasses.replace(
        config,
        task=dataclasses.replace(
            config.task, train_split="validation", context_length=384, max_turns=4, state_weight=2.0
        ),
        dropout=0.0,
        optimiser=dataclasses.replace(config.optimiser, learning_rate=5e-4),
        train=dataclasses.replace(config.train, epochs=2, batch_size=8),
    )
