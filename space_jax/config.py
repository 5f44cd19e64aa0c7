"""The typed configuration of a pre-training run: the settings, their meanings, and the checks on them.

Every class is frozen; `space_jax.config_files` changes fields of a nested configuration from the command line. A value
of another type than annotated, or out of range, raises an error when the object is created, with a sentence that names
the field.
"""

import dataclasses

from space_jax.config_types import Checked
from space_jax.errors import UserError
from space_jax.printable import shown

SEEDS = 2**32
VOCABULARY_MULTIPLE = 128  # The token table is padded to a multiple of this, so that any mesh divides it.


def require(condition: bool, field: str, problem: str) -> None:
    """Raises a `UserError` that names the field unless the condition holds."""
    if not condition:
        raise UserError(f"config field {field}: {problem}")


def require_fraction(value: float, field: str) -> None:
    """Checks that a value is in [0, 1)."""
    require(0.0 <= value < 1.0, field, f"{value} is not a fraction: it must be at least 0 and below 1")


def require_seed(value: int, where: str) -> None:
    """Checks that a whole number seeds JAX's and NumPy's generators, of which JAX's takes 32 bits."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < SEEDS:
        raise UserError(f"{where}: {shown(value)} is not a seed, a whole number from 0 to {SEEDS - 1}")


@dataclasses.dataclass(frozen=True)
class Vocabulary(Checked, section="model.vocabulary"):
    """The ids of a tokenizer that models and features need; made by `Tokenizer.vocabulary`."""

    size: int = 0
    pad: int = 0
    summary: int = 0  # [CLS]
    mask: int = 0  # [MASK]
    bos: int = 0  # [BOS], opens a SPACE-1 response
    eos: int = 0  # [EOS], closes every SPACE-1 turn
    sos_u: int = 0  # <sos_u> ... <eos_u> wrap a user turn
    eos_u: int = 0
    sos_r: int = 0  # <sos_r> ... <eos_r> wrap a system turn
    eos_r: int = 0
    understand: tuple[int, ...] = ()  # <understand_0> ... <understand_4>
    policy: tuple[int, ...] = ()  # <policy_0> ... <policy_4>
    special: tuple[int, ...] = ()  # every id that is not text; never masked, never a random replacement

    @property
    def padded_size(self) -> int:
        """Rows of the token table: `size` rounded up to a multiple of `VOCABULARY_MULTIPLE`."""
        return -(-self.size // VOCABULARY_MULTIPLE) * VOCABULARY_MULTIPLE


@dataclasses.dataclass(frozen=True)
class ModelConfig(Checked, section="model"):
    """The backbone (UniLM / BERT, post-LayerNorm)."""

    layers: int = 12
    hidden: int = 768
    heads: int = 12
    mlp: int = 3072  # width of the feed-forward layer
    positions: int = 512  # rows of the position table
    roles: int = 2  # 0 system, 1 user
    turns: int = 17  # distance to the response, 0 to 16
    dropout: float = 0.2  # in the whole backbone
    # Of attention's weights: -1 for `dropout` along the reference path and none along a kernel's, which has none.
    attention_dropout: float = -1.0
    dropout_generator: str = "hash"  # of its random bits: "hash", "rbg" or "threefry", see `models.dropout`
    attention: str = "auto"  # "reference", "splash" (TPU), "cudnn" (GPU), see `models.attention_path`
    layer_norm_epsilon: float = 1e-12
    dtype: str = "float32"  # of activations and matrix products; parameters are float32
    remat: bool = False  # store only a block's input for the backward pass, and recompute its matrix products
    adapter: int = 0  # width of the adapters behind both sublayers of every layer, which begin as nothing; 0: none
    attention_init: str = "normal"  # "identity": a new model's heads copy from the first step, see `models.backbone`
    vocabulary: Vocabulary = dataclasses.field(default_factory=Vocabulary)  # filled in from the tokenizer

    def _check_values(self) -> None:
        for name in ("layers", "hidden", "heads", "mlp", "positions", "roles", "turns"):
            require(getattr(self, name) > 0, f"model.{name}", f"{getattr(self, name)} is not positive")
        require(self.adapter >= 0, "model.adapter", f"{self.adapter} is negative")
        require(self.roles >= 2, "model.roles", f"{self.roles} is too few; system and user need two")
        require(
            self.hidden % self.heads == 0,
            "model.heads",
            f"{self.heads} heads do not divide hidden size {self.hidden}",
        )
        require_fraction(self.dropout, "model.dropout")
        if self.attention_dropout != -1:
            require_fraction(self.attention_dropout, "model.attention_dropout")
        for name, values in _CHOICES.items():
            value = getattr(self, name)
            require(value in values, f"model.{name}", f"{value!r} is not one of {', '.join(map(repr, values))}")
        if self.attention in FUSED:
            require(
                self.attention_dropout <= 0,
                "model.attention_dropout",
                f"{self.attention_dropout} is not possible with model.attention={self.attention!r}, a kernel without "
                "dropout; use 0, or model.attention='reference'",
            )
            refusal = FUSED[self.attention](self)
            require(not refusal, "model.attention", f"{self.attention!r} {refusal}; use 'reference' or 'auto'")


def _cudnn_lacks(model: ModelConfig) -> str:
    """What cuDNN's kernel cannot compute of a model; "" if it can."""
    width = model.hidden // model.heads
    if model.dtype != "bfloat16":
        return f"needs model.dtype='bfloat16', not {model.dtype!r}"
    return "" if width % 8 == 0 and width <= 128 else f"needs heads of a width of 8, 16, ..., 128, not {width}"


