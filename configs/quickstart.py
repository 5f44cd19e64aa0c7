"""A small SPACE-3 on the simulated corpus, half of whose labels are hidden: what `make quickstart` begins with.

  make quickstart

The agent that it ends with starts from this model, hence the identity start of attention and the low learning rate: an
agent copies values from its context, and learns that late if pre-training has taken its heads elsewhere.

Hardware: two CPU cores. QUICK_TEXT
"""

from space_jax.config import (
    DataConfig,
    OptimiserConfig,
    PretrainConfig,
    Space3Config,
    TrainConfig,
    model_config,
)


def get_config(size: str = "") -> PretrainConfig:
    """A named size, or the one between tiny and mini that the quickstart trains."""
    sizes = {} if size else {"layers": 3, "hidden": 128, "mlp": 512}
    return PretrainConfig(
        recipe=Space3Config(policy_weight=0.001),
        model=model_config(size or "tiny", **sizes, dropout=0.1, positions=128, attention_init="identity"),
        data=DataConfig(
            prepared=("runs/quickstart/corpus",),
            batch_size=32,
            context_length=128,
            response_length=96,
            examples_per_row=6,
            masked_per_row=48,
            row_ladder=(0.3125, 1.0),  # each further rung would be another program to compile
        ),
        optimiser=OptimiserConfig(learning_rate=1e-3, clip_norm=1.0),
        train=TrainConfig(steps=150, log_every=10, eval_every=150, checkpoint_every=150),
    )
