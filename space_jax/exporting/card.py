"""The model card, `README.md`: what the model is, what it was trained on and chosen by, how to load it, its limits."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from space_jax.config import PretrainConfig
from space_jax.convert.minilm import MINILM
from space_jax.corpora.registry import CORPORA
from space_jax.errors import UserError
from space_jax.exporting.exportable import CLASSIFIER, ENCODER, TAGGER, Exportable
from space_jax.exporting.folder import ENCODER_FOLDER, SETTINGS
from space_jax.exporting.parity import Difference
from space_jax.exporting.text_layout import MEAN
from space_jax.tasks.config import FinetuneConfig
from space_jax.tasks.registry import task_class
from space_jax.tasks.workdir import RESULTS
from space_jax.tasks.workdir import read_json as read_results
from space_jax.training.beginning import read_start
from space_jax.training.checkpoint import read_notes
from space_jax.training.pretrain import best_measure
from space_jax.training.run_reader import CHECKPOINTS

_HUB_NAMES = {MINILM: "sentence-transformers/all-MiniLM-L6-v2"}
_PIPELINES = {ENCODER: "sentence-similarity", CLASSIFIER: "text-classification", TAGGER: "token-classification"}
_LIBRARIES = {ENCODER: "sentence-transformers", CLASSIFIER: "transformers", TAGGER: "transformers"}
_RECIPES = {
    **{"space1": "SPACE-1", "space2": "SPACE-2", "space3": "SPACE-3"},
    **{"structbert": "StructBERT", "yuyan": "YuYan", "palm": "PALM", "veco": "VECO", "star": "a variant of STAR"},
}
_LISTED = 200  # labels; config.json has all


def write_card(
    folder: Path, model: Exportable, workdir: Path, licence: str, checked: Sequence[Difference], files: Sequence[str]
) -> None:
    """Writes `README.md`.

    Args:
      folder: of the export.
      model: that was exported.
      workdir: of its run.
      licence: of the weights, an identifier of the hub; "" if it was not given.
      checked: how far the files are from the run.
      files: what the folder holds beside `transformers`' files, a sentence each.
    """
    parts = [
        f"---\n{_front_matter(model, workdir, licence)}---\n",
        f"# {workdir.resolve().name}\n\n{_about(model, workdir)}",
        f"## Use\n\n{_usage(model)}",
        *([f"## Files\n\n{_bullets(files)}"] if files else []),
        f"## Training\n\n{_training(model, workdir)}",
        *([f"## Labels\n\n{_labels(model)}"] if model.labels else []),
        f"## Limits\n\n{_bullets(_limits(model, licence))}",
        f"## Checked\n\n{_checked(checked)}",
    ]
    (folder / "README.md").write_text("\n\n".join(part.strip("\n") for part in parts) + "\n", encoding="utf-8")


def _front_matter(model: Exportable, workdir: Path, licence: str) -> str:
    """YAML, of which JSON is a part: every value is written as JSON."""
    fields: dict[str, Any] = {
        "license": licence or "other",
        **({"language": ["en"]} if _data_sets(model.config) else {}),
        "library_name": _LIBRARIES[model.kind],
        "pipeline_tag": _PIPELINES[model.kind],
        "tags": ["space_jax", "dialogue", *(["sentence-transformers"] if model.vector else [])],
    }
    start = read_start(workdir)
    if start is not None and start.initial in _HUB_NAMES:
        fields["base_model"] = _HUB_NAMES[start.initial]
    data = _data_sets(model.config)
    if data:
        fields["datasets"] = data
    scores = _scores(model, workdir)
    if scores and isinstance(model.config, FinetuneConfig) and model.kind != ENCODER:
        fields["metrics"] = list(scores)
        fields["model-index"] = [_index_entry(model, workdir, scores)]
    return "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in fields.items())


def _index_entry(model: Exportable, workdir: Path, scores: Mapping[str, float]) -> dict[str, Any]:
    data = _data_sets(model.config) or ["own data"]
    result = {
        "task": {"type": _PIPELINES[model.kind]},
        "dataset": {"name": data[0], "type": data[0], "split": "validation"},
        "metrics": [{"type": name, "value": round(value, 4)} for name, value in scores.items()],
    }
    return {"name": workdir.resolve().name, "results": [result]}


def _about(model: Exportable, workdir: Path) -> str:
    recipe = _RECIPES.get(model.weights.recipe or "", "")
    what = {
        ENCODER: f"Vectors of utterances, by the vector `{model.vector}`",
        CLASSIFIER: f"A classifier of utterances with {len(model.labels)} labels",
        TAGGER: f"A tagger of utterances with {(len(model.labels) - 1) // 2} slots",
    }[model.kind]
    sizes = model.weights.model
    start = read_start(workdir)
    origin = "random weights" if start is None or start.initial is None else _initial(start.initial)
    began = "" if start is None else f"; training began from {origin}"
    pre_trained = f" pre-trained as {recipe}" if recipe else ""
    fitted = "" if model.step else ", whose head was fitted to the training data and whose encoder is as it began"
    return (
        f"{what}: a BERT of {sizes.layers} layers x {sizes.hidden}{pre_trained}, trained with `space_jax`{began}. "
        f"Exported from step {model.step}{fitted}."
    )


def _initial(name: str) -> str:
    """The weights' name, without the folders of the machine that trained."""
    return _HUB_NAMES.get(name, f"`{Path(name).name}`")