FUSED = {"splash": lambda model: "", "cudnn": _cudnn_lacks}
"""Kernel -> what it cannot compute of a model, a part of a sentence, "" if nothing."""
_CHOICES = {
    "dtype": ("float32", "bfloat16"),
    "attention_init": ("normal", "identity"),
    "attention": ("auto", "reference", *FUSED),
    "dropout_generator": ("hash", "rbg", "threefry"),
}


MODEL_SIZES = {
    "tiny": {"layers": 2, "hidden": 64, "heads": 4, "mlp": 256},
    "micro": {"layers": 3, "hidden": 128, "heads": 8, "mlp": 512},
    "mini": {"layers": 6, "hidden": 384, "heads": 12, "mlp": 1536},
    "base": {"layers": 12, "hidden": 768, "heads": 12, "mlp": 3072},
    "large": {"layers": 24, "hidden": 1024, "heads": 16, "mlp": 4096},
}


def model_config(size: str, **fields) -> ModelConfig:
    """The configuration of a named size (`MODEL_SIZES`), with `fields` overridden."""
    require(size in MODEL_SIZES, "model size", f"{size!r} is not one of {', '.join(MODEL_SIZES)}")
    return ModelConfig(**{**MODEL_SIZES[size], **fields})


@dataclasses.dataclass(frozen=True)
class PoolConfig(Checked, section="recipe.pool"):
    """The sets of examples that are contrasted with one another."""

    group: int = 0  # 0: the whole global batch; n: consecutive groups of n examples (published runs: 16)
    temperature: float = 0.07

    def _check_values(self) -> None:
        require(self.group >= 0, "recipe.pool.group", f"{self.group} is negative")
        require(self.temperature > 0, "recipe.pool.temperature", f"{self.temperature} is not positive")


@dataclasses.dataclass(frozen=True)
class Space1Config(Checked, section="recipe"):
    """SPACE-1 (GALAXY): generation, dialog acts, R-drop consistency, response selection."""

    annotation = ("acts",)
    name: str = "space1"
    consistency_weight: float = 5.0
    as_released: bool = False  # acts averaged before masking, no response selection
    decoder_layers: int = 0  # the response is decoded in as many of the top layers; 0: in all
    copying: bool = False  # responses may copy words of the context, see `models.copy_head`

    def _check_values(self) -> None:
        require(self.name == "space1", "recipe.name", "belongs to the recipe and cannot be changed")


