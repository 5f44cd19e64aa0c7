"""Schema-Guided Dialogue by copying (TripPy): joint goal accuracy over the slots that train has.

  space-jax finetune --config configs/finetune/sgd.py --workdir runs/sgd_track --init minilm --shots 200
  space-jax evaluate --workdir runs/sgd_track --split test

Values are open-vocabulary, slots are not: those of services outside train are never predicted, and count as wrong. All
of train is about 165,000 user turns; --shots takes that many turns for each slot.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.track.config import TrackConfig


def get_config() -> FinetuneConfig:
    return FinetuneConfig(
        task=TrackConfig(),
        data=DataSource(corpus="sgd", source="data/sgd"),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=2e-4, weight_decay=0.01, clip_norm=1.0, head_rate=3.0),
        train=FinetuneTrainConfig(epochs=3, batch_size=32),
    )
