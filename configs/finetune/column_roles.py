"""SParC: what the SQL of each turn does with every column of its database (STAR's schema state tracking): F1.

  space-jax finetune --config configs/finetune/column_roles.py --workdir runs/column_roles --init minilm

CoSQL: `--config.data.corpus=cosql --config.data.source=data/cosql`. The files are yours: `tables.json`, `train.json`
and `dev.json`. Not yet measured; the published train files were not within reach.
"""

from space_jax.tasks.columns.config import ColumnsConfig
from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig


def get_config() -> FinetuneConfig:
    return FinetuneConfig(
        task=ColumnsConfig(),
        data=DataSource(corpus="sparc", source="data/sparc"),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=1e-4, weight_decay=0.01, clip_norm=1.0, head_rate=3.0),
        train=FinetuneTrainConfig(epochs=5, batch_size=32),
    )
