r"""An agent for the simulated world, from the SPACE-3 that `make quickstart` pre-trains.

  make quickstart   # ends with the variant `quick`
  space-jax finetune --config configs/finetune/simulated_agent.py --workdir runs/agent --init runs/quickstart/run
  space-jax play --workdir runs/agent --dialogues 200
  space-jax chat --workdir runs/agent

Hardware: two CPU cores. PENDING

The tokenizer matters: one that has learnt only what is said spells names of slots, acts and placeholders in bytes, and
an agent with twice as many tokens to write takes more than twice as long to learn.

One user in ten has a goal that the world rightly refuses: nothing fits and the user takes nothing else, or every
booking is turned down.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.dialogue.config import DialogueConfig


def get_config(variant: str = "full") -> FinetuneConfig:
    """`full`, or `quick`, which the tiny model of `make quickstart` gets through in four minutes."""
    dialogues, learning_rate = (7000, 3e-3) if variant == "quick" else (18_000, 2e-3)
    return FinetuneConfig(
        task=DialogueConfig(
            context_length=192,
            target_length=184,
            max_turns=2,  # the state says what was said before
            max_turn_tokens=48,
            max_state_tokens=90,
            max_act_tokens=24,
            max_response_tokens=52,
        ),
        data=DataSource(corpus="simulated", options=(f"dialogues={dialogues}",)),
        dropout=0.0,
        optimiser=FinetuneOptimiserConfig(learning_rate=learning_rate, warmup_share=0.03, clip_norm=1.0),
        train=FinetuneTrainConfig(epochs=1, batch_size=16, checkpoint_every=500),
    )
