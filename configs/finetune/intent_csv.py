"""Intents of your own: CSV or TSV with the header `text,label`, or JSONL with these fields (and perhaps `id`).

  space-jax finetune --config configs/finetune/intent_csv.py --workdir runs/mine/intents --init minilm

reads data/mine/train.csv and data/mine/validation.csv; other files: --config.data.train=FILE
--config.data.validation=FILE, other columns: --config.task.text_field=NAME --config.task.label_field=NAME. Then

  space-jax predict --workdir runs/mine/intents --input utterances.jsonl

Hardware: two CPU cores, some 100 utterances a second in training; classes of unequal size get equal weight.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.intent.config import IntentConfig


def get_config() -> FinetuneConfig:
    return FinetuneConfig(
        task=IntentConfig(head_dropout=0.1, r_drop_weight=0.0, mlm_weight=0.0, balance=True),
        data=DataSource(train="data/mine/train.csv", validation="data/mine/validation.csv"),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=1e-4, weight_decay=0.01, clip_norm=1.0),
        train=FinetuneTrainConfig(epochs=10, batch_size=32, patience=3),
    )
