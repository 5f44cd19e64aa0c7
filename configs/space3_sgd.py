r"""SPACE-3, mini, on the Schema-Guided Dialogue files, the labels of half of the dialogues hidden.

  space-jax data build sgd --source SGD_FOLDER --tokenizer minilm --labelled-share 0.5 \
      --max-turns 2 --max-turn-tokens 40 --out runs/sgd/corpus
  space-jax pretrain --config configs/space3_sgd.py --workdir runs/sgd/scratch
  space-jax pretrain --config configs/space3_sgd.py --workdir runs/sgd/minilm --init minilm \
      --config.optimiser.learning_rate=4e-4

Hardware: two CPU cores, 3.0 s a step; the runs below took 3.3 s a step, 40 minutes. Held out, before and after the 700
steps:
  from scratch  perplexity 37508 -> 23, DA F1 0.37 -> 0.68, retrieval of the intent 0.45 -> 0.68, of the domain
                0.17 -> 0.29, of the tree 0.05 -> 0.10
  from MiniLM   perplexity 28152 -> 15, DA F1 0.44 -> 0.68, intent 0.52 -> 0.67, domain 0.40 -> 0.53, tree 0.11 -> 0.19

Without the extra `minilm` train a tokenizer (`space-jax tokenizer train sgd --source SGD_FOLDER --vocab-size 8000 --out
runs/sgd/tokenizer`) and give its folder as --tokenizer.

The contexts are short and the batch is small so that two CPU cores see enough examples. From scratch the published
weight of the policy term, a sum over all of H, makes both of its sides constant before either has learnt anything, so
it is a hundredth here.
"""

from space_jax.config import DataConfig, OptimiserConfig, PretrainConfig, Space3Config, TrainConfig, model_config


def get_config(size: str = "mini") -> PretrainConfig:
    return PretrainConfig(
        recipe=Space3Config(policy_weight=0.001),
        # A twelfth more time, and a fifth less memory in the process.
        model=model_config(size, dropout=0.1, remat=True),
        data=DataConfig(
            prepared=("runs/sgd/corpus",),
            batch_size=32,
            labelled_share=0.5,
            context_length=128,
            response_length=80,
            examples_per_row=4,  # with a quarter as many rows as examples, no slot for an example is empty
            masked_per_row=32,
            row_ladder=(0.375, 0.5, 1.0),  # for batches that are unusually long
            # The batches differ by a tenth in the length of contexts and of responses, each on its own.
            grids=(
                (0.25, 104, 64),
                (0.25, 112, 64),
                (0.25, 112, 72),
                (0.25, 120, 64),
                (0.25, 120, 72),
                (0.25, 128, 72),
                (0.25, 128, 80),
                (0.25, 136, 88),
            ),
            eval_examples=512,
        ),
        optimiser=OptimiserConfig(learning_rate=8e-4, clip_norm=1.0),
        train=TrainConfig(steps=700, log_every=5, eval_every=100, checkpoint_every=50),
    )
