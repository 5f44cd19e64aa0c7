"""What the contrastive pool costs a device: memory and data sent, compiled for 8 simulated devices, value and gradient.

python benchmarks/pool_memory.py --out benchmarks/results/pool_memory.json

Both of SPACE-3's contrasts with vectors of base (768), or with `--recipe space2` its contrast in ten subspaces of the
width 768. `--topology v5e:4x4` compiles for the chips of a TPU slice instead (extra tpu). Nothing is run: the numbers
are the compiler's.
"""

import argparse
import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from space_jax.config import MeshConfig, Space2Config, Space3Config, model_config
from space_jax.models.pool import Pool
from space_jax.models.recipe import Terms
from space_jax.models.registry import make_recipe
from space_jax.scale.collectives import collectives
from space_jax.scale.topology import topology_devices
from space_jax.training.mesh import make_mesh
from space_jax.training.sharding import flax_rules

VIEWS, ELEMENTS, HIDDEN, SUBSPACE = 10, 16, 768, 768
RECIPES = {"space2": Space2Config(subspace=SUBSPACE), "space3": Space3Config()}


def inputs(examples: int, mesh: Mesh) -> tuple[Pool, tuple[jax.ShapeDtypeStruct, jax.ShapeDtypeStruct]]:
    """A pool, split over the mesh, and SPACE-2's projections, by shapes."""
    split = NamedSharding(mesh, PartitionSpec(None, ("data", "fsdp")))

    def array(dtype: Any, *shape: int) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((1, examples, *shape), dtype, sharding=split)

    pool: Any = Pool(array(bool), array(bool), array(jnp.int32, VIEWS, ELEMENTS), array(jnp.float32, 2, HIDDEN))
    kernels = jax.ShapeDtypeStruct((1, VIEWS, HIDDEN, SUBSPACE), jnp.float32)
    return pool, (kernels, jax.ShapeDtypeStruct((1, VIEWS, SUBSPACE), jnp.float32))


def compiled(name: str, examples: int, devices: Sequence[jax.Device]) -> jax.stages.Compiled:
    """The pool's loss and its gradient for the vectors."""
    mesh = make_mesh(MeshConfig(), devices)
    recipe = make_recipe(model_config("base"), RECIPES[name])
    pool, (kernels, biases) = inputs(examples, mesh)

    def loss(vectors: jax.Array, pool: Pool, kernels: jax.Array, biases: jax.Array) -> jax.Array:
        user, system = pool.replace(vectors=vectors), pool.replace(vectors=vectors / 2)
        features = {"user": user, "system": system, "kernels": kernels, "biases": biases}
        terms: Terms = recipe.finish({}, features)
        return sum((term.mean() for term in terms.values()), jnp.zeros(()))

    with jax.set_mesh(mesh), nn.logical_axis_rules(flax_rules(MeshConfig().rules)):
        return jax.jit(jax.value_and_grad(loss)).lower(pool.vectors, pool, kernels, biases).compile()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, nargs="+", default=[256, 1024, 4096])
    parser.add_argument("--devices", type=int, nargs="+", default=[8, 1])
    parser.add_argument("--topology")
    parser.add_argument("--recipe", choices=RECIPES, default="space3")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")
    if "device_count" not in os.environ.get("XLA_FLAGS", ""):  # JAX refuses to be told twice
        jax.config.update("jax_num_cpu_devices", max(given.devices))
    counts = [jax.devices()[:count] for count in given.devices]
    pools = []
    for examples in given.batch:
        for devices in [topology_devices(given.topology)] if given.topology else counts:
            program = compiled(given.recipe, examples, devices)
            pools.append(
                {
                    "examples": examples,
                    "devices": len(devices),
                    "temporary_gib": round(program.memory_analysis().temp_size_in_bytes / 2**30, 3),
                    "sent_mb": {k: round(t.bytes / 1e6, 2) for k, t in collectives(program.as_text()).items()},
                }
            )
            print(json.dumps(pools[-1]))
    result = {
        "command": f"python benchmarks/pool_memory.py --recipe {given.recipe}"
        + (f" --topology {given.topology}" if given.topology else ""),
        "date": date.today().isoformat(),
        "jax": jax.__version__,
        "device": given.topology or "simulated CPU devices",
        "pools": pools,
    }
    if given.out is not None:
        given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
