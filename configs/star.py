"""After STAR (SPACE-T): replaced words, the role of every slot, the dependency between the turns of a dialogue.

  space-jax data build sgd --source SGD_FOLDER --tokenizer minilm --slots --out runs/star/corpus
  space-jax pretrain --config configs/star.py --workdir runs/star/run

From MiniLM:

  space-jax pretrain --config configs/star.py:mini --workdir runs/star/mini --init minilm

Published: on SQL conversations, 24 x 1024 from ELECTRA large with a generator of 256, learning rate 1e-6, 80 turns of
16 conversations a batch, 100k steps of which the checkpoint at 40% was released, warm-up over 10%, decay 0.01. Here
slots with roles stand for columns. `--config.recipe.as_released=True` keeps the weights of the three tasks at 1, as the
released code does, `--config.recipe.whole_batch=True` compares a turn with all of the batch.
Hardware: meant for 8 accelerators. Not yet run by us at this size; `configs/star.py:tiny` runs anywhere.
"""

from space_jax.config import DataConfig, OptimiserConfig, PretrainConfig, StarConfig, TrainConfig, model_config


def get_config(size: str = "base") -> PretrainConfig:
    return PretrainConfig(
        recipe=StarConfig(generator_heads=2 if size == "tiny" else 4),
        model=model_config(size, dropout=0.1),
        data=DataConfig(
            prepared=("runs/star/corpus",),
            batch_size=10 if size == "tiny" else 240,
            labelled_share=1.0,
            row_ladder=(0.5, 0.75, 1.0),
        ),
        optimiser=OptimiserConfig(learning_rate=1e-3 if size == "tiny" else 1e-4, weight_decay=0.01, clip_norm=1.0),
        train=TrainConfig(steps=100_000, eval_every=1000, checkpoint_every=1000),
    )
