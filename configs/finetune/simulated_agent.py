r"""An agent for the simulated world, from a small SPACE-3 that has hardly begun to be pre-trained.

  make quickstart   # makes the corpus, and ends with the variant `quick`
  space-jax pretrain --config configs/quickstart.py:micro --workdir runs/agent/pretrained \
      --config.data.batch_size=16 --config.optimiser.learning_rate=2e-3 --config.train.steps=40 \
      --config.train.eval_every=40 --config.train.checkpoint_every=40
  space-jax finetune --config configs/finetune/simulated_agent.py --workdir runs/agent/run --init runs/agent/pretrained
  space-jax play --workdir runs/agent/run --dialogues 200
  space-jax chat --workdir runs/agent/run

Hardware: one CPU core beside other work, 1 and 24 minutes. 14,000 dialogues have 88,000 system turns. Of 200 simulated
users 0.86 get all they want, 0.95 of those whose goals can be met; on validation 98% of the belief states are right to
the last value. The policy that is imitated serves 0.89 of the users, all whose goals can be met. With four heads of
twice the width in place of eight it is 0.94 and 97%, in 17 minutes on two cores, which are hardly faster than one here.

More pre-training does not help at this size: between 6,400 and 12,800 turns the states' mean loss was 0.73 from 400
steps and 0.26 from random weights (four heads, state_weight 1, one run each; the second had the shorter schedule).

The tokenizer matters: one that has learnt only what is said spells names of slots, acts and placeholders in pieces and
bytes, 170 tokens a turn with contexts of three turns where this one had 115; with the two turns used here it is 101.

One user in ten has a goal that the world rightly refuses: nothing fits and the user takes nothing else, or every
booking is turned down.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.dialogue.config import DialogueConfig


def get_config(variant: str = "full") -> FinetuneConfig:
    """`full`, or `quick` for the tiny model of `make quickstart`: 38,000 turns."""
    dialogues, learning_rate = (6000, 3e-3) if variant == "quick" else (13_500, 2e-3)
    return FinetuneConfig(
        task=DialogueConfig(
            context_length=192,
            target_length=184,
            max_turns=2,  # the state says what was said before
            max_turn_tokens=48,
            max_state_tokens=90,
            max_act_tokens=24,
            max_response_tokens=52,
            change_weight=4.0,  # of 100 turns three take a value back
            state_weight=4.0,  # its 20 tokens share one mean, as do the 7 of the acts and the 16 of a response
        ),
        data=DataSource(corpus="simulated", options=(f"dialogues={dialogues}",)),
        dropout=0.0,
        optimiser=FinetuneOptimiserConfig(learning_rate=learning_rate, warmup_share=0.03, clip_norm=1.0),
        train=FinetuneTrainConfig(epochs=1, batch_size=16, checkpoint_every=500),
    )
