"""CSV and TSV: labelled sentences, a row each; or conversations, a turn each, with an id and a speaker."""

import io
from collections.abc import Sequence

from space_jax.corpora.importing.columns import Rows, columns_of, with_header
from space_jax.corpora.importing.imported import Imported, Options, SourceFile
from space_jax.corpora.importing.speakers import roles_of
from space_jax.corpora.reading import collapsed
from space_jax.corpora.utterances import NO_DOMAIN
from space_jax.dialogue.record import USER, Dialogue, Frame, Turn
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.delimited import BARS, CSV, QUOTED_TSV, SEMICOLONS, TSV, Form, Line, rows

_SAMPLE = 200_000  # characters that the delimiter is guessed from
_MOSTLY = 0.6  # share of rows as long as the first, from which a delimiter is taken
_ONE_COLUMN = Form("\x00", False, "lines of text")
_FORMS = {CSV: "commas", SEMICOLONS: "semicolons", TSV: "tabs", BARS: "bars", QUOTED_TSV: "tabs, cells in marks"}


def read(files: Sequence[SourceFile], options: Options, into: Imported) -> None:
    """Reads tables.

    Raises:
      UserError: an encoding, a delimiter, columns or speakers that cannot be guessed.
    """
    talks: dict[str, list[tuple[str, Turn]]] = {}
    for file in files:
        _file(file, options, into, talks)
    if not talks:
        return
    roles = roles_of([[speaker for speaker, _ in talk] for talk in talks.values()], options)
    into.say(roles.said)
    for name, talk in talks.items():
        turns: list[Turn] = []
        before = ""
        for speaker, turn in talk:
            if speaker not in roles.of:
                into.left_out.add(f"turns of {shown(speaker)}, who is neither user nor system")
            elif turns and speaker == before and turn.frames is None and turns[-1].frames is None:
                turns[-1] = Turn(turns[-1].role, f"{turns[-1].text} {turn.text}")
            else:
                turns.append(Turn(roles.of[speaker], turn.text, turn.frames))
            before = speaker
        if turns:
            into.add(name, turns)
        else:
            into.left_out.add("conversations in which none of them speaks")


def form_of(text: str) -> Form | None:
    """How the cells of a text are parted; None where no delimiter makes rows of equal length."""
    sample = text[:_SAMPLE]
    sample = sample if len(sample) == len(text) else sample[: sample.rfind("\n") + 1]
    widths = {form: _widths(sample, form) for form in _FORMS}
    several = {form: all_[0] for form, all_ in widths.items() if all_ and all_[0] > 1 and len(set(all_)) == 1}
    if TSV in several and QUOTED_TSV in several:  # marks are letters, unless a program wrote them around a whole column
        del several[TSV if _all_in_marks(sample) else QUOTED_TSV]
    if several:
        return max(several, key=lambda form: several[form])
    # A few rows may be damaged; they are named later.
    mostly = {form: all_ for form, all_ in widths.items() if all_ and all_[0] > 1 and _equal(all_) >= _MOSTLY}
    return max(mostly, key=lambda form: (_equal(mostly[form]), mostly[form][0]), default=None)


def _equal(widths: list[int]) -> float:
    return widths.count(widths[0]) / len(widths)


def _widths(sample: str, form: Form) -> list[int]:
    return [len(line.cells) for line in _rows(sample, form, "")]


def _all_in_marks(sample: str) -> bool:
    """Whether the cells of some column, the header's aside, are all in quotation marks."""
    lines = [line.cells for line in _rows(sample, TSV, "")][1:]
    columns = zip(*lines, strict=True) if lines else ()
    return any(all(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in column) for column in columns)


def _rows(text: str, form: Form, where: str) -> list[Line]:
    return list(rows(io.BytesIO(text.encode()), form, where))


