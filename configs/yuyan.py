"""YuYan's denoising on dialogues: hidden, shifted and missing words and clauses are restored by a shallow decoder.

  space-jax data build sgd --source SGD_FOLDER --tokenizer minilm --out runs/yuyan/corpus
  space-jax pretrain --config configs/yuyan.py --workdir runs/yuyan/run

From MiniLM:

  space-jax pretrain --config configs/yuyan.py:mini --workdir runs/yuyan/mini --init minilm

Of YuYan only a description is public (11 billion parameters, four corruptions, deep encoder and shallow decoder); the
shares of corrupted words and the number of decoder layers are ours: a sixth of the layers, at least one.
Hardware: meant for 8 accelerators. Not yet run by us at this size; `configs/yuyan.py:tiny` runs anywhere.
"""

from space_jax.config import DataConfig, OptimiserConfig, PretrainConfig, TrainConfig, YuYanConfig, model_config


def get_config(size: str = "base") -> PretrainConfig:
    model = model_config(size, dropout=0.1)
    return PretrainConfig(
        recipe=YuYanConfig(decoder_layers=max(1, model.layers // 6)),
        model=model,
        data=DataConfig(
            prepared=("runs/yuyan/corpus",),
            batch_size=8 if size == "tiny" else 256,
            labelled_share=0.0,
            context_length=128,  # of the corrupted text, and of the text that is written: its last turns that fit
            response_length=128,
        ),
        optimiser=OptimiserConfig(learning_rate=1e-4, weight_decay=0.01),
        train=TrainConfig(steps=100_000, eval_every=1000, checkpoint_every=1000),
    )
