"""Which implementation of attention is taken, what is refused, and whole backbones along a kernel."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import ModelConfig
from space_jax.errors import UserError
from space_jax.models import attention_path as paths
from space_jax.models import fused_attention
from space_jax.models.attention_path import anywhere, attention_path, attention_sentence, settled, weights_dropout
from space_jax.models.backbone import Backbone
from tests.models.conftest import MODEL

HALF = {"dtype": "bfloat16"}


@pytest.mark.parametrize(
    ("fields", "platform", "expected", "rate"),
    [
        ({}, "cpu", "reference", 0.2),
        ({}, "tpu", "splash", 0.0),
        ({"attention_dropout": 0.1}, "tpu", "reference", 0.1),  # asked for, so there must be some
        ({"attention_dropout": 0.0}, "tpu", "splash", 0.0),
        ({"attention_dropout": 0.0}, "cpu", "reference", 0.0),
        ({"attention": "reference"}, "tpu", "reference", 0.2),
        ({"attention": "splash"}, "tpu", "splash", 0.0),
        ({}, "gpu", "reference", 0.2),  # cuDNN has no float32
        (HALF, "gpu", "cudnn", 0.0),
        ({**HALF, "heads": 1, "hidden": 136}, "gpu", "reference", 0.2),  # nor such wide heads
        ({**HALF, "heads": 4, "hidden": 12}, "gpu", "reference", 0.2),
    ],
)
def test_choice(fields, platform, expected, rate, monkeypatch):
    monkeypatch.setattr(paths, "_has_cudnn", lambda: True)
    model = ModelConfig(**fields)
    assert attention_path(model, platform) == expected
    assert weights_dropout(model, platform) == rate
    assert settled(model, platform).attention_dropout == rate


@pytest.mark.parametrize(("capability", "expected"), [("8.0", True), ("7.5", False), ("gfx942", False), (None, False)])
def test_older_gpus_and_those_of_others_take_the_reference(capability, expected, monkeypatch):
    class Device:
        compute_capability = capability

    monkeypatch.setattr(jax, "devices", lambda: [Device()])
    assert (attention_path(ModelConfig(**HALF), "gpu") == "cudnn") == expected


def test_a_kernel_of_another_platform_is_refused():
    with pytest.raises(UserError, match=r"model.attention: 'splash' does not run on .*\(cpu\); 'auto' takes what does"):
        settled(ModelConfig(attention="splash"))
    assert settled(ModelConfig(attention="splash"), "tpu").attention_dropout == 0
    assert attention_path(anywhere(ModelConfig(attention="splash"))) == "reference"
    assert anywhere(MODEL) == MODEL


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"attention": "splash", "attention_dropout": 0.2}, "a kernel without dropout; use 0, or model.attention="),
        ({"attention": "cudnn"}, "model.attention: 'cudnn' needs model.dtype='bfloat16', not 'float32'"),
        ({"attention": "cudnn", **HALF, "heads": 4, "hidden": 12}, "needs heads of a width of 8, 16, ..., 128, not 3"),
        ({"attention": "flash"}, "'flash' is not one of 'auto', 'reference', 'splash', 'cudnn'"),
        ({"attention_dropout": 1.5}, "model.attention_dropout: 1.5 is not a fraction"),
        ({"attention_dropout": -0.5}, "model.attention_dropout: -0.5 is not a fraction"),
        ({"dropout_generator": "dice"}, "'dice' is not one of 'hash', 'rbg', 'threefry'"),
    ],
)
def test_refusals(fields, message):
    with pytest.raises(UserError, match=message):
        ModelConfig(**fields)


def test_a_run_says_when_the_published_dropout_is_left_out(monkeypatch):
    assert attention_sentence(ModelConfig()) == ""
    monkeypatch.setattr(jax, "default_backend", lambda: "tpu")
    assert attention_sentence(ModelConfig()) == (
        "attention runs by the kernel 'splash', which has no dropout of its weights; model.attention=reference has the "
        "published 0.2"
    )
    for fields in ({"attention_dropout": 0.0}, {"dropout": 0.0}, {"attention": "reference"}):
        assert attention_sentence(ModelConfig(**fields)) == ""


@pytest.fixture
def splash_here(monkeypatch):
    """Splash by Pallas' interpreter, also for few queries."""
    monkeypatch.setattr(paths, "splash", functools.partial(fused_attention.splash, interpret=True))
    monkeypatch.setattr(paths, "LEAST_QUERIES", 1)


def of_backbone(model, params, x, segments, response, of_response, key=None):
    """Encoder and decoder outputs at real tokens, as one loss with its gradient."""
    backbone, rngs = Backbone(model), {} if key is None else {"dropout": key}

    def loss(params, x, response):
        def run(module):
            context, memory = module.encode(x, segments)
            return context, module.decode(response, of_response, memory)[0]

        outputs = backbone.apply({"params": params}, method=run, rngs=rngs)
        real = [
            jnp.where((ids > 0)[..., None], out, 0) for out, ids in zip(outputs, (segments, of_response), strict=True)
        ]
        return sum((out.astype(jnp.float32) ** 3).sum() for out in real), real

    (_, outputs), gradients = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True))(params, x, response)
    return outputs, gradients


def initialised(model, x, segments):
    boxed = Backbone(model).init(jax.random.key(0), x, segments, method="encode")["params"]
    return jax.tree.map(lambda b: b.value, boxed, is_leaf=lambda b: hasattr(b, "names"))


def test_a_backbone_along_splash_equals_one_along_the_reference(splash_here):
    """With recomputation, and with the same dropout of everything but attention's weights."""
    rng = np.random.default_rng(0)
    x, response = (jnp.asarray(rng.normal(size=(2, size, MODEL.hidden)), jnp.float32) for size in (9, 5))
    segments = jnp.array([[1, 1, 1, 2, 2, 2, 2, 0, 0], [1, 1, 0, 0, 0, 0, 0, 0, 0]])
    of_response = jnp.array([[1, 1, 2, 2, 2], [1, 0, 0, 0, 0]])
    model = dataclasses.replace(MODEL, remat=True, attention_dropout=0.0)
    inputs = initialised(model, x, segments), x, segments, response, of_response
    expected = of_backbone(model, *inputs, key=jax.random.key(1))
    found = of_backbone(dataclasses.replace(model, attention="splash"), *inputs, key=jax.random.key(1))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-3), found, expected)


def test_few_queries_take_the_reference_without_dropout_of_the_weights():
    """On a CPU splash would fail."""
    x, segments = jnp.ones((1, 5, MODEL.hidden)) * jnp.arange(5.0)[None, :, None], jnp.ones((1, 5), jnp.int32)
    along, plain = (dataclasses.replace(MODEL, dropout=0.4, attention=name) for name in ("splash", "reference"))
    params = initialised(plain, x, segments)

    def run(model, key):
        model = dataclasses.replace(model, dropout=0.0, attention_dropout=weights_dropout(model))
        rngs = {} if key is None else {"dropout": key}
        return Backbone(model).apply({"params": params}, x, segments, method="encode", rngs=rngs)[0]

    key = jax.random.key(1)
    np.testing.assert_array_equal(run(along, key), run(plain, None))
    assert not np.allclose(run(plain, key), run(plain, None))
