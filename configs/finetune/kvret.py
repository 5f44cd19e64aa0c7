r"""End-to-end dialogue on KVRET (In-Car) from MiniLM; the source has no system acts, so none are written.

  space-jax finetune --config configs/finetune/kvret.py --workdir runs/kvret --init minilm
  space-jax respond --workdir runs/kvret

Hardware: one CPU core, 63 minutes by the median step of a run that was paused. On the 304 test dialogues: Match 74.8,
Success F1 81.6, BLEU 20.8; SPACE-1 with a 12 x 768 model: 85.3, 83.6, 23.0.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.dialogue.config import DialogueConfig


def get_config() -> FinetuneConfig:
    return FinetuneConfig(
        task=DialogueConfig(
            context_length=192,
            target_length=192,
            max_turns=8,
            max_state_tokens=64,
            max_act_tokens=8,
            max_response_tokens=80,
            offered_names=False,
        ),
        data=DataSource(corpus="kvret", source="data/kvret"),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=3e-4, weight_decay=0.01, clip_norm=1.0),
        train=FinetuneTrainConfig(epochs=4, batch_size=16),
    )
