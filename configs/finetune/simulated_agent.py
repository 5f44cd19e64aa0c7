r"""An agent for the simulated world, from a small SPACE-3 that was pre-trained on the simulated corpus.

  space-jax tokenizer train simulated --dialogues 3000 --vocab-size 1500 --out runs/agent/tokenizer
  space-jax data build simulated --dialogues 3000 --tokenizer runs/agent/tokenizer --labelled-share 0.5 --max-turns 2 \
      --max-turn-tokens 40 --out runs/agent/corpus
  space-jax pretrain --config configs/quickstart.py --workdir runs/agent/pretrained \
      --config.data.prepared=runs/agent/corpus --config.model.layers=3 --config.model.hidden=128 \
      --config.model.mlp=512 --config.train.steps=400
  space-jax finetune --config configs/finetune/simulated_agent.py --workdir runs/agent/run \
      --init runs/agent/pretrained
  space-jax play --workdir runs/agent/run --dialogues 200
  space-jax chat --workdir runs/agent/run

Hardware: two CPU cores. 4,500 dialogues have 28,000 system turns, 870 steps. The aim is a success of at least 0.95
among the dialogues whose goals can be met; one user in ten has a goal that the world rightly refuses. The hand-written
policy has 0.92 there, since it makes users wait who then run out of patience; the quickest of four runs is imitated.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.dialogue.config import DialogueConfig


def get_config(variant: str = "full") -> FinetuneConfig:
    """`full`, or `quick` for the quickstart."""
    quick = variant == "quick"
    return FinetuneConfig(
        task=DialogueConfig(
            context_length=240,
            target_length=232,
            max_turns=3,  # the state says what was said before
            max_turn_tokens=48,
            max_state_tokens=104,
            max_act_tokens=32,
            max_response_tokens=76,
        ),
        data=DataSource(corpus="simulated", options=("dialogues=1500" if quick else "dialogues=4500",)),
        dropout=0.0,
        optimiser=FinetuneOptimiserConfig(learning_rate=2e-3, warmup_share=0.05, clip_norm=1.0),
        train=FinetuneTrainConfig(epochs=1, batch_size=32),
    )