def _file(file: SourceFile, options: Options, into: Imported, talks: dict[str, list[tuple[str, Turn]]]) -> None:
    text = into.text_of(file, options)
    form = form_of(text) or _ONE_COLUMN
    lines = _sound(_rows(text, form, str(file.path)), into)
    if not lines:
        into.left_out.add("files without a row that can be read", str(file.path))
        return
    header, taken = with_header([line.cells for line in lines], options.columns)
    body = []
    for line in lines[taken:]:
        if len(line.cells) == len(header):
            body.append(line)
        else:
            into.left_out.add(f"rows without the {len(header)} cells of the first", f"{file.path}:{line.number}")
    found, guessed = columns_of(header, [line.cells for line in body], options.columns, str(file.path))
    if taken and guessed and _is_row(header, [line.cells for line in body], found):
        body, header = [lines[0], *body], tuple(str(number) for number in range(1, len(header) + 1))
        into.say("the first row is no header: its label is one of others, too")
    into.say(f"cells parted by {_FORMS.get(form, 'line ends')}")
    named = ", ".join(f"{role} = {header[index]}" for role, index in found.items())
    into.say(f"columns: {named}{' (guessed; --column names them)' if guessed else ''}")
    unused = ", ".join(shown(name) for index, name in enumerate(header) if index not in found.values())
    if unused:
        into.left_out.add(f"columns ({unused})", str(file.path), len(header) - len(found))
    if _are_turns(file, body, found, into):
        _conversations(file, body, found, into, talks)
    else:
        _sentences(file, body, found, into)


def _sound(lines: list[Line], into: Imported) -> list[Line]:
    for line in lines:
        if line.error:
            into.left_out.add("rows that cannot be read", line.error)
    return [line for line in lines if not line.error]


def _is_row(header: tuple[str, ...], body: Rows, found: dict[str, int]) -> bool:
    index = found.get("label")
    return index is not None and header[index] in {row[index] for row in body}


def _are_turns(file: SourceFile, body: list[Line], found: dict[str, int], into: Imported) -> bool:
    """Whether the rows are turns, which takes a speaker; of one conversation where no column has its id."""
    if "speaker" not in found:
        if "dialogue" in found and "label" not in found:
            raise UserError(f"{file.path}: who says a turn? --column speaker=NAME says so")
        return False
    if "dialogue" not in found and "id" in found:
        ids = [line.cells[found["id"]] for line in body]
        if len(set(ids)) < len(ids):
            found["dialogue"] = found.pop("id")
            into.say("rows of one id are one conversation")
    if "dialogue" not in found and "label" not in found:
        into.say("no column has the id of a conversation: a file is one")
        return True
    return "dialogue" in found


def _sentences(file: SourceFile, body: list[Line], found: dict[str, int], into: Imported) -> None:
    for line in body:
        cell = _cells(line, found)
        where = f"{file.path}:{line.number}"
        if not cell["text"]:
            into.left_out.add("rows without a text", where)
            continue
        name = cell.get("id") or f"{file.name}-{line.number}"
        into.sentences.append(Dialogue(name, (Turn(USER, cell["text"], _frames(cell)),)))


def _cells(line: Line, found: dict[str, int]) -> dict[str, str]:
    """Role -> cell; every run of white space is one blank, as a cell may have lines."""
    return {role: collapsed(line.cells[index]) for role, index in found.items()}


def _frames(cell: dict[str, str]) -> tuple[Frame, ...] | None:
    return (Frame(cell.get("domain") or NO_DOMAIN, cell["label"]),) if cell.get("label") else None


def _is_number(cell: str) -> bool:
    return cell.strip().isdecimal() and len(cell) < 20


def _conversations(
    file: SourceFile,
    body: list[Line],
    found: dict[str, int],
    into: Imported,
    talks: dict[str, list[tuple[str, Turn]]],
) -> None:
    if "turn" in found and all(_is_number(line.cells[found["turn"]]) for line in body):
        body = sorted(body, key=lambda line: int(line.cells[found["turn"]]))  # conversations are told apart below
    mine: dict[str, list[tuple[str, Turn]]] = {}
    if "dialogue" in found:  # in the order of the file
        mine = {collapsed(line.cells[found["dialogue"]]): [] for line in sorted(body, key=lambda line: line.number)}
    for line in body:
        cell = {"dialogue": file.name} | _cells(line, found)
        missing = next((role for role in ("dialogue", "speaker", "text") if not cell[role]), "")
        if missing:
            into.left_out.add(f"rows without a {missing}", f"{file.path}:{line.number}")
        else:
            mine.setdefault(cell["dialogue"], []).append((cell["speaker"], Turn(USER, cell["text"], _frames(cell))))
    for name, talk in mine.items():
        if talk:
            talks[name if name not in talks else f"{file.name}/{name}"] = talk
