"""Modules that unplug: the parts of a model by the paths of their parameters, taken out, put in, frozen, counted.

A module is a path such as `pooler`, `head` or `backbone/layers`, and every parameter at or below it. The idea is that
of Tongyi's modular models, where modules are plugged in and out for fine-tuning or further pre-training.
"""

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from space_jax.errors import UserError
from space_jax.models.weights import Weights

ADAPTER = "_adapter"  # how the names of adapters end, see `models.backbone`


def within(path: str, module: str) -> bool:
    """Whether a parameter belongs to a module.

    >>> within("backbone/layers/outer/bias", "backbone/layers"), within("pooler_2/bias", "pooler")
    (True, False)
    """
    return path == module or path.startswith(f"{module}/")


def frozen(path: str, modules: Iterable[str]) -> bool:
    """Whether a parameter of frozen modules stays as it is; an adapter in one does only if the module names it.

    >>> modules = ("backbone", "pooler")
    >>> frozen("backbone/layers/outer/bias", modules), frozen("backbone/layers/outer_adapter/up_bias", modules)
    (True, False)
    """
    return any(within(path, module) and (ADAPTER not in path or ADAPTER in module) for module in modules)


def require_modules(paths: Iterable[str], modules: Sequence[str], where: str) -> None:
    """Checks that every module has parameters.

    Raises:
      UserError: one has none; with the modules that there are.
    """
    known = list(paths)
    for module in modules:
        if not any(within(path, module) for path in known):
            there = ", ".join(module_sizes(dict.fromkeys(known, ())))
            raise UserError(f"{where}: has no module {module!r}; modules are {there}")


def unplugged(weights: Weights, modules: Sequence[str]) -> Weights:
    """The weights without some modules.

    Raises:
      UserError: there is no such module, or nothing is left.
    """
    require_modules(weights.arrays, modules, f"--without: {weights.source}")
    left = {p: array for p, array in weights.arrays.items() if not any(within(p, module) for module in modules)}
    if not left:
        raise UserError(f"--without: {weights.source}: nothing would be left")
    return dataclasses.replace(weights, arrays=left)


def plugged(weights: Weights, donor: Weights, module: str) -> Weights:
    """The weights with a module of others in the place of their own, if they have it.

    Raises:
      UserError: the donor has no such module.
    """
    require_modules(donor.arrays, [module], f"--graft {donor.source}")
    own = {path: array for path, array in weights.arrays.items() if not within(path, module)}
    taken = {path: array for path, array in donor.arrays.items() if within(path, module)}
    source = f"{weights.source} with {module} of {donor.source}"
    return dataclasses.replace(weights, arrays=own | taken, source=source)


def module_sizes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """The modules of a model and their numbers of parameters: the backbone in two, its adapters apart, then the rest.

    >>> module_sizes({"backbone/embedding/token": (4, 2), "backbone/layers/outer/bias": (3, 2), "pooler/bias": (2,)})
    {'backbone/embedding': 8, 'backbone/layers': 6, 'pooler': 2}

    Args:
      shapes: path -> shape of each parameter.
    """
    sizes: Counter[str] = Counter()
    for path, shape in shapes.items():
        sizes[_module_of(path)] += math.prod(shape)
    return dict(sizes)


def _module_of(path: str) -> str:
    parts = path.split("/")
    if parts[0] != "backbone":
        return parts[0]
    adapter = any(part.endswith(ADAPTER) for part in parts)
    return "/".join(parts[: 3 if adapter else 2])
