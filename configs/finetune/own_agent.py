r"""An agent from annotated dialogues of your own, few or many, on your own tables (docs/own_agent.md).

  space-jax finetune --config configs/finetune/own_agent.py --workdir runs/shop/agent --init runs/shop/run \
      --config.data.source=my_dialogues --config.task.database=my_tables
  space-jax chat --workdir runs/shop/agent

`my_dialogues` holds `train.jsonl` and `validation.jsonl` in the format of docs/data_format.md. An agent needs belief
states (`state`) on user turns and `delexicalised` on system turns; with `frames` on system turns it also plans what it
says. `my_tables` holds a table a domain, `bookings.json` what can be booked. `--init` is a run that was pre-trained on
all of the shop's dialogues, annotated or not (configs/own_dialogues.py), or `minilm`.

All passes are made, and the last checkpoint counts: of a few validation dialogues the likelihood may stand still
while more states are right turn by turn (ten dialogues of examples/boats trained on, ten held out: 0.71 and 24% after
three passes, 0.71 and 33% after six). It is not settled that this makes better talks: docs/own_agent.md.

Hardware: two CPU cores, some 15 system turns a second.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.dialogue.config import DialogueConfig


def get_config() -> FinetuneConfig:
    return FinetuneConfig(
        task=DialogueConfig(
            context_length=192,
            target_length=184,
            max_turns=2,  # the state says what was said before
            max_turn_tokens=48,
            max_state_tokens=90,
            max_act_tokens=24,
            max_response_tokens=52,
            state_weight=2.0,
            variations=10,  # of each dialogue: other days, times and rows of the tables in the same words
        ),
        data=DataSource(corpus="jsonl", source="my_dialogues"),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=3e-4, weight_decay=0.01, clip_norm=1.0),
        train=FinetuneTrainConfig(epochs=6, batch_size=8, keep_by="last"),
    )
