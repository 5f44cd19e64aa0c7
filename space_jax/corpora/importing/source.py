"""A source of one's own: its files, the format that they have, and what they hold."""

import dataclasses
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from space_jax.corpora import unified_format
from space_jax.corpora.importing import chat, convlab, rasa, tables, transcripts
from space_jax.corpora.importing.imported import Imported, Options, SourceFile
from space_jax.errors import UserError
from space_jax.reading.archives import read_gunzipped, zip_members
from space_jax.reading.encodings import guessed_text
from space_jax.reading.json_text import parse_json


@dataclasses.dataclass(frozen=True, slots=True)
class Format:
    """A format.

    Attributes:
      words: what it is, for people.
      read: reads its files.
    """

    words: str
    read: Callable[[Sequence[SourceFile], Options, Imported], None]


FORMATS = {
    "table": Format("CSV or TSV", tables.read),
    "transcript": Format("transcripts with speakers before colons", transcripts.read),
    "rasa": Format("Rasa's YAML", rasa.read),
    "convlab": Format("ConvLab-3's unified format", convlab.read),
    "chat": Format("chat JSONL", chat.read),
}

_ZIP = b"PK\x03\x04"
_DIALOGUES = re.compile(rf"(^|/){re.escape(unified_format.FILE)}$")
_OFFICE = (".xlsx", ".xls", ".ods", ".docx", ".doc", ".odt", ".pdf")
_YAML = (".yml", ".yaml")
_TABLES = (".csv", ".tsv")
_KEY = re.compile(rf"^(?:{'|'.join(rasa.KEYS)}):\s*(?:#.*)?$", re.MULTILINE)
_OURS = "the project's own"
_SPOKEN = 0.5  # share of lines that name a speaker from which a text is a transcript,
_ALL_SPOKEN = 0.9  # and from which it is one though it is called .csv
_NAMED = 3  # files in a message


def read_source(source: str | os.PathLike[str], options: Options | None = None, format: str = "") -> Imported:
    """Reads a file, or all files of a folder and its subfolders, which have one format.

    Args:
      source: the file or folder.
      options: what is not to be guessed.
      format: one of `FORMATS`; "" to guess it by content.

    Raises:
      UserError: no such file, several formats, none that is known, or nothing in the files that can be used.
    """
    source, into, options = Path(source), Imported(), options or Options()
    files = _files(source, into)
    by_format: dict[str, list[SourceFile]] = {}
    if format and format not in FORMATS:
        raise UserError(f"--format: expected one of {', '.join(FORMATS)}, found {format}")
    for file in files:
        by_format.setdefault(format_of(file, options.encoding), []).append(file)
    into.format = format or _one(source, by_format)
    # A file that the user names is read as said; of a folder, the files that look like it, if any does.
    chosen = files if source.is_file() else by_format.get(into.format, files)
    taken = {file.path for file in chosen}
    for file in files:
        if file.path not in taken:
            into.left_out.add("files of another format", str(file.path))
    several = f"{len(chosen):,} files" if len(chosen) > 1 else "one file"
    guessed = "" if format else f" (guessed; --format {'|'.join(FORMATS)} names another)"
    into.say(f"{source}: {FORMATS[into.format].words}, {several}{guessed}")
    FORMATS[into.format].read(chosen, options, into)
    into.said.insert(1, into.encoding_line())
    if not into.sentences and not into.dialogues:
        left = "; ".join(into.left_out.lines())
        raise UserError(f"{source}: nothing of it can be used as {FORMATS[into.format].words}: {left or 'it is empty'}")
    return into.with_unique_ids()


def _files(source: Path, into: Imported) -> list[SourceFile]:
    if source.is_file():
        paths = [source]
    elif source.is_dir():
        paths = sorted(path for path in source.rglob("*") if path.is_file() and not _hidden(path.relative_to(source)))
    else:
        raise UserError(f"{source}: no such file or folder")
    files = []
    for path in paths:
        name = (path.name if source.is_file() else path.relative_to(source).as_posix()).removesuffix(".gz")
        content = read_gunzipped(path)
        if path.suffix.lower() in _OFFICE:
            into.left_out.add("spreadsheets and documents, which you would have to save as CSV or text", str(path))
        elif content.startswith(_ZIP):
            inside = list(zip_members(path, _DIALOGUES))
            files += [SourceFile(Path(where), unified_format.FILE, member) for where, member in inside]
            if not inside:
                into.left_out.add(f"archives without {unified_format.FILE}, which you would have to unpack", str(path))
        elif content.strip():
            files.append(SourceFile(path, name.removesuffix(Path(name).suffix), content))
        else:
            into.left_out.add("empty files", str(path))
    if not files:
        left = "; ".join(into.left_out.lines()) or "the folder is empty"
        raise UserError(f"{source}: expected files with dialogues or sentences, found none ({left})")
    return files


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)


def _one(source: Path, by_format: dict[str, list[SourceFile]]) -> str:
    """The only format of a source.

    Raises:
      UserError: several, or none.
    """
    known = {name: files for name, files in by_format.items() if name in FORMATS}
    if not known and _OURS in by_format:
        raise UserError(
            f"{_paths(by_format[_OURS])}: has the project's own format already; give it to a task, or to data split"
        )
    if len(known) == 1:
        return next(iter(known))
    if known:
        several = ", ".join(f"{name} ({_paths(files)})" for name, files in known.items())
        raise UserError(f"{source}: files of several formats: {several}; --format takes those of one")
    raise UserError(
        f"{source}: no format that is known ({_paths(by_format[''])}); expected "
        f"{', '.join(one.words for one in FORMATS.values())}; --format {'|'.join(FORMATS)} says which"
    )


def _paths(files: list[SourceFile]) -> str:
    names = ", ".join(file.path.name for file in files[:_NAMED])
    return f"{names} and {len(files) - _NAMED:,} more" if len(files) > _NAMED else names


def format_of(file: SourceFile, encoding: str = "") -> str:
    """The format of a file by its content, with a little help by its name; "" for none that is known.

    Raises:
      UserError: an encoding that Python does not know.
    """
    try:
        text, _ = guessed_text(file.content, str(file.path), encoding)
    except UserError:
        if encoding:
            raise
        return ""
    suffix = Path(file.path.name.removesuffix(".gz")).suffix.lower()
    start = text.lstrip()
    if start.startswith(("{", "[")) and (found := _json_format(start, suffix)) is not None:
        return found
    if suffix in _YAML or _KEY.search(text):
        return "rasa" if _KEY.search(text) else ""
    spoken = transcripts.spoken_share(text)
    form = tables.form_of(text)
    if spoken >= (_ALL_SPOKEN if suffix in _TABLES else _SPOKEN):
        return "transcript"
    return "table" if suffix in _TABLES or (form is not None and suffix != ".md") else ""


def _json_format(start: str, suffix: str) -> str | None:
    """The format of JSON; "" for one that is not known, None for text that only begins like JSON, as `[10:02] ...`."""
    try:
        values = parse_json(start, "") if start.startswith("[") else [parse_json(start.partition("\n")[0], "")]
    except UserError:
        return "" if suffix in (".json", ".jsonl") and start.startswith("{") else None
    first = values[0] if isinstance(values, list) and values else None
    match first:
        case {"messages": list()}:
            return "chat"
        case {"turns": [{"speaker": _, "utterance": _}, *_]}:
            return "convlab"
        case {"turns": [{"role": _, "text": _}, *_]} | {"text": str()} if suffix != ".json":
            return _OURS
    return ""