def _usage(model: Exportable) -> str:
    blocks = []
    if model.kind != ENCODER:
        task = _PIPELINES[model.kind]
        more = ', aggregation_strategy="simple"' if model.kind == TAGGER else ", truncation=True"
        blocks.append(f'    from transformers import pipeline\n    pipeline("{task}", model="FOLDER"{more})("...")')
    if model.vector:
        blocks.append(
            "    from sentence_transformers import SentenceTransformer\n"
            '    SentenceTransformer("FOLDER").encode(["..."])    # of length 1'
        )
    text = "\n\n".join(blocks)
    if model.kind == CLASSIFIER and model.layout.vector == MEAN:
        text += (
            "\n\nThe classifier has a layer more than the encoder, which takes the mean of the tokens, so `AutoModel` "
            f"has to load `{ENCODER_FOLDER}/`, as `sentence-transformers` does by itself. Load it in float32: float16 "
            "cannot hold that layer."
        )
    if "threshold" in model.settings:
        text += (
            f"\n\nA best label whose probability is below the threshold in `{SETTINGS}` means "
            f"`{model.settings['out_of_scope_label']}`; a pipeline does not apply it."
        )
    return text


def _training(model: Exportable, workdir: Path) -> str:
    rule = _rule(model.config, workdir)
    lines = [f"Data: {_data(model.config)}.", f"Checkpoint: step {model.step}, chosen by {rule}."]
    told = ", ".join(f"{name} {value:.4f}" for name, value in _scores(model, workdir).items())
    where = "on validation" + (", which chose the checkpoint, so optimistic" if "on validation" in rule else "")
    return _bullets([*lines, *([f"Held out ({where}): {told}."] if told else [])])


def _data(config: PretrainConfig | FinetuneConfig) -> str:
    if isinstance(config, PretrainConfig):
        return "prepared corpora: " + ", ".join(Path(folder).name for folder in config.data.prepared)
    known = CORPORA.get(config.data.corpus)
    return "the owner's files" if known is None else f"{known.description} (licence: {known.licence}; {known.citation})"


def _rule(config: PretrainConfig | FinetuneConfig, workdir: Path) -> str:
    """How the run chose its checkpoint."""
    if isinstance(config, PretrainConfig):
        return f"the {best_measure(config)} on validation"
    try:
        return str(read_results(workdir / RESULTS)["chosen_by"])
    except (UserError, KeyError, TypeError):  # a run that has not ended
        kind = task_class(config.task.name)
        return f"{kind.measure} on validation" if config.train.keep_by == "best" else "no split: the last evaluation"


def _scores(model: Exportable, workdir: Path) -> dict[str, float]:
    """The held-out measures of the checkpoint, but for those of single labels."""
    results = read_notes(workdir / CHECKPOINTS, model.step).results
    wanted = {name for name in results if "/" not in name and name not in ("best", "since_best", *model.settings)}
    return {name: value for name, value in results.items() if name in wanted and value == value}


def _data_sets(config: PretrainConfig | FinetuneConfig) -> list[str]:
    if isinstance(config, PretrainConfig):
        return []
    return [config.data.corpus] if config.data.corpus else []


def _labels(model: Exportable) -> str:
    listed = ", ".join(f"`{label}`" for label in model.labels[:_LISTED])
    more = len(model.labels) - _LISTED
    return listed + (f", and {more} more, see `config.json`" if more > 0 else "")


def _limits(model: Exportable, licence: str) -> list[str]:
    layout = model.layout
    kept = "last" if layout.from_end else "first"
    limits = [
        f"A text is read alone, as a user's turn, up to its {kept} {layout.most} tokens.",
        "Two texts as a pair were never trained on.",
        *(sentence[0].upper() + sentence[1:] + "." for sentence in model.omitted),
    ]
    if not licence:
        limits.append("No licence of the weights was given; those of the data and of the base model hold.")
    return limits


def _checked(differences: Sequence[Difference]) -> str:
    head = "| against the run | how many | largest difference |\n| --- | --- | --- |\n"
    return head + "\n".join(f"| {one.what} | {one.compared} | {one.largest:.2g} |" for one in differences)


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)
