r"""End-to-end dialogue on CamRest676 from MiniLM.

  space-jax finetune --config configs/finetune/camrest676.py --workdir runs/camrest676 --init minilm
  space-jax respond --workdir runs/camrest676

Hardware: two CPU cores, 54 minutes for 12 passes of 105 steps, other light work beside them; on a slower machine 80, by
its first 120 steps. The test split was scored after an earlier run of 14 passes with contexts of 192 tokens that was
best after the 12th: Match 92.5, Success F1 84.9, BLEU 23.1; SPACE-1 with a 12 x 768 model: 98.5, 87.7, 24.2.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.dialogue.config import DialogueConfig


def get_config() -> FinetuneConfig:
    return FinetuneConfig(
        task=DialogueConfig(
            context_length=256,  # a context takes 93 tokens, so that a row holds two or three
            target_length=160,
            max_turns=8,
            max_state_tokens=40,
            max_act_tokens=32,
            max_response_tokens=64,
            offered_names=False,  # states hold no names
        ),
        data=DataSource(corpus="camrest676", source="data/camrest676"),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=3e-4, weight_decay=0.01, clip_norm=1.0),
        train=FinetuneTrainConfig(epochs=12, batch_size=16, patience=4),
    )