TREE_VIEWS = ("D", "I", "S", "V", "DI", "IS", "SV", "DIS", "ISV", "DISV")
"""The views of the semantic tree, see `dialogue.trees`: domain, intent, slot, value, and what they are joined to."""


@dataclasses.dataclass(frozen=True)
class Space2Config(Checked, section="recipe"):
    """SPACE-2: semantic-tree contrast in ten subspaces, masked language model."""

    annotation = ("user_tree",)
    name: str = "space2"
    vector: str = "summary"  # what represents a dialogue: the output of a `[CLS]` before it, or the "mean" of its
    # tokens' outputs, which weights of a sentence encoder know already
    # Width of one subspace; with 0 there are none: the vector itself is contrasted, by one similarity of whole trees.
    subspace: int = 768
    views: tuple[str, ...] = TREE_VIEWS  # of the semantic tree, in each of which turns are contrasted
    # In its subspace, a turn whose tree has nothing in a view (no slots, say) is "unlike" all others, as published, or
    # "left_out".
    empty_views: str = "unlike"
    mlm_weight: float = 0.1
    pool: PoolConfig = dataclasses.field(default_factory=PoolConfig)

    def _check_values(self) -> None:
        require(self.name == "space2", "recipe.name", "belongs to the recipe and cannot be changed")
        unknown = [view for view in self.views if view not in TREE_VIEWS]
        require(not unknown, "recipe.views", f"{shown(unknown)}: known are {', '.join(TREE_VIEWS)}")
        require(self.views != (), "recipe.views", "is empty: name one view at least")
        require(
            self.empty_views in ("unlike", "left_out"),
            "recipe.empty_views",
            f"{self.empty_views!r} is not one of 'unlike', 'left_out'",
        )
        require(self.vector in ("summary", "mean"), "recipe.vector", f"{self.vector!r} is not one of 'summary', 'mean'")
        require(self.subspace >= 0, "recipe.subspace", f"{self.subspace} is negative")


@dataclasses.dataclass(frozen=True)
class Space3Config(Checked, section="recipe"):
    """SPACE-3: one encoder; understanding, policy and response decoders."""

    annotation = ("user_tree", "system_tree")
    name: str = "space3"
    mlm_weight: float = 0.1
    policy_weight: float = 0.1
    policy_side: str = "system"  # or "user", "both"
    decoder_layers: int = 0  # the response is decoded in as many of the top layers; 0: in all
    copying: bool = False  # responses may copy words of the context, see `models.copy_head`
    pool: PoolConfig = dataclasses.field(default_factory=PoolConfig)

    def _check_values(self) -> None:
        require(self.name == "space3", "recipe.name", "belongs to the recipe and cannot be changed")
        require(
            self.policy_side in ("system", "user", "both"),
            "recipe.policy_side",
            f"{self.policy_side!r} is not one of 'system', 'user', 'both'",
        )


@dataclasses.dataclass(frozen=True)
class StructBertConfig(Checked, section="recipe"):
    """StructBERT: masked words, words in another order, the order of two turns."""

    annotation = ()  # learns from none
    name: str = "structbert"
    shuffled_share: float = 0.05  # of the trigrams without a masked word
    as_released: bool = False  # masks and shuffles as the published builder does, see `features.word_order`

    def _check_values(self) -> None:
        require(self.name == "structbert", "recipe.name", "belongs to the recipe and cannot be changed")
        require_fraction(self.shuffled_share, "recipe.shuffled_share")


@dataclasses.dataclass(frozen=True)
class YuYanConfig(Checked, section="recipe"):
    """YuYan: a decoder restores corrupted text. The shares are ours, for none is published."""

    annotation = ()  # learns from none
    name: str = "yuyan"
    masked_share: float = 0.3  # of the words, where words are hidden
    shifted_share: float = 0.15  # of the words of several pieces, where pieces change places
    deleted_share: float = 0.15  # of the words, where words are left out
    decoder_layers: int = 0  # the text is written in as many of the top layers; 0: in all
    copying: bool = False  # the text may copy words of the corrupted one, see `models.copy_head`

    def _check_values(self) -> None:
        require(self.name == "yuyan", "recipe.name", "belongs to the recipe and cannot be changed")
        for name in ("masked_share", "shifted_share", "deleted_share"):
            require_fraction(getattr(self, name), f"recipe.{name}")


