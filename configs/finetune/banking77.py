"""BANKING77."""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.intent.config import IntentConfig


def get_config() -> FinetuneConfig:
    return FinetuneConfig(
        task=IntentConfig(mlm_weight=0.0),
        data=DataSource(corpus="banking77", source="data/banking77"),
        optimiser=FinetuneOptimiserConfig(learning_rate=1e-4, weight_decay=0.01, clip_norm=1.0),
        train=FinetuneTrainConfig(epochs=15, batch_size=32, patience=5),
    )
