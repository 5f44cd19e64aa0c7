"""NLU++, banking, 10-fold set-up: slots with spans and several intents an utterance, trained on two of twenty folds.

    space-jax finetune --config configs/finetune/nlupp.py --workdir runs/nlupp --init minilm

Other folds and the hotels: `--config.data.options=domain=hotels,folds=2`. An option has no comma here, so one fold is
the most that the command line can name; the file can name two.
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
