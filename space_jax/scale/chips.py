"""Peak performance of accelerators, with which a measured step is compared.

Sources: the system architecture pages of Cloud TPU ("Peak compute per chip (bf16)", "HBM capacity", "HBM bandwidth",
"Interchip Interconnect BW") and the data sheets of NVIDIA (dense, not sparse).
"""

import dataclasses

from space_jax.training.least_memory import GIB


@dataclasses.dataclass(frozen=True)
class Chip:
    """One device as counted by JAX.

    Attributes:
      bfloat16: peak FLOP/s of matrix products.
      float32: the same for float32 arrays at JAX's default precision: TPUs multiply them in bfloat16, NVIDIA's in TF32.
      memory: bytes.
      bandwidth: bandwidth of that memory, bytes/s.
      links: total bandwidth to the other chips of a slice or machine, bytes/s.
    """

    bfloat16: float
    float32: float
    memory: float
    bandwidth: float
    links: float

    def peak(self, dtype: str) -> float:
        """FLOP/s for matrix products of `dtype`, "bfloat16" or "float32"."""
        return self.bfloat16 if dtype == "bfloat16" else self.float32


def _tpu(peak: float, memory: float, bandwidth: float, links: float) -> Chip:
    return Chip(peak, peak, memory * GIB, bandwidth, links)


CHIPS = {
    "TPU v4": _tpu(275e12, 32, 1.228e12, 300e9),
    "TPU v5 lite": _tpu(197e12, 15.75, 0.819e12, 200e9),  # available to the compiler, of 16 GiB
    "TPU v5": _tpu(459e12, 95, 2.765e12, 600e9),
    "TPU v6 lite": _tpu(918e12, 32, 1.64e12, 448e9),
    "NVIDIA A100-SXM4-40GB": Chip(312e12, 156e12, 40e9, 1.555e12, 600e9),
    "NVIDIA A100-SXM4-80GB": Chip(312e12, 156e12, 80e9, 2.039e12, 600e9),
    "NVIDIA H100 80GB HBM3": Chip(989e12, 495e12, 80e9, 3.35e12, 900e9),
    "NVIDIA H200": Chip(989e12, 495e12, 141e9, 4.8e12, 900e9),
}
"""`jax.Device.device_kind` -> peaks."""
