r"""SPACE-3 from MiniLM on your own dialogues, few or many: sizes, steps and labelled share are taken from the corpus.

  space-jax data build jsonl --source my_dialogues --tokenizer minilm --max-turns 4 --out runs/mine/corpus
  space-jax pretrain --config own_dialogues:runs/mine/corpus --workdir runs/mine/run --init minilm

The part after the colon is the prepared corpus. Ten passes, or 700 steps if that is less; it ends earlier when two
evaluations in a row have found no lower loss. Another length: --config.train.steps=2000.

Hardware: two CPU cores, some 7 examples a second.
"""

from space_jax.config import OptimiserConfig, PretrainConfig, Space3Config, TrainConfig, model_config
from space_jax.features.fitted_sizes import fitted

PASSES, MOST_STEPS, EVALUATIONS = 10, 700, 5


def get_config(corpus: str) -> PretrainConfig:
    recipe = Space3Config(policy_weight=0.001)  # as in space3_sgd.py
    sizes = fitted(corpus, recipe)
    steps = min(sizes.steps(PASSES), MOST_STEPS)
    every = max(1, steps // EVALUATIONS)
    return PretrainConfig(
        recipe=recipe,
        model=model_config("mini", dropout=0.1, remat=True),
        data=sizes.data,
        optimiser=OptimiserConfig(learning_rate=2e-4, clip_norm=1.0),
        train=TrainConfig(steps=steps, log_every=5, eval_every=every, checkpoint_every=every, patience=2),
    )
