r"""An agent for the simulated world, from the small SPACE-3 that `make quickstart` pre-trains.

  make quickstart
  space-jax finetune --config configs/finetune/simulated_agent.py --workdir runs/agent --init runs/quickstart/run
  space-jax play --workdir runs/agent --dialogues 200
  space-jax chat --workdir runs/agent

Hardware: two CPU cores, 25 minutes with other work beside it. 9,000 dialogues have 56,000 system turns, 3,475 steps. Of
200 simulated users 0.62 get all they want, 0.66 of those whose goals can be met; on validation 86% of the belief states
are right to the last value. 24,000 turns, in the middle of that run, give 0.17.

One user in ten has a goal that the world rightly refuses: nothing fits and the user takes nothing else, or every
booking is turned down. The hand-written policy has a success of 0.92 among the others, since it makes users wait who
then run out of patience; here the quickest of four of its runs is imitated. `quick` is what the quickstart ends with.
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
        data=DataSource(corpus="simulated", options=("dialogues=2500" if quick else "dialogues=9000",)),
        dropout=0.0,
        optimiser=FinetuneOptimiserConfig(learning_rate=2e-3, warmup_share=0.03, clip_norm=1.0),
        train=FinetuneTrainConfig(epochs=1, batch_size=16, checkpoint_every=500),
    )
