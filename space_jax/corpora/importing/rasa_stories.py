"""Stories of Rasa: steps of intents and actions, to which words are put.

A user's words are those of the step (`user`), else an example of its intent, one after the other, preferably with the
step's entities. The system's are those of the step (`bot`), else a text of the action's response in the domain. Actions
that no response has (`action_...`, forms) are silent and left out; a story with a user's step without words is left out
as a whole. Of alternatives (`or`) the first is taken.

Frames hold what the story says: the user's intent with its entities, and the names of the system's actions as intents.
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator

from space_jax.corpora.importing.imported import Imported
from space_jax.corpora.importing.rasa_examples import Example, example_of
from space_jax.corpora.utterances import NO_DOMAIN, NO_INTENT
from space_jax.dialogue.record import SYSTEM, USER, Frame, Turn
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.yaml_text import Yaml

_VARIABLE = re.compile(r"\{(\w+)\}")
_SILENT = ("slot_was_set", "active_loop", "checkpoint", "metadata")


@dataclasses.dataclass
class _Talk:
    """A story as far as it has been told."""

    turns: list[Turn] = dataclasses.field(default_factory=list)
    known: dict[str, str] = dataclasses.field(default_factory=dict)
    intent: str = ""


class Stories:
    """Reads stories with the words of a project."""

    def __init__(self, examples: list[Example], responses: list[tuple[str, Yaml]], into: Imported) -> None:
        """Sorts the words.

        Args:
          examples: of the NLU data.
          responses: the value of each key `responses`, with its file.
          into: gets what is left out.
        """
        self._into = into
        self._examples: dict[str, list[Example]] = {}
        for example in examples:
            base = example.intent.partition("/")[0]
            for intent in dict.fromkeys((example.intent, base)):
                self._examples.setdefault(intent, []).append(example)
        self._responses: dict[str, list[str]] = {}
        for _, part in responses:
            for name, variants in part.value.items() if isinstance(part.value, dict) else ():
                texts = [_text(variant, "text") for variant in _list(variants)]
                self._responses.setdefault(name, []).extend(text for text in texts if text)
        self._used: Counter[str] = Counter()

    def read(self, where: str, stories: Yaml) -> Iterator[tuple[str, list[Turn]]]:
        """The name and the turns of each story that has words."""
        for number, story in enumerate(_list(stories), start=1):
            at = f"{where}:{story.line}"
            talk, lacking = _Talk(), ""
            for step in _list(story.value.get("steps")) if isinstance(story.value, dict) else ():
                lacking = lacking or self._step(step, f"{where}:{step.line}", talk)
            if lacking:
                self._into.left_out.add(f"stories without words for the intent {shown(lacking)}", at)
            elif talk.turns:
                yield _text(story, "story") or f"story-{number}", talk.turns
            else:
                self._into.left_out.add("stories without a turn", at)

    def _step(self, step: Yaml, where: str, talk: _Talk) -> str:
        """Tells one step; returns the intent for which there are no words."""
        if isinstance(step.value, dict) and "or" in step.value:
            several = _list(step.value["or"])
            self._into.left_out.add("alternatives (or) behind the first", where, max(0, len(several) - 1))
            return self._step(several[0], where, talk) if several and not _has_or(several[0]) else ""
        if _text(step, "user") or _text(step, "intent"):
            return self._user(step, where, talk)
        if _text(step, "bot"):
            self._system(talk, _text(step, "bot"), None)
        elif _text(step, "action"):
            self._action(_text(step, "action"), where, talk)
        else:
            kind = next((key for key in _SILENT if isinstance(step.value, dict) and key in step.value), "")
            self._into.left_out.add(f"steps {kind}" if kind else "steps of another kind", where)
        return ""

    def _user(self, step: Yaml, where: str, talk: _Talk) -> str:
        intent = _text(step, "intent").removeprefix("/")
        if _text(step, "user"):
            try:
                example = example_of(intent, " ".join(_text(step, "user").split()), {}, where)
            except UserError as error:
                self._into.left_out.add("entities of stories that cannot be read", str(error))
                example = Example(intent, _text(step, "user"), (), where)
        else:
            chosen = self._example(intent, _entities(step))
            if chosen is None:
                return intent
            example = chosen
        talk.known |= {slot.name: slot.values[-1].text for slot in example.slots}
        talk.intent = example.intent
        frames = (Frame(NO_DOMAIN, intent or NO_INTENT, example.slots),) if intent or example.slots else None
        talk.turns.append(Turn(USER, example.text, frames))
        return ""

    def _example(self, intent: str, wanted: dict[str, str]) -> Example | None:
        """The next example of an intent among those with the most of the wanted entities; None if there is none."""
        several = self._examples.get(intent, [])
        if not several:
            return None

        def fits(example: Example) -> tuple[bool, int]:
            said = {slot.name: {value.text.casefold() for value in slot.values} for slot in example.slots}
            return set(said) == set(wanted), sum(
                value.casefold() in said.get(name, ()) for name, value in wanted.items()
            )

        best = max(map(fits, several))
        fitting = [example for example in several if fits(example) == best]
        self._used[intent] += 1
        return fitting[(self._used[intent] - 1) % len(fitting)]

    def _action(self, action: str, where: str, talk: _Talk) -> None:
        texts = self._responses.get(action) or self._responses.get(f"{action}/{talk.intent.partition('/')[2]}")
        if not texts:
            self._into.left_out.add(f"steps action: {shown(action)}, which has no text", where)
            return
        self._used[action] += 1
        text = texts[(self._used[action] - 1) % len(texts)]
        self._system(talk, _VARIABLE.sub(lambda name: talk.known.get(name[1], name[0]), text), Frame(NO_DOMAIN, action))

    def _system(self, talk: _Talk, text: str, frame: Frame | None) -> None:
        frames = None if frame is None else (frame,)
        before = talk.turns[-1] if talk.turns else None
        if before is not None and before.role == SYSTEM and (before.frames is None) == (frames is None):
            both = None if frames is None else tuple(dict.fromkeys((*(before.frames or ()), *frames)))
            talk.turns[-1] = Turn(SYSTEM, f"{before.text} {text}", both)
        else:
            talk.turns.append(Turn(SYSTEM, text, frames))


def _list(given: Yaml | None) -> list[Yaml]:
    return given.value if given is not None and isinstance(given.value, list) else []


def _text(given: Yaml, key: str) -> str:
    """The text of a key, its lines joined; "" for anything else."""
    found = given.value.get(key) if isinstance(given.value, dict) else None
    return " ".join(found.value.split()) if found is not None and isinstance(found.value, str) else ""


def _has_or(step: Yaml) -> bool:
    return isinstance(step.value, dict) and "or" in step.value


def _entities(step: Yaml) -> dict[str, str]:
    """Entity -> value of a step; "" for a name alone."""
    found: dict[str, str] = {}
    for one in _list(step.value.get("entities")) if isinstance(step.value, dict) else ():
        if isinstance(one.value, str):
            found[one.value] = ""
        elif isinstance(one.value, dict):
            role = _text(one, "role")
            for name, value in one.value.items():
                if name not in ("role", "group"):
                    found[f"{name}_{role}" if role else name] = value.value if isinstance(value.value, str) else ""
    return found
