"""The turns of loops, in the forms in which the compilers for CPUs and for TPUs print them."""

import jax
import jax.numpy as jnp
import pytest

from space_jax.scale.loops import Runs, computations, runs

# Written by hand after what the compiler for TPUs prints: the count from 2 to 9 in the condition, the state copied.
HLO = """HloModule step

%turn (state: (s32[], f32[8], s32[])) -> (s32[], f32[8], s32[]) {
  %step = s32[]{:T(128)} constant(STEP)
  %state = (s32[]{:T(128)}, f32[8]{0:T(128)}, s32[]{:T(128)}) parameter(0)
  %count = s32[]{:T(128)} get-tuple-element(%state), index=0
  %values = f32[8]{0:T(128)} get-tuple-element(%state), index=1
  %limit = s32[]{:T(128)} get-tuple-element(%state), index=2
  %next = s32[]{:T(128)} add(%count, %step)
  ROOT %after = (s32[], f32[8], s32[]) tuple(%next, %values, %limit)
}

%more (state: (s32[], f32[8], s32[])) -> pred[] {
  %nine = s32[]{:T(128)} constant(9)
  %state = (s32[]{:T(128)}, f32[8]{0:T(128)}, s32[]{:T(128)}) parameter(0)
  %count = s32[]{:T(128)} get-tuple-element(%state), index=0
  %limit = s32[]{:T(128)} get-tuple-element(%state), index=2
  ROOT %less = pred[]{:T(512)} compare(%count, BOUND), direction=LT
}

ENTRY %main (p: f32[8], n: s32[]) -> f32[8] {
  %two = s32[]{:T(128)} constant(2)
  %seven = s32[]{:T(128)} constant(7)
  %p = f32[8]{0:T(128)} parameter(0)
  %n = s32[]{:T(128)} parameter(1)
  %first = s32[]{:T(128)} copy(%two)
  %start = (s32[]{:T(128)}, f32[8]{0:T(128)}, s32[]{:T(128)}) tuple(%first, %p, LIMIT)
  %loop = (s32[]{:T(128)}, f32[8]{0:T(128)}, s32[]{:T(128)}) while(%start), condition=%more, body=%turn
  ROOT %result = f32[8]{0:T(128)} get-tuple-element(%loop), index=1
}
"""


@pytest.mark.parametrize(
    ("bound", "limit", "step", "expected"),
    [
        ("%nine", "%n", 1, Runs(7, True)),
        ("%nine", "%n", 2, Runs(4, True)),
        ("%limit", "%seven", 1, Runs(5, True)),  # the bound is part of the state and never changes
        ("%limit", "%n", 1, Runs(1, False)),  # it depends on data
    ],
)
def test_a_loop_without_a_written_number_of_turns(bound, limit, step, expected):
    text = HLO.replace("BOUND", bound).replace("LIMIT", limit).replace("STEP", str(step))
    bodies, entry = computations(text)
    assert entry == "main"
    assert runs(bodies, entry)["turn"] == expected


def test_programs_of_this_compiler():
    def five(x):
        return jax.lax.scan(lambda x, _: (jnp.sin(x), None), x, None, length=5)[0]

    def run(x, n):
        x = jax.lax.scan(lambda x, _: (five(x) + 1, None), x, None, length=3)[0]
        return jax.lax.fori_loop(0, n, lambda _, x: jnp.cos(x), x)

    bodies, entry = computations(jax.jit(run).lower(jnp.zeros(4), 2).compile().as_text())
    found = runs(bodies, entry)
    sines, cosines = (
        {found[name] for name, lines in bodies.items() if any(f" {function}(" in line for line in lines)}
        for function in ("sine", "cosine")
    )
    assert sines == {Runs(15, True)}
    assert cosines == {Runs(1, False)}
