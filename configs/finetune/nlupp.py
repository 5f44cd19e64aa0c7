"""NLU++, banking, 10-fold set-up: slots with places and several intents, trained on two of twenty folds.

  space-jax finetune --config configs/finetune/nlupp.py --workdir runs/nlupp --init minilm
  space-jax evaluate --workdir runs/nlupp --split test

Test is the eighteen other folds. Another domain or fold: --config.data.options=domain=hotels,folds=2 (only one fold on
the command line, where commas separate options; this file can name more). Hardware: two CPU cores.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.slots.config import SlotsConfig


def get_config() -> FinetuneConfig:
    return FinetuneConfig(
        task=SlotsConfig(requested=False),
        data=DataSource(corpus="nlupp", source="data/nlupp", options=("domain=banking", "folds=0,1")),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=3e-4, weight_decay=0.01, clip_norm=1.0, head_rate=5.0),
        train=FinetuneTrainConfig(epochs=60, batch_size=16, eval_every=5),
    )
