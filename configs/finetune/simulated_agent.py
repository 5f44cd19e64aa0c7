r"""An agent for the simulated world, from a small SPACE-3 that was pre-trained on the simulated corpus.

  make quickstart   # for its corpus
  space-jax pretrain --config configs/quickstart.py --workdir runs/agent/pretrained --config.model.layers=3 \
      --config.model.hidden=128 --config.model.mlp=512 --config.model.attention_init=identity \
      --config.optimiser.learning_rate=1e-3 --config.train.steps=200
  space-jax finetune --config configs/finetune/simulated_agent.py --workdir runs/agent/run --init runs/agent/pretrained
  space-jax play --workdir runs/agent/run --dialogues 200
  space-jax chat --workdir runs/agent/run

The pre-training is short and slow, since attention that begins at the identity copies values from the context well, and
a long one takes its heads elsewhere.

Hardware: two CPU cores, 6 and 25 minutes with other work beside it. 9,000 dialogues have 56,000 system turns, 3,475
steps. Of 200 simulated users 0.62 get all they want, 0.66 of those whose goals can be met; on validation 86% of the
belief states are right to the last value.

One user in ten has a goal that the world rightly refuses: nothing fits and the user takes nothing else, or every
booking is turned down. The hand-written policy has a success of 0.91 among the others, since it makes users wait who
then run out of patience; here the quickest of four of its runs is imitated.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.dialogue.config import DialogueConfig


def get_config() -> FinetuneConfig:
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
        data=DataSource(corpus="simulated", options=("dialogues=9000",)),
        dropout=0.0,
        optimiser=FinetuneOptimiserConfig(learning_rate=2e-3, warmup_share=0.03, clip_norm=1.0),
        train=FinetuneTrainConfig(epochs=1, batch_size=16, checkpoint_every=500),
    )
