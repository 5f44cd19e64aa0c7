"""The traffic of programs counted by hand: loops, slices, updates in place, fusions, memory of the core's own."""

import jax
import jax.numpy as jnp

from space_jax.scale.memory_traffic import memory_traffic

# Written by hand after what the compiler for TPUs prints: three turns, each with a row of parameters and of results.
HLO = """HloModule step

%row (weights: f32[3,256], place: s32[]) -> f32[256] {
  %weights = f32[3,256]{1,0:T(8,128)} parameter(0)
  %place = s32[]{:T(128)} parameter(1)
  %zero = s32[]{:T(128)} constant(0)
  %part = f32[1,256]{1,0:T(8,128)} dynamic-slice(%weights, %place, %zero), dynamic_slice_sizes={1,256}
  ROOT %flat = f32[256]{0:T(128)} bitcast(%part)
}

%write (results: f32[3,256], of_place: s32[], vector: f32[256]) -> f32[3,256] {
  %results = f32[3,256]{1,0:T(8,128)} parameter(0)
  %of_place = s32[]{:T(128)} parameter(1)
  %vector = f32[256]{0:T(128)} parameter(2)
  %none = s32[]{:T(128)} constant(0)
  %line = f32[1,256]{1,0:T(8,128)} bitcast(%vector)
  ROOT %updated = f32[3,256]{1,0:T(8,128)} dynamic-update-slice(%results, %line, %of_place, %none)
}

%turn (state: (s32[], f32[3,256], f32[3,256])) -> (s32[], f32[3,256], f32[3,256]) {
  %state = (s32[]{:T(128)}, f32[3,256]{1,0:T(8,128)}, f32[3,256]{1,0:T(8,128)}) parameter(0)
  %count = s32[]{:T(128)S(6)} get-tuple-element(%state), index=0
  %all = f32[3,256]{1,0:T(8,128)} get-tuple-element(%state), index=1
  %done = f32[3,256]{1,0:T(8,128)} get-tuple-element(%state), index=2
  %one = s32[]{:T(128)S(6)} constant(1)
  %next = s32[]{:T(128)S(6)} add(%count, %one)
  %own = f32[256]{0:T(128)S(1)} fusion(%all, %count), kind=kLoop, calls=%row
  %twice = f32[256]{0:T(128)} add(%own, %own)
  %after = f32[3,256]{1,0:T(8,128)} fusion(%done, %count, %twice), kind=kLoop, calls=%write
  ROOT %out = (s32[]{:T(128)}, f32[3,256]{1,0:T(8,128)}, f32[3,256]{1,0:T(8,128)}) tuple(%next, %all, %after)
}

%more (before: (s32[], f32[3,256], f32[3,256])) -> pred[] {
  %before = (s32[]{:T(128)}, f32[3,256]{1,0:T(8,128)}, f32[3,256]{1,0:T(8,128)}) parameter(0)
  %index = s32[]{:T(128)S(6)} get-tuple-element(%before), index=0
  %three = s32[]{:T(128)S(6)} constant(3)
  ROOT %less = pred[]{:T(512)S(6)} compare(%index, %three), direction=LT
}

ENTRY %main (p: f32[3,256]) -> f32[3,256] {
  %p = f32[3,256]{1,0:T(8,128)} parameter(0)
  %start = s32[]{:T(128)} constant(0)
  %buffer = f32[3,256]{1,0:T(8,128)} custom-call(), custom_call_target="AllocateBuffer"
  %first = (s32[]{:T(128)}, f32[3,256]{1,0:T(8,128)}, f32[3,256]{1,0:T(8,128)}) tuple(%start, %p, %buffer)
  %turns = (s32[]{:T(128)}, f32[3,256]{1,0}, f32[3,256]{1,0}) while(%first), condition=%more, body=%turn
  ROOT %result = f32[3,256]{1,0:T(8,128)} get-tuple-element(%turns), index=2
}
"""
ROW = 4 * 256


def test_a_loop_reads_and_writes_what_each_turn_needs():
    """A turn reads a row of the parameters, writes twice of it, reads that and writes it into the results."""
    assert memory_traffic(HLO) == 3 * 4 * ROW


def test_what_lies_in_the_core_counts_nothing():
    inside = HLO.replace("%twice = f32[256]{0:T(128)} add", "%twice = f32[256]{0:T(128)S(1)} add")
    assert memory_traffic(inside) == 3 * 2 * ROW


def test_programs_of_this_compiler():
    """Ten turns more read and write the vector ten times more, and at most some copies of it."""

    def run(x, turns):
        return jax.lax.scan(lambda x, _: (jnp.sort(x), None), x, None, length=turns)[0]

    size = 4 * 4096
    short, long = (
        memory_traffic(jax.jit(run, static_argnums=1).lower(jnp.zeros(4096), turns).compile().as_text())
        for turns in (10, 20)
    )
    assert short >= 10 * 2 * size
    assert 10 * 2 * size <= long - short <= 10 * 6 * size


def test_what_a_fusion_hands_on_is_not_moved():
    """A product beside a part of a collective, whose input and result only pass through."""
    config = 'backend_config={"async_collective_fusion_config":{"flag_start":"2","flag_end":"8"}}'
    hlo = f"""HloModule step

%beside (a: f32[256], share: f32[256], whole: f32[2048]) -> (f32[256], f32[256], f32[2048], f32[2048]) {{
  %a = f32[256]{{0}} parameter(0)
  %share = f32[256]{{0}} parameter(1)
  %whole = f32[2048]{{0}} parameter(2)
  %more = f32[2048]{{0}} all-gather(%share), replica_groups={{{{0,1}}}}, dimensions={{0}}, {config}
  %twice = f32[256]{{0}} add(%a, %a)
  ROOT %out = (f32[256]{{0}}, f32[256]{{0}}, f32[2048]{{0}}, f32[2048]{{0}}) tuple(%twice, %share, %whole, %more)
}}

ENTRY %main (x: f32[256], y: f32[256], z: f32[2048]) -> f32[256] {{
  %x = f32[256]{{0}} parameter(0)
  %y = f32[256]{{0}} parameter(1)
  %z = f32[2048]{{0}} parameter(2)
  %all = (f32[256]{{0}}, f32[256]{{0}}, f32[2048]{{0}}, f32[2048]{{0}}) fusion(%x, %y, %z), kind=kOutput, calls=%beside
  ROOT %result = f32[256]{{0}} get-tuple-element(%all), index=0
}}
"""
    assert memory_traffic(hlo) == 2 * 4 * 256
