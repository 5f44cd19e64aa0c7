r"""SPACE-1, tiny, on UniDA: dialog-act F1 by source shows which annotations reach the model.

space-jax data build unida --data-root DIR --without multiwoz21 --without sim_r --tokenizer minilm \
      --max-turns 4 --max-turn-tokens 40 --out runs/unida/corpus
space-jax pretrain --config configs/space1_unida.py --workdir runs/unida/run
python -m benchmarks.act_f1_by_source --run mine=runs/unida/run --prepared runs/unida/corpus --data-root DIR
"""

from space_jax.config import DataConfig, OptimiserConfig, PretrainConfig, Space1Config, TrainConfig, model_config


def get_config(size: str = "tiny") -> PretrainConfig:
    return PretrainConfig(
        recipe=Space1Config(),
        model=model_config(size, dropout=0.1, positions=128),
        data=DataConfig(
            prepared=("runs/unida/corpus",),
            batch_size=32,
            labelled_share=0.5,
            context_length=176,
            response_length=48,
            examples_per_row=4,
            row_ladder=(0.5, 1.0),
            eval_examples=512,
        ),
        optimiser=OptimiserConfig(learning_rate=1e-3, clip_norm=1.0),
        train=TrainConfig(steps=800, log_every=50, eval_every=400, checkpoint_every=400),
    )