@dataclasses.dataclass(frozen=True)
class PalmConfig(Checked, section="recipe"):
    """PALM: masked words of the context, and the response on the memory of the masked context, with copying."""

    annotation = ()  # learns from none
    name: str = "palm"
    mlm_weight: float = 1.0
    copying: bool = True  # words of the context, see `models.copy_head`
    as_released: bool = False  # the mixture of the published code, see `losses.copy_mixture`
    decoder_layers: int = 0  # the response is decoded in as many of the top layers; 0: in all

    def _check_values(self) -> None:
        require(self.name == "palm", "recipe.name", "belongs to the recipe and cannot be changed")
        require(self.copying or not self.as_released, "recipe.as_released", "is about copying, which is off")


@dataclasses.dataclass(frozen=True)
class VecoConfig(Checked, section="recipe"):
    """VECO: masked words of context and response, each alone and each beside the other."""

    annotation = ()  # learns from none
    name: str = "veco"
    plug: str = "in"  # cross-attention; "out": each sequence alone

    def _check_values(self) -> None:
        require(self.name == "veco", "recipe.name", "belongs to the recipe and cannot be changed")
        require(self.plug in ("in", "out"), "recipe.plug", f"{self.plug!r} is not one of 'in', 'out'")


@dataclasses.dataclass(frozen=True)
class StarConfig(Checked, section="recipe"):
    """After STAR: replaced words, the role of every slot, and the dependency between the turns of a dialogue."""

    annotation = ("user_tree",)
    name: str = "star"
    generator_heads: int = 4  # of the generator, whose layers are as much narrower than the model's
    most_slots: int = 24  # of the schema in an example
    replaced_weight: float = 5.0  # of replaced words, beside the generator's
    unused_weight: float = 0.025  # of a slot that the turn does not use, beside 1
    temperature: float = 0.05  # of the contrast between turns
    sharpness: float = 3.0  # of the weights of similar turns
    whole_batch: bool = False  # contrast with every turn of the batch, not only similar ones of the dialogue
    conversation: int = 5  # examples of a batch that follow one another in their dialogue
    as_released: bool = False  # tasks weigh 1, untrained, and every word of an unused slot counts as replaced

    def _check_values(self) -> None:
        require(self.name == "star", "recipe.name", "belongs to the recipe and cannot be changed")
        for name in ("generator_heads", "most_slots", "conversation", "unused_weight", "temperature"):
            require(getattr(self, name) > 0, f"recipe.{name}", f"{getattr(self, name)} is not positive")
        for name in ("replaced_weight", "sharpness"):
            require(getattr(self, name) >= 0, f"recipe.{name}", f"{getattr(self, name)} is negative")


RecipeConfig = (
    Space1Config | Space2Config | Space3Config | StructBertConfig | YuYanConfig | PalmConfig | VecoConfig | StarConfig
)
"""`annotation`: those of `dialogue.labels.FACTS` that a recipe learns from; an example with none is unlabelled."""


