r"""SPACE-3, mini, from scratch on the Schema-Guided Dialogue files, the labels of half of the dialogues hidden.

space-jax tokenizer train sgd --source SGD_FOLDER --vocab-size 8000 --out runs/sgd/tokenizer
space-jax data build sgd --source SGD_FOLDER --tokenizer runs/sgd/tokenizer --labelled-share 0.5 \
      --max-turns 8 --max-turn-tokens 40 --out runs/sgd/corpus
space-jax pretrain --config configs/space3_sgd.py --workdir runs/sgd/space3
"""

from space_jax.config import DataConfig, OptimiserConfig, PretrainConfig, Space3Config, TrainConfig, model_config


def get_config(size: str = "mini") -> PretrainConfig:
    return PretrainConfig(
        recipe=Space3Config(),
        model=model_config(size, dropout=0.1),
        data=DataConfig(
            prepared=("runs/sgd/corpus",),
            batch_size=16,
            labelled_share=0.5,
            context_length=256,
            response_length=64,
            examples_per_row=4,
            row_ladder=(0.4375, 0.5625, 1.0),
            eval_examples=256,
        ),
        optimiser=OptimiserConfig(learning_rate=5e-4, clip_norm=1.0),
        train=TrainConfig(steps=400, log_every=5, eval_every=100, checkpoint_every=50),
    )
