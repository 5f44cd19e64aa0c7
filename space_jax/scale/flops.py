"""Floating-point operations of a function: its matrix products, counted in JAX's traced program.

XLA's own count (`cost_analysis`) counts the body of a loop once, however often it runs, and counts the compiler's
output. This one multiplies by the iterations and is the same on every backend.
"""

import math
from typing import Any


def product_flops(jaxpr: Any) -> int:
    """2 x multiplications of all matrix products; elementwise operations are not counted.

    Args:
      jaxpr: a Jaxpr or ClosedJaxpr. Loops with a fixed number of iterations count that often, others once; of the
        branches of a condition, the largest counts.

    Returns:
      Operations on all devices together.
    """
    inner = getattr(jaxpr, "jaxpr", jaxpr)
    return sum(_equation_flops(equation) for equation in inner.eqns)


def _equation_flops(equation: Any) -> int:
    name, parameters = equation.primitive.name, equation.params
    if name == "dot_general":
        left, right = equation.invars
        return _dot_flops(left.aval.shape, right.aval.shape, parameters["dimension_numbers"])
    if name == "cond":
        return max(product_flops(branch) for branch in parameters["branches"])
    times = 1
    if name == "scan":
        times = parameters["length"]
    elif name == "shard_map":  # its shapes are per device
        times = math.prod(parameters["mesh"].shape.values())
    return times * sum(product_flops(part) for value in parameters.values() for part in _jaxprs(value))


def _jaxprs(value: Any) -> list[Any]:
    if hasattr(value, "eqns") or hasattr(getattr(value, "jaxpr", None), "eqns"):
        return [value]
    if isinstance(value, tuple | list):
        return [part for element in value for part in _jaxprs(element)]
    return []


def _dot_flops(left: tuple[int, ...], right: tuple[int, ...], numbers: Any) -> int:
    (_, right_contract), (_, right_batch) = numbers
    shared = {*right_contract, *right_batch}  # these axes are among those of the left side
    free = math.prod(size for axis, size in enumerate(right) if axis not in shared)
    return 2 * math.prod(left) * free
