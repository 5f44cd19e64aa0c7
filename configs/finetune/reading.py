"""Reading comprehension on SQuAD's files or your own: the span of a passage that answers a question, or none.

  space-jax finetune --config configs/finetune/reading.py --workdir runs/reading --init minilm
  space-jax evaluate --workdir runs/reading --input data/squad/dev-v2.0.json
  space-jax predict --workdir runs/reading --input questions.jsonl

reads data/squad/train-v2.0.json and data/squad/dev-v2.0.json (1.1 likewise); other files: --config.data.train=FILE
--config.data.validation=FILE, JSON as SQuAD's, or JSONL or CSV with question, passage, answer and perhaps start. Dev
chooses checkpoint and threshold, so its score is optimistic.

Hardware: meant for an accelerator: a pass over SQuAD 2.0 is 130,000 questions with passages of some 150 tokens. Not yet
measured: SQuAD's files were not at hand.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.reading.config import ReadingConfig


def get_config() -> FinetuneConfig:
    return FinetuneConfig(
        task=ReadingConfig(),
        data=DataSource(train="data/squad/train-v2.0.json", validation="data/squad/dev-v2.0.json"),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=1e-4, weight_decay=0.01, clip_norm=1.0, head_rate=5.0),
        train=FinetuneTrainConfig(epochs=2, batch_size=32),
    )
