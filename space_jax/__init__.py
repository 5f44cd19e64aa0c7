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
    from space_jax.api.finetuned import Finetuned
    from space_jax.api.pretrained import Pretrained
    from space_jax.api.runs import Evaluation, evaluate, finetune, load, pretrain
    from space_jax.config_files import load_config
    from space_jax.errors import UserError

__version__ = "0.1.0"
__all__ = [
    "Agent",
    "Evaluation",
    "Finetuned",
    "Pretrained",
    "UserError",
    "evaluate",
    "finetune",
    "load",
    "load_config",
    "losses",
    "pretrain",
]

# Imported at their first use, because JAX takes seconds.
_MODULES = {
    "Agent": "agent.agent",
    "Evaluation": "api.runs",
    "Finetuned": "api.finetuned",
    "Pretrained": "api.pretrained",
    "UserError": "errors",
    "evaluate": "api.runs",
    "finetune": "api.runs",
    "load": "api.runs",
    "load_config": "config_files",
    "pretrain": "api.runs",
}


def __getattr__(name: str) -> Any:
    if name == "losses":
        return importlib.import_module("space_jax.losses")
    if name not in _MODULES:
        raise AttributeError(f"module 'space_jax' has no attribute {name!r}")
    return getattr(importlib.import_module(f"space_jax.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