@dataclasses.dataclass(frozen=True)
class DataConfig(Checked, section="data"):
    """The prepared corpora and how their examples become batches."""

    prepared: tuple[str, ...] = ()  # folders written by `space-jax data build`, all with the same tokenizer
    batch_size: int = 32  # examples per optimiser step, over all processes
    # Share of labelled examples in a batch: for SPACE-1 those with known acts, for SPACE-2 with a known user tree, for
    # SPACE-3 with a known tree of either side; all others are unlabelled, whatever else is known of them. StructBERT
    # and YuYan learn from no labels, and take 0.
    labelled_share: float = 0.5
    context_length: int = 256  # tokens of the longest context (`max_len`), and of a row in the grids of `row_ladder`
    response_length: int = 64  # tokens of a row of responses in those grids
    examples_per_row: int = 4
    masked_per_row: int = 64  # masked positions per row that enter the masked-LM loss, from its examples in turn
    tree_elements: int = 16  # hashed elements per view and turn
    row_ladder: tuple[float, ...] = (0.25, 0.375, 0.5, 0.75, 1.0)  # rows of the static grids, as shares of the batch
    # Further grids: rows as a share of the batch, columns of context and of response. A batch takes the smallest
    # grid of all that holds it, so that those of `row_ladder` are for rare batches.
    grids: tuple[tuple[float, int, int], ...] = ()
    workers: int = -1  # additional processes that assemble batches; -1: by what is there, see `features.workers`
    eval_examples: int = 1024  # held-out examples per evaluation; fewer give noisier measures

    def _check_values(self) -> None:
        sizes = ("batch_size", "context_length", "examples_per_row", "masked_per_row", "tree_elements", "eval_examples")
        for name in sizes:
            require(getattr(self, name) > 0, f"data.{name}", f"{getattr(self, name)} is not positive")
        require(self.workers >= -1, "data.workers", f"{self.workers} is below -1, which means: by what is there")
        require(
            0.0 <= self.labelled_share <= 1.0,
            "data.labelled_share",
            f"{self.labelled_share} is not between 0 and 1",
        )
        require(
            self.row_ladder != () and self.row_ladder[-1] == 1.0 and list(self.row_ladder) == sorted(self.row_ladder),
            "data.row_ladder",
            f"{self.row_ladder} must be ascending and end with 1.0, the grid that always fits",
        )
        for grid in self.grids:
            require(
                0.0 < grid[0] <= 1.0 and min(grid[1:]) > 0,
                "data.grids",
                f"{grid} is not (rows as a share of the batch, columns of context, columns of response)",
            )


@dataclasses.dataclass(frozen=True)
class OptimiserConfig(Checked, section="optimiser"):
    """AdamW, linear warm-up then linear decay to zero, clipping by global norm."""

    learning_rate: float = 1e-5
    warmup_share: float = 0.1  # of all steps
    weight_decay: float = 0.0
    clip_norm: float = 5.0
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    accumulate: int = 1  # micro-batches per optimiser step
    # Modules that stay as they are, such as ("backbone/embedding", "pooler"); adapters in them train all the same.
    freeze: tuple[str, ...] = ()

    def _check_values(self) -> None:
        require(self.learning_rate > 0, "optimiser.learning_rate", f"{self.learning_rate} is not positive")
        for name in ("warmup_share", "beta1", "beta2"):
            require_fraction(getattr(self, name), f"optimiser.{name}")
        require(self.weight_decay >= 0, "optimiser.weight_decay", f"{self.weight_decay} is negative")
        require(self.clip_norm > 0, "optimiser.clip_norm", f"{self.clip_norm} is not positive")
        require(self.accumulate > 0, "optimiser.accumulate", f"{self.accumulate} is not positive")


MESH_AXES = ("data", "fsdp", "tensor")
MESH_PRESETS = {
    "data": {"data": -1},  # every device holds the whole state
    "fsdp": {"data": 1, "fsdp": -1},  # every device holds a part of the state and fetches the rest, layer by layer
    "fsdp_tensor": {"data": 1, "fsdp": -1, "tensor": 4},  # in addition, four devices share each matrix product
}
"""The values of each preset for sizes that are not given."""
LOGICAL_AXES = frozenset({"batch", "length", "embed", "heads", "kv", "mlp", "vocab", "layers", "subspace"})
"""The logical names of the axes of parameters and activations."""


