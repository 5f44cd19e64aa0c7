"""What the recorded files are computed from: random weights and a batch of five turns with their semantic frames.

The generator is NumPy's frozen one, so that every run and every version draws the same numbers.
"""

import numpy as np

Arrays = dict[str, np.ndarray]

CONFIG = {"vocab": 67, "hidden": 18, "heads": 3, "layers": 2, "positions": 24, "types": 2, "turns": 9}
FEED_FORWARD, SUBSPACE, ACTS = 72, 7, 20
SOURCE, TARGET, QUERY = 14, 8, 7
MASK, FIRST_UNDERSTAND, FIRST_POLICY = 5, 50, 55

# Lengths of the context's turns, oldest first; of the responses; of the last user turns; and the positions masked.
TURNS = [[5, 4, 5], [3, 2, 4, 2], [6], [1, 1, 2, 3, 2, 3], [7, 5]]
RESPONSES = [8, 5, 3, 6, 2]
QUERIES = [7, 4, 6, 3, 5]
MASKED = [[0, 9, 13], [4], [2, 3, 4, 5], [], [1, 7]]

# Wide enough for recorded searches that differ: positions that count keep the decoder from repeating itself.
SCALES = {"embedder.pos_embedding.weight": 1.0, "embedder.token_embedding.weight": 0.5, "act_classifier.weight": 0.5}
LAYER_SCALE, OTHER_SCALE = 0.5, 0.2

# Repeated values, upper case, names that mean "none", two domains, a missing tree; all ten views differ between turns.
FRAMES: list[dict] = [
    {"hotel": {"inform": {"area": [{"value": "North"}], "stars": [{"value": "4"}, {"value": "4"}]}}},
    {
        "restaurant": {"inform": {"area": [{"value": "north"}], "food": [{"value": "Thai "}]}},
        "taxi": {"request": {"phone": []}},
    },
    {},
    {
        "DEFAULT_DOMAIN": {"inform": {"stars": [{"value": "4"}]}},
        "Restaurant": {"DEFAULT_INTENT": {"food": [{"value": "thai"}]}},
    },
    {
        "hotel": {
            "request": {"area": [{"value": "north"}], "phone": []},
            "inform": {"stars": [{"value": "3"}], "people": [{"value": "4"}]},
        }
    },
]
# The first and the last are equal but for case; two are missing, which makes them alike in nothing.
RESP_FRAMES: list[dict] = [
    {"hotel": {"recommend": {"name": [{"value": "the lamb"}]}}},
    {"general": {"bye": {}}, "hotel": {"recommend": {}}},
    {},
    {},
    {"Hotel": {"RECOMMEND": {"name": [{"value": "The Lamb"}]}}},
]


def shapes(number: int) -> dict[str, tuple[int, ...]]:
    """Keys and shapes of the weights of SPACE-`number`, as in the published checkpoints."""
    H, V = CONFIG["hidden"], CONFIG["vocab"]

    def dense(name: str, width: int, inputs: int = H) -> dict[str, tuple[int, ...]]:
        return {f"{name}.weight": (width, inputs), f"{name}.bias": (width,)}

    def norm(name: str) -> dict[str, tuple[int, ...]]:
        return {f"{name}.weight": (H,), f"{name}.bias": (H,)}

    tables = {"token": V, "pos": CONFIG["positions"], "type": CONFIG["types"], "turn": CONFIG["turns"]}
    found: dict[str, tuple[int, ...]] = {
        f"embedder.{name}_embedding.weight": (rows, H) for name, rows in tables.items()
    }
    found |= norm("embed_layer_norm")
    for i in range(CONFIG["layers"]):
        found |= dense(f"layers.{i}.attn.linear_qkv", 3 * H) | dense(f"layers.{i}.attn.linear_out", H)
        found |= norm(f"layers.{i}.attn_norm") | norm(f"layers.{i}.ff_norm")
        found |= dense(f"layers.{i}.ff.linear_hidden.0", FEED_FORWARD)
        found |= dense(f"layers.{i}.ff.linear_out", H, FEED_FORWARD)
    if number == 1:
        return found | {"mask_embed": (1, 1, H)} | dense("act_classifier", ACTS)
    found |= {"mlm_bias": (V,)} | dense("mlm_transform.0", H) | norm("mlm_transform.2")
    if number == 2:
        return found | dense("subspace.projection.0", 10 * SUBSPACE)
    return found | dense("pooler.0", H) | {"bow_predictor.weight": (V, H)}


