"""The backbone against a plain NumPy transformer, and the promises that decoders build on."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.models.backbone import Adapter, Attention, Backbone, masked_softmax, position_init, weight_init
from space_jax.models.kv_cache import KVCache
from tests.models.conftest import MODEL

RNG = np.random.default_rng(0)
SEGMENTS = jnp.array([[1, 1, 1, 2, 2, 0], [1, 1, 0, 0, 0, 0]])
X = jnp.asarray(RNG.normal(size=(2, 6, MODEL.hidden)), jnp.float32)


@pytest.fixture(scope="module")
def params():
    model = Backbone(MODEL)

    def touch(module, ids, x):
        module.embedding(ids, ids, ids * 0, ids * 0)
        return module.encode(x, SEGMENTS)

    boxed = model.init(jax.random.key(0), jnp.ones((2, 6), jnp.int32), X, method=touch)["params"]
    plain = jax.tree.map(lambda b: b.value, boxed, is_leaf=lambda b: hasattr(b, "names"))
    return jax.tree.map(lambda x: x if x.ndim > 1 else x + 0.05, plain)


encode = jax.jit(lambda params, x, segments: Backbone(MODEL).apply({"params": params}, x, segments, method="encode"))
decode = jax.jit(
    lambda params, x, segments, memory: Backbone(MODEL).apply({"params": params}, x, segments, memory, method="decode")
)


def layer_norm(x, norm):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + MODEL.layer_norm_epsilon) * norm["norm"]["scale"] + norm["norm"]["bias"]


def plain_block(x, w, mask):
    """One layer of one row, head by head and query by query."""
    attention = w["attention"]
    out = np.zeros_like(x) + attention["out_bias"]
    for head in range(MODEL.heads):
        q, k, v = (x @ attention["qkv_kernel"][:, part, head] + attention["qkv_bias"][part, head] for part in range(3))
        for i in range(len(x)):
            seen = np.flatnonzero(mask[i])
            if len(seen):
                scores = np.exp(k[seen] @ q[i] / math.sqrt(q.shape[1]))
                out[i] += (scores / scores.sum()) @ v[seen] @ attention["out_kernel"][head]
    x = layer_norm(x + out, w["attention_norm"])
    inner = x @ w["inner"]["kernel"] + w["inner"]["bias"]
    inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
    return layer_norm(x + inner @ w["outer"]["kernel"] + w["outer"]["bias"], w["outer_norm"])


def test_encode_equals_a_plain_transformer(params):
    out, _ = encode(params, X, SEGMENTS)
    layers = jax.tree.map(lambda x: np.asarray(x, np.float64), params["layers"])
    for row in range(2):
        segments = np.asarray(SEGMENTS[row])
        mask = (segments[:, None] == segments[None]) & (segments[:, None] > 0)
        x = np.asarray(X[row], np.float64)
        for i in range(MODEL.layers):
            x = plain_block(x, jax.tree.map(lambda p, i=i: p[i], layers), mask)
        np.testing.assert_allclose(out[row], x, atol=2e-5)


def test_decoding_in_pieces_equals_decoding_at_once(params):
    """A causal decoder may take its tokens one by one on the memory of the ones before."""
    segments = jnp.ones((2, 6), jnp.int32)
    nothing = KVCache.empty(MODEL, 2)
    whole, memory = decode(params, X, segments, nothing)
    first, partial = decode(params, X[:, :4], segments[:, :4], nothing)
    second, partial = decode(params, X[:, 4:], segments[:, 4:], partial)
    np.testing.assert_allclose(jnp.concatenate([first, second], axis=1), whole, atol=1e-5)
    np.testing.assert_allclose(partial.keys, memory.keys, atol=1e-5)
    np.testing.assert_array_equal(partial.segments, memory.segments)


def test_a_shallow_decoder_is_a_model_of_the_top_layers(params):
    """On the memory of the last layer alone, against a model that has no other; on that of all, nothing changes."""
    _, memory = encode(params, X, SEGMENTS)
    assert memory.top(0) is memory
    for layers in (1, MODEL.layers):
        shallow = Backbone(dataclasses.replace(MODEL, layers=layers))
        cut = params | {"layers": jax.tree.map(lambda x, n=layers: x[-n:], params["layers"])}
        run = jax.jit(
            lambda cut, top, shallow=shallow: shallow.apply({"params": cut}, X, SEGMENTS, top, method="decode")
        )
        expected, grown = run(cut, memory.top(layers))
        ours, kept = decode(params, X, SEGMENTS, memory.top(layers))
        np.testing.assert_allclose(ours, expected, atol=1e-6)
        assert kept.keys.shape == grown.keys.shape == (layers, 2, MODEL.heads, 12, MODEL.hidden // MODEL.heads)
        np.testing.assert_allclose(kept.values, grown.values, atol=1e-6)


def test_a_shallow_decoder_trains_its_layers_alone(params):
    """The layers below learn through the memory only, which is held here; each call draws masks of its own."""
    _, memory = encode(params, X, SEGMENTS)

    def loss(params, rngs):
        model = Backbone(dataclasses.replace(MODEL, dropout=0.5))
        x, _ = model.apply({"params": params}, X, SEGMENTS, memory.top(1), method="decode", rngs=rngs)
        return (x[..., 0] ** 2).sum()

    run = jax.jit(jax.value_and_grad(loss))
    keys = [{"dropout": jax.random.key(seed)} for seed in (0, 0, 1)]
    (first, gradient), (again, _), (other, _) = (run(params, key) for key in keys)
    assert first == again != other
    for leaf in jax.tree.leaves(gradient["layers"]):
        np.testing.assert_array_equal(leaf[:-1], 0)
    assert np.abs(gradient["layers"]["inner"]["kernel"][-1]).max() > 0


def test_new_adapters_change_nothing_to_the_bit(params):
    """And are what is left to train where everything else is frozen."""
    adapted = Backbone(dataclasses.replace(MODEL, adapter=3))

    def touch(module, ids, x):
        module.embedding(ids, ids, ids * 0, ids * 0)
        return module.encode(x, SEGMENTS)

    boxed = adapted.init(jax.random.key(0), jnp.ones((2, 6), jnp.int32), X, method=touch)["params"]
    fresh = jax.tree.map(lambda b: b.value, boxed, is_leaf=lambda b: hasattr(b, "names"))
    added = {name: part for name, part in fresh["layers"].items() if name.endswith("_adapter")}
    assert set(added) == {"attention_adapter", "outer_adapter"}
    whole = params | {"layers": params["layers"] | added}
    run = jax.jit(lambda params: adapted.apply({"params": params}, X, SEGMENTS, method="encode")[0])
    np.testing.assert_array_equal(run(whole), encode(params, X, SEGMENTS)[0])
    gradients = jax.grad(lambda params: (run(params)[..., 0] ** 2).sum())(whole)["layers"]
    for name in added:
        assert np.abs(gradients[name]["up_kernel"]).max() > 0
        np.testing.assert_array_equal(gradients[name]["down"]["kernel"], 0)  # behind zeros, at first


def test_an_adapter_is_what_it_says(params):
    """Against NumPy, with weights that are not zero."""
    config, rng = dataclasses.replace(MODEL, adapter=3), np.random.default_rng(3)
    down, up = rng.normal(size=(16, 3)).astype(np.float32), rng.normal(size=(3, 16)).astype(np.float32)
    bias = rng.normal(size=16).astype(np.float32)
    given = {"down": {"kernel": down, "bias": np.full(3, 0.5, np.float32)}, "up_kernel": up, "up_bias": bias}
    inner = np.asarray(X, np.float64) @ down + 0.5
    inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
    ours = jax.jit(lambda x: Adapter(config).apply({"params": given}, x))(X)
    np.testing.assert_allclose(ours, np.asarray(X) + inner @ up + bias, atol=1e-5)


def test_context_never_sees_the_decoder(params):
    """The memory of the context is the same whatever is decoded on it."""
    _, memory = encode(params, X, SEGMENTS)
    _, grown = decode(params, X[:, :2], SEGMENTS[:, :2], memory)
    np.testing.assert_array_equal(grown.keys[..., :6, :], memory.keys)


def test_other_segments_have_no_influence(params):
    out, _ = encode(params, X, SEGMENTS)
    changed = X.at[0, 3:].set(9.0)
    np.testing.assert_array_equal(encode(params, changed, SEGMENTS)[0][0, :3], out[0, :3])
    grads = jax.grad(lambda x: encode(params, x, SEGMENTS)[0][0, :3].sum())(X)
    np.testing.assert_array_equal(grads[0, 3:], 0)
    np.testing.assert_array_equal(grads[1], 0)


def test_masked_softmax_is_zero_where_nothing_is_seen():
    mask = jnp.array([[[True, False], [False, False]]])
    scores = jnp.array([[[[1e4, 1e4], [3.0, -1e4]]]])
    np.testing.assert_array_equal(masked_softmax(scores, mask)[0, 0], [[1, 0], [0, 0]])
    grads = jax.grad(lambda s: (masked_softmax(s, mask) ** 2).sum())(scores)
    np.testing.assert_array_equal(grads, 0)


def test_remat_changes_nothing(params):
    remat = Backbone(dataclasses.replace(MODEL, remat=True))

    def loss(params, model):
        return (model.apply({"params": params}, X, SEGMENTS, method="encode")[0] ** 3).sum()

    plain = jax.jit(jax.grad(lambda p: loss(p, Backbone(MODEL))))(params)
    recomputed = jax.jit(jax.grad(lambda p: loss(p, remat)))(params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4), plain, recomputed)


def test_bfloat16_stays_close_and_parameters_stay_float32(params):
    half = Backbone(dataclasses.replace(MODEL, dtype="bfloat16"))
    out, memory = half.apply({"params": params}, X, SEGMENTS, method="encode")
    assert out.dtype == memory.keys.dtype == jnp.bfloat16
    np.testing.assert_allclose(out.astype(jnp.float32), encode(params, X, SEGMENTS)[0], atol=0.15)
    logits = half.apply({"params": params}, out, method=lambda m, x: m.embedding.logits(x))
    assert logits.dtype == jnp.float32


def test_padding_of_the_vocabulary_is_never_chosen(params):
    logits = Backbone(MODEL).apply({"params": params}, X, method=lambda m, x: m.embedding.logits(x))
    assert logits.shape[-1] == 128
    probabilities = jax.nn.softmax(logits)
    np.testing.assert_array_equal(probabilities[..., 60:], 0)


def test_embedding_adds_only_the_given_parts(params):
    ids = jnp.full((1, 3), 20)
    embed = jax.jit(
        lambda *parts: Backbone(MODEL).apply({"params": params}, *parts, method=lambda m, *p: m.embedding(*p))
    )
    tables = jax.tree.map(np.asarray, params["embedding"])
    positions, roles, turns = jnp.array([[0, 1, 2]]), jnp.array([[0, 1, 1]]), jnp.array([[2, 1, 1]])
    summed = tables["token"][[20] * 3] + tables["position"][:3] + tables["role"][[0, 1, 1]] + tables["turn"][[2, 1, 1]]
    np.testing.assert_allclose(embed(ids, positions, roles, turns)[0], layer_norm(summed, tables["norm"]), atol=1e-5)
    np.testing.assert_allclose(embed(ids)[0], layer_norm(tables["token"][[20] * 3], tables["norm"]), atol=1e-5)


@pytest.mark.parametrize(("width", "spread"), [(768, 0.02), (192, 0.04), (3072, 0.01)])
def test_weights_have_the_published_spread_in_proportion_to_the_width(width, spread):
    init = weight_init(dataclasses.replace(MODEL, hidden=width, heads=2))
    assert np.std(init(jax.random.key(0), (300, 300))) == pytest.approx(spread, rel=0.02)


def test_a_model_of_identity_projections_looks_at_like_tokens_and_copies_them():
    """Different tokens in all places but two: whoever asks like the second finds what it is."""
    model = dataclasses.replace(MODEL, hidden=256, heads=2, attention_init="identity", dropout=0.0)
    tokens = np.random.default_rng(0).normal(size=(7, 256))
    x = jnp.asarray(np.concatenate([tokens, tokens[1:2]]), jnp.float32)[None]
    asks = x[:, -1:] + 0.1
    nothing = (jnp.zeros((1, 2, 0, 128)), jnp.zeros((1, 2, 0, 128)))
    attention = Attention(model)
    params = attention.init(jax.random.key(0), x, nothing, jnp.ones((1, 8, 8), bool))
    _, memory = attention.apply(params, x, nothing, jnp.ones((1, 8, 8), bool))
    found, _ = attention.apply(params, asks, memory, jnp.asarray([[[True] * 7 + [False] * 2]]))
    likeness = np.corrcoef(np.asarray(found)[0, 0], tokens)[0, 1:]
    assert likeness.argmax() == 1
    assert likeness[1] > 0.9


@pytest.mark.parametrize("width", [33, 64])
def test_positions_of_such_a_model_are_waves(width):
    config = dataclasses.replace(MODEL, hidden=width, heads=1, attention_init="identity")
    table = np.asarray(position_init(config)(jax.random.key(0), (40, width)))
    likeness = np.corrcoef(table)
    assert (likeness.argsort(axis=1)[:, -1] == np.arange(40)).all()
    beside, far = np.diagonal(likeness, 1), np.diagonal(likeness, 15)
    assert beside.min() > far.max()
    assert (table**2).sum(axis=1)[5] == pytest.approx(2 * 2**2 * 0.02**2 * 768 / 2, rel=0.05)
    usual = dataclasses.replace(config, attention_init="normal")
    key, shape = jax.random.key(3), (5, width)
    np.testing.assert_array_equal(position_init(usual)(key, shape), weight_init(usual)(key, shape))
