r"""SPACE-3 with the published settings: understanding, policy and generation in one model.

  space-jax data build sgd --source SGD_FOLDER --tokenizer vocab.txt --labelled-share 0.5 --out runs/corpus
  space-jax pretrain --config configs/space3.py --workdir runs/space3

Published: 12 x 768, 128 labelled + 128 unlabelled examples a batch on 8 GPUs, contrasted in groups of 16, AdamW 1e-5,
no weight decay, warm-up over a tenth of the steps, clipping at 5, dropout 0.2, 60 epochs, started from UniLM. The
whole batch is the contrastive pool here; `--config.recipe.pool.group=16` is the published one.
`--config.recipe.policy_side=user` or `both` adds the policy consistency before the user's turn.
Hardware: meant for 8 accelerators. Not yet run by us at this size; `configs/space3.py:tiny` runs anywhere, and
`configs/space3_sgd.py` is the run that we have measured.
"""

from space_jax.config import DataConfig, OptimiserConfig, PretrainConfig, Space3Config, TrainConfig, model_config


def get_config(size: str = "base") -> PretrainConfig:
    return PretrainConfig(
        recipe=Space3Config(),
        model=model_config(size, dropout=0.2),
        data=DataConfig(
            prepared=("runs/corpus",),
            batch_size=8 if size == "tiny" else 256,
            masked_per_row=96,
            row_ladder=(0.5, 1.0),  # for batches that are unusually long
            # The last three for many processes: of parts of a batch the largest is further from the mean.
            grids=tuple((rows / 256, 384, 64) for rows in (*range(68, 93, 4), 104, 120, 144)),
        ),
        optimiser=OptimiserConfig(learning_rate=1e-5),
        train=TrainConfig(steps=100_000, eval_every=1000, checkpoint_every=1000),
    )
