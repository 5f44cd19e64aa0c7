"""SPACE-1, SPACE-2 and SPACE-3: semi-supervised pre-training for task-oriented dialogue, in JAX and Flax.

    import space_jax

    config = space_jax.load_config("space3:tiny", {"data.prepared": "runs/mine/corpus"})
    space_jax.pretrain(config, "runs/mine/run")
    space_jax.load("runs/mine/run").embed(["a cheap hotel in the north"])    # float32 [1, H]

`load` reads every kind of run: of a pre-trained model it gives vectors, of a fine-tuned one predictions, of an agent
replies. docs/python.md has an example of each; `space_jax.losses` are the losses. An error that the user can fix is a
`UserError` of one sentence.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from space_jax import losses
    from space_jax.agent.agent import Agent
    from space_jax.api.comparison import Comparison, compare
    from space_jax.api.corpora import build_corpus, train_tokenizer
    from space_jax.api.data_check import check_data
    from space_jax.api.finetuned import Finetuned
    from space_jax.api.labelling import accept_labels, suggest
    from space_jax.api.maps import DialogueMap, map_dialogues
    from space_jax.api.pretrained import Pretrained
    from space_jax.api.runs import Evaluation, curves, evaluate, finetune, load, pretrain
    from space_jax.api.trees import semantic_trees, tree_views
    from space_jax.config_files import load_config
    from space_jax.errors import UserError
    from space_jax.exporting.export import Exported, export
    from space_jax.scale.bench import bench
    from space_jax.scale.compile_ahead import compile_ahead

__version__ = "0.1.0"
__all__ = [
    "Agent",
    "Comparison",
    "DialogueMap",
    "Evaluation",
    "Exported",
    "Finetuned",
    "Pretrained",
    "UserError",
    "accept_labels",
    "bench",
    "build_corpus",
    "check_data",
    "compare",
    "compile_ahead",
    "curves",
    "evaluate",
    "export",
    "finetune",
    "load",
    "load_config",
    "losses",
    "map_dialogues",
    "pretrain",
    "semantic_trees",
    "suggest",
    "train_tokenizer",
    "tree_views",
]

# Imported at their first use, because JAX takes seconds.
_MODULES = {
    "Agent": "agent.agent",
    "Comparison": "api.comparison",
    "DialogueMap": "api.maps",
    "Evaluation": "api.runs",
    "Exported": "exporting.export",
    "Finetuned": "api.finetuned",
    "Pretrained": "api.pretrained",
    "UserError": "errors",
    "accept_labels": "api.labelling",
    "bench": "scale.bench",
    "build_corpus": "api.corpora",
    "check_data": "api.data_check",
    "compare": "api.comparison",
    "compile_ahead": "scale.compile_ahead",
    "curves": "api.runs",
    "evaluate": "api.runs",
    "export": "exporting.export",
    "finetune": "api.runs",
    "load": "api.runs",
    "load_config": "config_files",
    "map_dialogues": "api.maps",
    "pretrain": "api.runs",
    "semantic_trees": "api.trees",
    "suggest": "api.labelling",
    "train_tokenizer": "api.corpora",
    "tree_views": "api.trees",
}


def __getattr__(name: str) -> Any:
    if name == "losses":
        return importlib.import_module("space_jax.losses")
    if name not in _MODULES:
        raise AttributeError(f"module 'space_jax' has no attribute {name!r}")
    return getattr(importlib.import_module(f"space_jax.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
