"""Floating-point operations of a function: its matrix products, counted in JAX's traced program.

XLA's own count (`cost_analysis`) counts the body of a loop once, however often it runs, and counts the compiler's
output. This one multiplies by the iterations and is the same on every backend.
"""

import math
from typing import Any


def product_flops(jaxpr: Any) -> int:
    """2 x multiplications of all matrix products; elementwise operations, and those within cuDNN, are not counted.

    Args:
      jaxpr: a Jaxpr or ClosedJaxpr. A loop counts with the most iterations that it can have, see `most_turns`; of the
        branches of a condition, the largest counts.

    Returns:
      Operations on all devices together.

    Raises:
      ValueError: there are products in a loop of which nothing says how often it runs at most.
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
    inside = sum(product_flops(part) for value in parameters.values() for part in _jaxprs(value))
    if name == "scan":
        return parameters["length"] * inside
    if name == "while" and inside:
        return most_turns(equation) * inside
    if name == "pallas_call":  # the kernel's program is that of one cell of its grid
        return math.prod(parameters["grid_mapping"].grid) * inside
    if name == "shard_map":  # its shapes are per device
        return math.prod(parameters["mesh"].shape.values()) * inside
    return inside


def most_turns(loop: Any) -> int:
    """The most turns of a loop that counts in steps of 1 and goes on while its count is below a number written there.

    `jax.lax.while_loop(lambda state: (state.count < wanted) & (state.count < 27), ...)` from 0 has 27 at most, whatever
    the data say of `wanted`.

    Args:
      loop: the equation of a `while`.

    Raises:
      ValueError: its condition names no such number, alone or with others that must hold.
    """
    parameters = loop.params
    condition, body = parameters["cond_jaxpr"].jaxpr, parameters["body_jaxpr"].jaxpr
    made: dict[Any, Any] = {output: equation for equation in condition.eqns for output in equation.outvars}
    state = condition.invars[parameters["cond_nconsts"] :]
    bounds, hold = [], [condition.outvars[0]]
    while hold:
        equation = made.get(hold.pop())
        if equation is None:
            continue
        name = equation.primitive.name
        if name in ("and", "convert_element_type"):
            hold.extend(variable for variable in equation.invars if not _is_literal(variable))
        elif name == "lt" and _is_literal(equation.invars[1]) and equation.invars[0] in state:
            place = state.index(equation.invars[0])
            first = loop.invars[len(loop.invars) - len(state) + place]
            if _is_literal(first) and _counts(body, parameters["body_nconsts"], place):
                bounds.append(max(0, int(equation.invars[1].val) - int(first.val)))
    if not bounds:
        raise ValueError("products in a loop of unknown length cannot be counted: its condition must name a bound")
    return min(bounds)


def _is_literal(variable: Any) -> bool:
    return hasattr(variable, "val")


def _counts(body: Any, constants: int, place: int) -> bool:
    """Whether a loop's body adds 1 to this part of its state."""
    before, after = body.invars[constants + place], body.outvars[place]
    return any(
        equation.primitive.name == "add"
        and equation.outvars[0] is after
        and equation.invars[0] is before
        and _is_literal(equation.invars[1])
        and equation.invars[1].val == 1
        for equation in body.eqns
    )


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
