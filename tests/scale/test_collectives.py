"""Collectives read from HLO text: kinds, sizes, groups, and how often a loop turns."""

import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec

from space_jax.config import MeshConfig
from space_jax.scale.collectives import Traffic, collectives
from space_jax.training.mesh import make_mesh

# Written by hand after the form that compilers print, with two turns in a loop that calls a computation twice.
HLO = """HloModule step, entry_computation_layout={()->f32[]}

%add (x: f32[], y: f32[]) -> f32[] {
  ROOT %sum = f32[] add(%x, %y)
}

%inner (p: bf16[4,8]) -> bf16[16,8] {
  ROOT %gathered = bf16[16,8]{1,0:T(8,128)} all-gather(%p), replica_groups=[2,4]<=[8], dimensions={0}
}

%body (state: (s32[], f32[8])) -> (s32[], f32[8]) {
  %one = bf16[16,8]{1,0} fusion(%a), kind=kCustom, calls=%inner
  %two = bf16[16,8]{1,0} fusion(%b), kind=kCustom, calls=%inner
  %reduced = (f32[8]{0}, f32[2]{0}) all-reduce(%c, %d), replica_groups={{0,1,2,3}}, to_apply=%add
}

%condition (state: (s32[], f32[8])) -> pred[] {
  ROOT %less = pred[] compare(%i, %n), direction=LT
}

ENTRY %main (p: f32[64]) -> f32[] {
  %loop = (s32[], f32[8]{0}) while(%start), condition=%condition, body=%body, config={"known_trip_count":{"n":"2"}}
  %scattered = f32[8]{0} reduce-scatter(%p), replica_groups=mesh['a'=2,'b'=4] {'a','b'}, dimensions={0}, to_apply=%add
  %sent = (f32[8]{0}, f32[8]{0}, u32[], u32[]) collective-permute-start(%q), source_target_pairs={{0,1}}
  %arrived = f32[8]{0} collective-permute-done(%sent)
}
"""


def test_every_kind_is_counted_with_its_bytes_and_turns():
    assert collectives(HLO) == {
        "all-gather": Traffic(4, 4 * 16 * 8 * 2),
        "all-reduce": Traffic(2, 2 * (8 + 2) * 4),
        "collective-permute": Traffic(1, 8 * 4),
        "reduce-scatter": Traffic(1, 8 * 4 * 8),
    }


def test_a_collective_that_runs_in_parts_counts_once():
    gather = (
        'f32[64,8]{1,0} all-gather(%p), replica_groups=[1,8]<=[8], backend_config={"async_collective_fusion_config":'
    )
    parts = [
        f'  %part.{flag} = {gather}{{"flag_start":"{flag}","flag_end":"{end}"}}}}' for flag, end in ((-1, -1), (2, 8))
    ]
    hlo = "\n".join(["ENTRY %main (p: f32[8,8]) -> f32[64,8] {", *parts, parts[1], "}"])
    assert collectives(hlo) == {"all-gather": Traffic(1, 64 * 8 * 4)}


def test_a_program_of_this_compiler():
    mesh = make_mesh(MeshConfig())
    rows = jax.ShapeDtypeStruct((8, 16), jnp.float32, sharding=NamedSharding(mesh, PartitionSpec("data")))
    whole = NamedSharding(mesh, PartitionSpec())
    compiled = jax.jit(lambda a: a.sum(0), out_shardings=whole).lower(rows).compile()
    assert collectives(compiled.as_text()) == {"all-reduce": Traffic(1, 16 * 4)}
