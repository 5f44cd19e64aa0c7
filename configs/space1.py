r"""SPACE-1 (GALAXY) with the published settings: dialog-act policy knowledge.

  space-jax data build sgd --source SGD_FOLDER --tokenizer vocab.txt --labelled-share 0.5 --out runs/corpus
  space-jax pretrain --config configs/space1.py --workdir runs/space1
  space-jax pretrain --config configs/space1.py --workdir runs/space1_released --config.recipe.as_released=true

Published: 12 x 768, batch 32 on each of 8 GPUs, AdamW 1e-5, dropout 0.3, 60 epochs, started from UniLM.
The response selection draws its negatives within a process's micro-batch, so that this one term depends on
optimiser.accumulate and the number of processes.
Hardware: meant for 8 accelerators. Not yet run by us at this size; `configs/space1.py:tiny` runs anywhere.
"""

from space_jax.config import DataConfig, OptimiserConfig, PretrainConfig, Space1Config, TrainConfig, model_config


def get_config(size: str = "base") -> PretrainConfig:
    return PretrainConfig(
        recipe=Space1Config(),
        model=model_config(size, dropout=0.3),
        data=DataConfig(
            prepared=("runs/corpus",),
            batch_size=8 if size == "tiny" else 256,
            row_ladder=(0.5, 1.0),  # for batches that are unusually long
            # The last three for many processes: of parts of a batch the largest is further from the mean.
            grids=tuple((rows / 256, 384, 72) for rows in (*range(68, 93, 4), 104, 120, 144)),
        ),
        optimiser=OptimiserConfig(learning_rate=1e-5),
        train=TrainConfig(steps=100_000, eval_every=1000, checkpoint_every=1000),
    )
