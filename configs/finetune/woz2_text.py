"""WOZ 2.0 by writing the state: joint goal accuracy of the generative tracker.

  space-jax finetune --config configs/finetune/woz2_text.py --workdir runs/woz2_text --init runs/space3
  space-jax evaluate --workdir runs/woz2_text --split test

Start from weights with a trained decoder (SPACE-1, SPACE-3); `--init minilm` works, but must learn to write from the
states alone. Hardware: two CPU cores.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.track.config import TrackTextConfig


def get_config() -> FinetuneConfig:
    return FinetuneConfig(
        task=TrackTextConfig(context=160, turns=8, written=32),
        data=DataSource(corpus="woz2", source="data/woz2"),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=2e-4, weight_decay=0.01, clip_norm=1.0),
        train=FinetuneTrainConfig(epochs=15, batch_size=32, eval_every=3),
    )
