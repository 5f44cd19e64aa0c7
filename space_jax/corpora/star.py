"""STAR (Mosig et al., 2020): its raw files -> `Dialogue`.

What becomes what:
  turns       the messages to the other side: `utter` of the user, `utter` and `pick_suggestion` of the wizard. Drafts
              (`request_suggestions`), queries, results, choices of a task and prompts of the guide are left out
  domain      that of the label (`bank_ask_pin`); for a label of all domains (`hello`) that of the task that the wizard
              chose last, else that of the scenario's tasks if they share one, else `general`
  intent      `ask` and the requested slot, or the rest of the label (`star_labels.parse`)
  slots       also the values that the source's templates fill into the reply (`star_templates`), with their spans.
              A reply that follows none of its templates has the intent and no values
  acts        wizard: `star_labels.ACTS_OF`
  None        frames and acts of user turns, of the wizard's free turns and of `custom` replies: the source does not
              annotate them. The constraints of a query are no belief state: they exist only where the wizard looks
              something up
  text        runs of white space are one blank
  split       the source has none; `split_of` derives it from the id: 8 / 1 / 1 of ten
  id          the split and the source's number

Of 6,652 dialogues 447 broke off before the first message; they are left out. In four places one side speaks twice in
a row. The templates follow the dialogues in the archive, so it is read twice for the first split and once for the
others; bzip2 takes 1.3 CPU seconds each time.
"""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.corpora import star_labels, star_templates
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import collapsed, field
from space_jax.corpora.splits import SPLITS
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn
from space_jax.dialogue.trees import hash_element
from space_jax.errors import UserError
from space_jax.reading.archives import tar_members
from space_jax.reading.json_text import parse_json
from space_jax.reading.text import read_bytes

ARCHIVE = "star.tar.bz2"
_DIALOGUE = re.compile(r"(^|/)dialogues/\d+\.json$")
_RESPONSES = re.compile(r"(^|/)tasks/\w+/responses\.json$")
_SAID = {("User", "utter"): USER, ("Wizard", "utter"): SYSTEM, ("Wizard", "pick_suggestion"): SYSTEM}


def split_of(number: int) -> str:
    """The split of a dialogue: the hash of its id modulo ten, 0 to 7 train, 8 validation, 9 test."""
    return {8: "validation", 9: "test"}.get(hash_element(f"star-{number}") % 10, "train")


def load(source: Path, split: str) -> Iterator[Dialogue]:
    """The dialogues of a split, in the order of the archive; one is in memory at a time.

    Args:
      source: the folder with `star.tar.bz2`, or its unpacked folder `STAR`.
      split: "train", "validation" or "test" of `split_of`.

    Raises:
      UserError: files that are missing or damaged, a label that `star_labels.ACTS_OF` lacks; with the file and event.
    """
    archive = source / ARCHIVE
    templates = _templates(source, archive.stat().st_mtime_ns) if archive.is_file() else _read_templates(source)
    found = False
    for where, content in _files(source, _DIALOGUE):
        found = True
        record = parse_json(content, where)
        number = field(record, "DialogueID", int, where)
        if split_of(number) == split and (turns := _turns(record, templates, where)):
            yield Dialogue(f"{split}-{number}", turns)
    if not found:
        raise UserError(f"{source}: expected dialogues/<n>.json, packed in {ARCHIVE} or unpacked, found none")


def find_splits(source: Path) -> tuple[str, ...]:
    """All splits if there are files: the split is ours."""
    unpacked = any(_DIALOGUE.search(path.as_posix()) for path in source.rglob("*.json"))
    return SPLITS if unpacked or (source / ARCHIVE).is_file() else ()


@functools.lru_cache(maxsize=1)
def _templates(source: Path, changed: int) -> star_templates.Templates:
    """The templates of an archive with this modification time; cached from one split to the next."""
    return _read_templates(source)


def _read_templates(source: Path) -> star_templates.Templates:
    return star_templates.compiled((where, parse_json(content, where)) for where, content in _files(source, _RESPONSES))


def _files(source: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """The files that match the pattern, in the archive's own order, which avoids seeking."""
    archive = source / ARCHIVE
    if not archive.is_file():
        for path in sorted(path for path in source.rglob("*.json") if pattern.search(path.as_posix())):
            yield str(path), read_bytes(path)
    else:
        yield from tar_members(archive, pattern)


def _turns(record: Any, templates: star_templates.Templates, where: str) -> tuple[Turn, ...]:
    tasks = field(field(record, "Scenario", dict, where), "WizardCapabilities", list, where)
    domains = {_domain(task, where) for task in tasks}
    current = domains.pop() if len(domains) == 1 else "general"
    turns = []
    for number, event in enumerate(field(record, "Events", list, where)):
        at = f"{where}: event {number}"
        agent, action = field(event, "Agent", str, at), field(event, "Action", str, at)
        if action == "select_task":
            current = _domain(event, at)
        if (agent, action) in _SAID:
            turns.append(_turn(event, _SAID[agent, action], current, templates, at))
    return tuple(turns)


def _domain(record: Any, where: str) -> str:
    """The domain of a task, by its name (`bank_balance`): the field `Domain` is empty in some scenarios."""
    return field(record, "Task", str, where).partition("_")[0].lower()


def _turn(event: Any, role: str, current: str, templates: star_templates.Templates, where: str) -> Turn:
    text = collapsed(field(event, "Text", str, where))
    if role == USER or "ActionLabel" not in event:
        return Turn(role, text)
    label = field(event, "ActionLabel", str, where)
    if label == star_labels.FREE:
        return Turn(role, text)
    if label not in star_labels.ACTS_OF:
        raise UserError(f"{where}: field ActionLabel: expected a label of star_labels.ACTS_OF, found {label}")
    parsed = star_labels.parse(label)
    slots = star_templates.values(text, templates.get(label, []))
    if parsed.slot is not None and parsed.slot not in {slot.name for slot in slots}:
        slots = (Slot(parsed.slot), *slots)
    frame = Frame(parsed.domain or current, parsed.intent, slots)
    return Turn(role, text, (frame,), star_labels.ACTS_OF[label])


CORPUS = Corpus(
    name="star",
    description="STAR: 6,652 dialogues of 24 tasks in 13 domains, of which 6,205 say something",
    licence="MIT",
    citation="Mosig, Mehri and Kober, 2020, arXiv 2010.11853; https://github.com/RasaHQ/STAR",
    needs_source=True,
    options={},
    read=load,
    find_splits=find_splits,
)
