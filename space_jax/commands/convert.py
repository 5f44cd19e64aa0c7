"""`space-jax convert`: converts published weights in and ours out, and checks ours against recorded numbers."""

import argparse
from pathlib import Path
from typing import Any

from space_jax.commands.numbers import finite
from space_jax.convert.key_map import RECIPE_PARTS
from space_jax.terminal import say


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "convert", help="convert weights from and to the layouts of SPACE and BERT, from those of PALM, PLUG and VECO"
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    space_in = actions.add_parser("from-space", help="a published SPACE file (*.model) -> a folder for --init")
    space_in.add_argument("file", type=Path, metavar="FILE", help="a PyTorch state_dict, or safetensors with its keys")
    space_in.add_argument("--recipe", required=True, choices=tuple(RECIPE_PARTS))
    _heads(space_in)
    space_in.add_argument(
        "--vocab", type=Path, metavar="FILE", help="the vocab.txt or tokenizer.json it was trained with"
    )
    _out(space_in, "folder to make", _from_space)

    bert_in = actions.add_parser("from-bert", help="BERT, UniLM, ConvBERT, MiniLM, ELECTRA -> a folder for --init")
    bert_in.add_argument("path", metavar="DIR_OR_FILE", help="a Hugging Face folder, a file of weights, or 'minilm'")
    _heads(bert_in)
    _out(bert_in, "folder to make", _from_bert)

    released = actions.add_parser("from-released", help="the encoder of PALM, PLUG or VECO -> a folder for --init")
    released.add_argument("file", type=Path, metavar="FILE", help="PyTorch, safetensors or npz, with the released keys")
    _heads(released)
    _out(released, "folder to make", _from_released)

    copy = actions.add_parser("copy", help="a run or other weights, or some of their modules -> a folder for --init")
    copy.add_argument("path", metavar="DIR", help="a run, converted weights, a Hugging Face folder, or 'minilm'")
    copy.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="MODULE",
        help="leave this module out, such as head or backbone/embedding/turn; may be given again",
    )
    _out(copy, "folder to make", _copy)

    bert_out = actions.add_parser("to-bert", help="ours -> a folder that transformers' AutoModel loads")
    bert_out.add_argument("path", metavar="DIR", help="a run, converted weights, or 'minilm'")
    _out(bert_out, "folder to make", _to_bert)

    space_out = actions.add_parser("to-space", help="ours -> the state_dict that the published code loads")
    space_out.add_argument("path", metavar="DIR", help="a run or converted weights")
    space_out.add_argument("--recipe", choices=tuple(RECIPE_PARTS), help="layout to write (that of the weights)")
    _out(space_out, "file to write, PyTorch's or *.safetensors", _to_space)

    check = actions.add_parser("check", help="compare recorded activations, losses, gradients and responses with ours")
    check.add_argument("--official", type=Path, required=True, metavar="X.model", help="the published weights")
    check.add_argument("--inputs", type=Path, required=True, metavar="IN.npz", help="the batch")
    check.add_argument(
        "--outputs", type=Path, required=True, metavar="OUT.npz", help="the recorded outputs for that batch"
    )
    check.add_argument("--spec", type=Path, required=True, metavar="X.json", help="sizes and semantic frames")
    check.add_argument(
        "--generation",
        type=Path,
        metavar="GEN.npz",
        help="recorded responses (where OUT ends with _outputs.npz: the file with _generation.npz beside it)",
    )
    check.add_argument(
        "--tolerance", type=finite("--tolerance"), help="largest difference (SPACE: 1e-4; PALM, PLUG, VECO: 5e-6)"
    )
    check.set_defaults(run=_check, takes_config=False)


def _heads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--heads", type=int, metavar="N", help="attention heads, if no configuration states them (768: 12, 1024: 16)"
    )


def _out(parser: argparse.ArgumentParser, help: str, run: Any) -> None:
    parser.add_argument("--out", type=Path, required=True, help=help)
    parser.set_defaults(run=run, takes_config=False)


def _from_space(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.convert.space import from_space
    from space_jax.features.tokenizer import load_tokenizer

    tokenizer = None if given.vocab is None else load_tokenizer(given.vocab)
    _write(given.out, from_space(given.file, given.recipe, given.heads, tokenizer))


def _from_bert(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.convert.bert import from_bert
    from space_jax.convert.minilm import named_folder

    _write(given.out, from_bert(named_folder(given.path), given.heads))


def _from_released(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.convert.released.files import Facts, backbone_of, read_released

    _write(given.out, backbone_of(read_released(given.file, Facts(heads=given.heads))))


def _copy(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.models.modules import unplugged
    from space_jax.training.initial_weights import read_weights

    _write(given.out, unplugged(read_weights(given.path), given.without))


def _write(out: Path, weights: Any) -> None:
    from space_jax.convert.weights_folder import new_folder, write_weights

    with new_folder(out) as folder:
        write_weights(folder, weights)
    model = weights.model
    say(
        f"{out}: {len(weights.arrays)} parameters, {model.layers} layers x {model.hidden}, {model.heads} heads, "
        f"{model.vocabulary.size} tokens, {model.positions} positions, {model.roles} roles"
    )
    parts = sorted({path.split("/")[0] for path in weights.arrays})
    say(f"parts: {', '.join(parts)}; all other parameters of a model are newly initialised")
    _say_unused(weights.unused)
    if weights.tokenizer is None:
        print("no tokenizer: --init can compare the size of the vocabulary only")


def _to_bert(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.convert.bert import write_bert
    from space_jax.convert.weights_folder import new_folder
    from space_jax.training.initial_weights import read_weights

    weights = read_weights(given.path)
    with new_folder(given.out) as folder:
        unused = write_bert(folder, weights)
    say(f"{given.out}: written from {weights.source}")
    _say_unused(unused)


def _to_space(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.convert.space import to_space
    from space_jax.convert.state_files import write_state
    from space_jax.training.initial_weights import read_weights

    weights = read_weights(given.path)
    state, unused = to_space(weights, given.recipe)
    write_state(given.out, state)
    say(f"{given.out}: {len(state)} arrays from {weights.source}")
    _say_unused(unused)


def _say_unused(names: tuple[str, ...]) -> None:
    if names:
        say(f"not used: {', '.join(names)}")


def _check(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.convert.check import check, print_report, recorded_responses, require_equal, usual_tolerance

    generation = given.generation or recorded_responses(given.outputs)
    differences = check(given.official, given.inputs, given.outputs, given.spec, generation)
    tolerance = usual_tolerance(given.official) if given.tolerance is None else given.tolerance
    print_report(differences, tolerance)
    require_equal(differences, tolerance)