def random_weights(number: int, seed: int) -> Arrays:
    """Normal weights; a LayerNorm's scale is around 1."""
    rng = np.random.RandomState(seed)
    weights = {}
    for key, shape in shapes(number).items():
        scale = SCALES.get(key, LAYER_SCALE if key.startswith("layers.") and len(shape) == 2 else OTHER_SCALE)
        around = 1.0 if "norm.weight" in key or key == "mlm_transform.2.weight" else 0.0
        weights[key] = (around + scale * rng.standard_normal(shape)).astype(np.float32)
    return weights


def padded(rows: list[list[int]], width: int) -> np.ndarray:
    return np.array([row + [0] * (width - len(row)) for row in rows], np.int64)


def random_inputs(number: int, seed: int) -> Arrays:
    """A batch laid out as the models read it: positions restart in every turn, turn ids count back from the end."""
    rng = np.random.RandomState(seed)

    def tokens(lengths: list[int], width: int) -> np.ndarray:
        return padded([rng.randint(6, FIRST_UNDERSTAND, length).tolist() for length in lengths], width)

    distance = [[len(turns) - n for n, length in enumerate(turns) for _ in range(length)] for turns in TURNS]
    source = tokens([sum(turns) for turns in TURNS], SOURCE)
    masked = padded([[int(i in chosen) for i in range(SOURCE)] for chosen in MASKED], SOURCE)
    target, rest = tokens(RESPONSES, TARGET), np.zeros((len(TURNS), TARGET), np.int64)
    inputs = {
        "src_token": source,
        "src_mask": (source > 0).astype(np.int64),
        "src_pos": padded([[i for length in turns for i in range(length)] for turns in TURNS], SOURCE),
        "src_type": padded([[turn % 2 for turn in turns] for turns in distance], SOURCE),
        "src_turn": padded(distance, SOURCE),
        "tgt_token": target,
        "tgt_mask": (target > 0).astype(np.int64),
        "tgt_pos": np.tile(np.arange(TARGET), (len(TURNS), 1)),
        "tgt_type": rest,
        "tgt_turn": rest,
        "mlm_token": np.where(masked > 0, MASK, source),
        "mlm_label": source * masked,
        "mlm_mask": masked,
    }
    if number < 3:
        return inputs
    for name, first in (("understand", FIRST_UNDERSTAND), ("policy", FIRST_POLICY)):
        inputs[f"{name}_token"] = np.tile(np.arange(first, first + 5), (len(TURNS), 1))
        inputs[f"{name}_mask"] = np.ones((len(TURNS), 5), np.int64)
    query = tokens(QUERIES, QUERY)
    return inputs | {"query_token": query, "query_mask": (query > 0).astype(np.int64), "ids": np.arange(len(TURNS))}


def random_acts(seed: int) -> Arrays:
    """Dialog acts, the tag of every example, and two sets of logits that run from almost even to almost certain."""
    rng = np.random.RandomState(seed)
    spread = np.array([[0.3], [1.0], [2.0], [3.0], [8.0]])
    logits = {name: (spread * rng.standard_normal((len(TURNS), ACTS))).astype(np.float32) for name in ("kl_p", "kl_q")}
    acts = (rng.uniform(size=(len(TURNS), ACTS)) < 0.15).astype(np.int64)
    return logits | {"act_index": acts, "tag": np.array([0, 1, 0, 1, 1])}
