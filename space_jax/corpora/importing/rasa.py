"""Rasa's training data: NLU examples become labelled sentences, stories become conversations.

Files are told apart by their keys: `nlu`, `stories`, `responses` (of the domain). Lookup tables, regular expressions,
rules and everything else of a project are left out. `rasa_stories` says where the words of a story come from.
"""

from collections.abc import Iterator, Sequence

from space_jax.corpora.importing.imported import Imported, Options, SourceFile
from space_jax.corpora.importing.rasa_examples import Example, example_of
from space_jax.corpora.importing.rasa_stories import Stories
from space_jax.corpora.utterances import NO_DOMAIN
from space_jax.dialogue.record import USER, Dialogue, Frame, Turn
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.yaml_text import Yaml, parse_yaml

KEYS = ("nlu", "stories", "responses")
_SILENT = ("version",)


def read(files: Sequence[SourceFile], options: Options, into: Imported) -> None:
    """Reads a file or a project.

    Raises:
      UserError: no YAML; with file and line.
    """
    parts: dict[str, list[tuple[str, Yaml]]] = {key: [] for key in KEYS}
    for file in files:
        where = str(file.path)
        content = parse_yaml(into.text_of(file, options), where).value
        if not isinstance(content, dict):
            into.left_out.add("files without keys", where)
            continue
        for key, value in content.items():
            if key in KEYS:
                parts[key].append((where, value))
            elif key not in _SILENT:
                count = len(value.value) if isinstance(value.value, list | dict) else 1
                into.left_out.add(f"entries of {shown(key)}", f"{where}:{value.line}", count)
    examples = list(_examples(parts["nlu"], into))
    into.sentences += [_sentence(example, number) for number, example in enumerate(examples, start=1)]
    stories = Stories(examples, parts["responses"], into)
    for path, several in parts["stories"]:
        for name, turns in stories.read(path, several):
            into.add(name, turns)


def _sentence(example: Example, number: int) -> Dialogue:
    frame = Frame(NO_DOMAIN, example.intent, example.slots)
    return Dialogue(f"nlu-{number}", (Turn(USER, example.text, (frame,)),))


def _examples(parts: list[tuple[str, Yaml]], into: Imported) -> Iterator[Example]:
    items = [(where, item) for where, part in parts for item in _listed(part, where, into)]
    synonyms: dict[str, str] = {}
    for where, item in items:
        name = text_of(item.value.get("synonym")) if isinstance(item.value, dict) else ""
        if name and isinstance(item.value, dict):
            synonyms |= {words.lower(): name for _, words in _lines(item.value.get("examples"), where, into)}
    for where, item in items:
        if isinstance(item.value, dict) and text_of(item.value.get("intent")):
            yield from _of_intent(text_of(item.value["intent"]), item.value.get("examples"), synonyms, where, into)
        elif isinstance(item.value, dict) and {"lookup", "regex"} & set(item.value):
            kind = "lookup tables" if "lookup" in item.value else "regular expressions"
            into.left_out.add(kind, f"{where}:{item.line}")
        elif not isinstance(item.value, dict) or "synonym" not in item.value:
            into.left_out.add("entries of nlu without intent, synonym, lookup or regex", f"{where}:{item.line}")
    if synonyms:
        into.say(f"synonyms: {len(synonyms):,}, each a second value of the entities that they stand for")


def _of_intent(
    intent: str, examples: Yaml | None, synonyms: dict[str, str], where: str, into: Imported
) -> Iterator[Example]:
    for line, words in _lines(examples, where, into):
        at = f"{where}:{line}"
        try:
            example = example_of(intent, words, synonyms, at)
        except UserError as error:
            into.left_out.add("examples with an entity that cannot be read", str(error))
            continue
        if example.text.strip():
            yield example
        else:
            into.left_out.add("examples without words", at)


def _listed(part: Yaml, where: str, into: Imported) -> list[Yaml]:
    if isinstance(part.value, list):
        return part.value
    if part.value is not None:
        into.left_out.add("values of nlu that are no list", f"{where}:{part.line}")
    return []


def _lines(examples: Yaml | None, where: str, into: Imported) -> Iterator[tuple[int, str]]:
    """(line of the file, example) of a text with a dash a line, or of a list of texts or objects with `text`."""
    if examples is None or examples.value is None:
        return
    if isinstance(examples.value, list):
        for one in examples.value:
            given = one.value.get("text") if isinstance(one.value, dict) else one
            if given is not None and isinstance(given.value, str):
                yield given.line, " ".join(given.value.split())
            else:
                into.left_out.add("examples without text", f"{where}:{one.line}")
    elif isinstance(examples.value, str):
        for number, line in enumerate(examples.value.split("\n"), start=1):
            at = examples.line + number if examples.literal else examples.line
            if line.lstrip().startswith("-"):
                yield at, line.lstrip()[1:].strip()
            elif line.strip():
                into.left_out.add("lines of examples that do not begin with a dash", f"{where}:{at}")
    else:
        into.left_out.add("examples that are neither a text nor a list", f"{where}:{examples.line}")


def text_of(given: Yaml | None) -> str:
    """A text of a file; "" for anything else."""
    return given.value.strip() if given is not None and isinstance(given.value, str) else ""
