"""What attention of one layer costs a TPU chip along its reference path and by splash: compiled, value and gradient.

  python benchmarks/attention_memory.py --out benchmarks/results/attention_memory.json

Sixteen rows of SPACE-3 base on a chip of a v5e: the encoder on 256 and on 384 tokens, and a decoder of 64 tokens on 384
earlier ones; four examples a row and no padding. Nothing is run (it needs the extra tpu): temporary memory is the
compiler's, the traffic is read from its program (`space_jax/scale/memory_traffic.py`), and so excludes what stays in
the core's own memory.
"""

import argparse
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import SingleDeviceSharding

from space_jax.models.attend import attend
from space_jax.models.fused_attention import splash
from space_jax.models.masks import Sight
from space_jax.scale.memory_traffic import memory_traffic
from space_jax.scale.topology import topology_devices

ROWS, HEADS, WIDTH, RATE = 16, 12, 64, 0.2
CALLS = {"encoder, 256": (256, 0), "encoder, 384": (384, 0), "decoder, 64 on 384": (64, 384)}
"""Name -> own tokens and earlier tokens."""
Implementation = Callable[[jax.Array, jax.Array, jax.Array, Sight, jax.Array], jax.Array]
PATHS: dict[str, Implementation] = {
    "reference, dropout 0.2": lambda q, k, v, sight, key: attend(q, k, v, sight.mask(), key, RATE),
    "reference": lambda q, k, v, sight, key: attend(q, k, v, sight.mask(), None, 0.0),
    "splash": lambda q, k, v, sight, key: splash(q, k, v, sight),
}


def compiled(path: Implementation, own: int, memory: int, dtype: Any, device: jax.Device) -> jax.stages.Compiled:
    """The output, and the gradients of query, keys and values for a gradient of the output."""
    here = SingleDeviceSharding(device)

    def array(kind: Any, *shape: int) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(shape, kind, sharding=here)

    def run(q: Any, k: Any, v: Any, dout: Any, segments: Any, before: Any, seed: Any) -> Any:
        sight, key = Sight(segments, before, causal=memory > 0), jax.random.wrap_key_data(seed)
        out, backward = jax.vjp(lambda q, k, v: path(q, k, v, sight, key), q, k, v)
        return out, backward(dout)

    query, keys = array(dtype, ROWS, HEADS, own, WIDTH), array(dtype, ROWS, HEADS, memory + own, WIDTH)
    ids = array(jnp.int32, ROWS, own), array(jnp.int32, ROWS, memory)
    return jax.jit(run).lower(query, keys, keys, query, *ids, array(jnp.uint32, 2)).compile()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--topology", default="v5e:2x2", help="the chip of this slice (%(default)s)")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    device = topology_devices(given.topology)[0]
    found = []
    for dtype in ("float32", "bfloat16"):
        for call, (own, memory) in CALLS.items():
            for name, path in PATHS.items():
                program = compiled(path, own, memory, jnp.dtype(dtype), device)
                sizes = program.memory_analysis()
                found.append(
                    {
                        "dtype": dtype,
                        "call": call,
                        "path": name,
                        "temporary_mb": round(sizes.temp_size_in_bytes / 1e6, 1),
                        "traffic_mb": round(memory_traffic(program.as_text()) / 1e6, 1),
                        "in_and_out_mb": round((sizes.argument_size_in_bytes + sizes.output_size_in_bytes) / 1e6, 1),
                    }
                )
                print(json.dumps(found[-1]), flush=True)
    result = {
        "command": "python benchmarks/attention_memory.py",
        "date": date.today().isoformat(),
        "jax": jax.__version__,
        "device": device.device_kind,
        "rows": ROWS,
        "calls": found,
    }
    if given.out is not None:
        given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
