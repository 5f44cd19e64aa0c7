"""StructBERT on dialogues: words in their places, turns in their order; no labels.

  space-jax data build sgd --source SGD_FOLDER --tokenizer minilm --out runs/structbert/corpus
  space-jax pretrain --config configs/structbert.py --workdir runs/structbert/run

From MiniLM:

  space-jax pretrain --config configs/structbert.py:mini --workdir runs/structbert/mini --init minilm

Published: 24 x 1024 (large) and 12 x 768 (base), 16 GB of text, length 512, Adam 1e-4, warm-up over 10%, dropout 0.1,
5% of the trigrams shuffled; steps and batch are not published. `--config.recipe.as_released=True` masks and shuffles
as the only published builder does.
Hardware: meant for 8 accelerators. Not yet run by us at this size; `configs/structbert.py:tiny` runs anywhere.
"""

from space_jax.config import DataConfig, OptimiserConfig, PretrainConfig, StructBertConfig, TrainConfig, model_config


def get_config(size: str = "base") -> PretrainConfig:
    return PretrainConfig(
        recipe=StructBertConfig(),
        model=model_config(size, dropout=0.1),
        data=DataConfig(
            prepared=("runs/structbert/corpus",),
            batch_size=8 if size == "tiny" else 256,
            labelled_share=0.0,
            row_ladder=(0.5, 1.0),
            grids=tuple((rows / 256, 384, 64) for rows in (*range(68, 93, 4), 104, 120, 144)),
        ),
        optimiser=OptimiserConfig(learning_rate=1e-4, weight_decay=0.01),
        train=TrainConfig(steps=100_000, eval_every=1000, checkpoint_every=1000),
    )
