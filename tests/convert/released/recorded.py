"""The recordings of the released encoder-decoders in the shared folder, and copies of them with other ids."""

import json

import numpy as np

NAMES = ("palm_tiny", "palm_post_tiny", "palm_copy_tiny", "veco_tiny")
ENDS = {"official": "_weights.npz", "inputs": "_inputs.npz", "outputs": "_outputs.npz", "spec": ".json"}


def files(folder, name):
    """The four files of a recording by their options of `convert check`."""
    return {option: folder / "parity" / "family" / f"{name}{end}" for option, end in ENDS.items()}


def with_other_ids(given, folder, rng):
    """The recording after every token, special ones too, got another id: tables, batch, results and JSON agree."""
    spec = json.loads(given["spec"].read_text())
    weights, inputs, outputs = (dict(np.load(given[option])) for option in ("official", "inputs", "outputs"))
    size = spec["sizes"]["vocabulary"]
    new = rng.permutation(size)  # old id -> new id
    old = np.argsort(new)

    def moved(array):
        """With every axis of the vocabulary's size in the new order."""
        for axis, length in enumerate(array.shape):
            if length == size:
                array = np.take(array, old, axis=axis)
        return array

    for name in (name for name in inputs if name.endswith(("_ids", "_labels")) and name != "token_type_ids"):
        array = inputs[name]
        inputs[name] = np.where(array >= 0, new[np.maximum(array, 0)], array)
    spec["ids"] = {name: int(new[number]) for name, number in spec["ids"].items()}
    made = {option: folder / f"other{end}" for option, end in ENDS.items()}
    np.savez(made["official"], **{key: moved(array) for key, array in weights.items()})
    np.savez(made["inputs"], **inputs)
    np.savez(made["outputs"], **{name: moved(array) for name, array in outputs.items()})
    made["spec"].write_text(json.dumps(spec))
    return made
