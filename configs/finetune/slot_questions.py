"""Slots by question on SGD, zero-shot: trained on the services of its train split, measured on services it never saw.

  space-jax finetune --config configs/finetune/slot_questions.py --workdir runs/slot_questions --init minilm
  space-jax evaluate --workdir runs/slot_questions --split test --config.task.slots.services=unseen

The same model on Restaurants-8k, of which training saw nothing, and both as one table beside simple rules:

  space-jax evaluate --workdir runs/slot_questions --split test --config.data.corpus=restaurant8k \
      --config.data.source=data/restaurant8k --config.task.slots.held_out_turns=0
  python benchmarks/slot_questions.py --data data --workdir runs/slot_questions --out slot_questions.json

Checkpoint and threshold are chosen on the seen services of validation. Questions are those of the schema, from 300
turns of each service with a value and 300 without; task.slots.turns=0 takes all.

Hardware: sized for two CPU cores and less than 40 minutes. Not yet measured.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.reading.config import ReadingConfig, SlotQuestionsConfig


def get_config() -> FinetuneConfig:
    return FinetuneConfig(
        task=ReadingConfig(
            max_tokens=62,
            window=62,
            overlap=0,
            max_question=32,
            max_answer=16,
            slots=SlotQuestionsConfig(services="seen", turns=300, held_out_turns=150, unanswered=1),
        ),
        data=DataSource(corpus="sgd", source="data/sgd"),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=2e-4, weight_decay=0.01, clip_norm=1.0, head_rate=5.0),
        train=FinetuneTrainConfig(epochs=2, batch_size=32),
    )