@dataclasses.dataclass(frozen=True)
class MeshConfig(Checked, section="mesh"):
    """The device mesh and the table from logical axis names to mesh axes."""

    preset: str = ""  # "data", "fsdp" or "fsdp_tensor": the sizes below that are not given (docs/scaling.md)
    data: int = 0  # devices with different examples each; 0: the preset's, or -1
    fsdp: int = 0  # devices with different examples and parts of the state; 0: the preset's, or 1
    tensor: int = 0  # devices that share each matrix product; 0: the preset's, or 1. One size may be -1: the rest
    rules: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("batch", ("data", "fsdp")),
        ("length", ()),
        ("embed", ("fsdp",)),
        ("heads", ("tensor",)),
        ("kv", ()),
        ("mlp", ("tensor",)),
        ("vocab", ("tensor",)),
        ("layers", ()),
        ("subspace", ()),  # ten, which few meshes divide; their width is split like "mlp"
    )

    def _check_values(self) -> None:
        presets = ", ".join(MESH_PRESETS)
        require(self.preset in ("", *MESH_PRESETS), "mesh.preset", f"{self.preset!r} is not one of {presets}")
        for name in MESH_AXES:
            require(getattr(self, name) >= -1, f"mesh.{name}", f"{getattr(self, name)} is below -1")
        sizes = " x ".join(map(str, self.sizes))
        require(self.sizes.count(-1) <= 1, "mesh", f"of data x fsdp x tensor = {sizes} only one may be -1, the rest")
        missing = sorted(LOGICAL_AXES - {name for name, _ in self.rules})
        require(not missing, "mesh.rules", f"no rule for {', '.join(missing)}; () leaves an axis unsplit")
        unknown = sorted({axis for _, axes in self.rules for axis in axes} - set(MESH_AXES))
        require(not unknown, "mesh.rules", f"{', '.join(unknown)} is not one of the mesh axes {', '.join(MESH_AXES)}")

    @property
    def sizes(self) -> tuple[int, int, int]:
        """The sizes (data, fsdp, tensor), one of them perhaps -1."""
        given = {name: getattr(self, name) for name in MESH_AXES if getattr(self, name)}
        chosen = {**MESH_PRESETS["data"], **MESH_PRESETS.get(self.preset, {}), **given}
        if -1 in (given.get("fsdp"), given.get("tensor")):
            chosen["data"] = self.data or 1
        return chosen["data"], chosen.get("fsdp", 1), chosen.get("tensor", 1)


@dataclasses.dataclass(frozen=True)
class TrainConfig(Checked, section="train"):
    """The length of training, the intervals of evaluations and checkpoints, and the checkpoints to keep."""

    steps: int = 1000
    seed: int = 0
    log_every: int = 10
    eval_every: int = 200
    checkpoint_every: int = 200
    patience: int = 0  # evaluations without a better one before training stops; 0: never
    keep_last: int = 2  # checkpoints kept beside the best one
    best_by: str = (
        "loss"  # the held-out measure of the best checkpoint: lowest loss, term/... or perplexity, else highest
    )

    def _check_values(self) -> None:
        for name in ("steps", "log_every", "eval_every", "checkpoint_every", "keep_last"):
            require(getattr(self, name) > 0, f"train.{name}", f"{getattr(self, name)} is not positive")
        require(self.patience >= 0, "train.patience", f"{self.patience} is negative")
        require_seed(self.seed, "config field train.seed")


@dataclasses.dataclass(frozen=True)
class PretrainConfig(Checked):
    """One pre-training run."""

    recipe: RecipeConfig
    model: ModelConfig
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    optimiser: OptimiserConfig = dataclasses.field(default_factory=OptimiserConfig)
    mesh: MeshConfig = dataclasses.field(default_factory=MeshConfig)
    train: TrainConfig = dataclasses.field(default_factory=TrainConfig)

    def _check_values(self) -> None:
        require(
            self.data.batch_size % self.optimiser.accumulate == 0,
            "optimiser.accumulate",
            f"{self.optimiser.accumulate} micro-batches do not divide a batch of {self.data.batch_size}",
        )
        decoder = getattr(self.recipe, "decoder_layers", 0)
        require(
            0 <= decoder <= self.model.layers,
            "recipe.decoder_layers",
            f"{decoder} is not between 0, for all, and the {self.model.layers} layers of the model",
        )
