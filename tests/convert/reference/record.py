"""Records the small reference files beside this module.

Run from the repository's root: `python -m tests.convert.reference.record`. The files have the format of the shared
reference files, at other sizes, and need nothing from outside the repository. What the random weights make of the batch
is computed by this folder's PyTorch reference, which tests/convert/test_reference.py holds against the shared numbers.
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from tests.convert.reference import outputs, samples

# With these, some of the searched responses end and others do not, and a wider beam and the prompts make a difference.
WEIGHTS_SEED, INPUTS_SEED, ACTS_SEED = 1, 2, 3
BEAMS, LIMIT = (1, 3), 10


def record(folder: Path) -> None:
    """Writes the files of all three models into `folder`."""
    frames = {"frames": samples.FRAMES, "resp_frames": samples.RESP_FRAMES}
    for number in (1, 2, 3):
        start = f"{folder}/space{number}_small"
        weights = samples.random_weights(number, WEIGHTS_SEED + number)
        inputs = samples.random_inputs(number, INPUTS_SEED)
        net, batch = outputs.network(weights, samples.CONFIG["heads"]), outputs.tensors(inputs)
        if number == 1:
            computed = outputs.space1_outputs(net, batch, samples.random_acts(ACTS_SEED))
        elif number == 2:
            computed = outputs.space2_outputs(net, batch, samples.FRAMES)
        else:
            computed = outputs.space3_outputs(net, batch, samples.FRAMES, samples.RESP_FRAMES)
            np.savez_compressed(f"{start}_generation.npz", **outputs.generation(net, batch, BEAMS, LIMIT))
        save_file(weights, f"{start}.safetensors")
        np.savez_compressed(f"{start}_inputs.npz", **inputs)
        np.savez_compressed(f"{start}_outputs.npz", **computed)
        text = json.dumps(frames | {"config": samples.CONFIG}, indent=1)
        Path(f"{start}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    record(Path(__file__).parent)
