"""PLUG, second of two stages: PALM from the encoder of the first, `configs/plug_structure.py`.

  space-jax pretrain --config configs/plug.py --workdir runs/plug --init runs/plug_structure

Published: 24 encoder and 6 decoder layers x 8192, without copying; here the decoder is the encoder's backbone, so that
both begin with the first stage's weights. The last tenth of the published training had no masked words:
`--config.recipe.mlm_weight=0`, `--init` from this run.
Hardware: meant for many accelerators. Not run by us at any such size; `configs/plug.py:tiny` runs anywhere.
"""

from space_jax.config import DataConfig, OptimiserConfig, PalmConfig, PretrainConfig, TrainConfig, model_config


def get_config(size: str = "base") -> PretrainConfig:
    return PretrainConfig(
        recipe=PalmConfig(copying=False),
        model=model_config(size, dropout=0.1),
        data=DataConfig(
            prepared=("runs/corpus",),
            batch_size=32 if size == "tiny" else 256,
            labelled_share=0.0,
            row_ladder=(0.375, 0.5, 1.0),
        ),
        optimiser=OptimiserConfig(learning_rate=1e-3 if size == "tiny" else 1e-4, weight_decay=0.01, clip_norm=1.0),
        train=TrainConfig(steps=100_000, eval_every=1000, checkpoint_every=1000, best_by="perplexity"),
    )
