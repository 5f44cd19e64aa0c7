"""Who is the user and who the system, named or guessed by the words of a name and by who begins."""

import dataclasses
import difflib
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from space_jax.corpora.importing.imported import Options
from space_jax.dialogue.record import SYSTEM, USER
from space_jax.errors import UserError
from space_jax.printable import shown

_SYSTEM_WORDS = (
    "system sys agent assistant bot chatbot operator support staff clerk representative rep advisor adviser service "
    "helpdesk wizard admin sales reception receptionist employee model gpt ai seller vendor"
)
_USER_WORDS = "user usr u customer client caller guest visitor human patient passenger student buyer shopper member"
_WORDS = {SYSTEM: set(_SYSTEM_WORDS.split()), USER: set(_USER_WORDS.split())}  # "customer service" is the system
_NAMED = 8  # speakers in a message


@dataclasses.dataclass(frozen=True, slots=True)
class Roles:
    """The role of each speaker.

    Attributes:
      of: speaker -> `USER` or `SYSTEM`; others take no part.
      said: the same in a sentence.
    """

    of: dict[str, str]
    said: str


def role_by_name(name: str) -> str:
    """The role that the words of a name tell; "" for none."""
    words = set(re.findall(r"[^\W\d_]+", name.casefold()))
    return next((role for role, known in _WORDS.items() if words & known), "")


def roles_of(talks: Sequence[Sequence[str]], options: Options) -> Roles:
    """The roles of all who speak.

    Args:
      talks: of each conversation, who said its turns.
      options: names one side or both; a side that is not named is everybody else if the other one is.

    Raises:
      UserError: a name that nobody has, or names that tell nothing.
    """
    counts = Counter(name for talk in talks for name in talk)
    if options.user or options.system:
        return Roles(_named(counts, options), _said(_named(counts, options), counts, ""))
    of = {name: role for name in counts if (role := role_by_name(name))}
    unknown = [name for name in counts if name not in of]
    known = set(of.values())
    if unknown and len(known) == 1:
        other = USER if known == {SYSTEM} else SYSTEM
        of |= dict.fromkeys(unknown, other)
    elif unknown and not known and len(counts) == 2:
        of = _by_who_begins(talks, list(counts))
    elif unknown:
        names = ", ".join(f"{shown(name)} ({counts[name]:,} turns)" for name in unknown[:_NAMED])
        raise UserError(
            f"speakers: {names}{' and others' if len(unknown) > _NAMED else ''}: who is the user and who the system? "
            "--user NAME,NAME --system NAME,NAME say so; others are left out"
        )
    return Roles(of, _said(of, counts, "guessed; --user and --system name them"))


def _named(counts: Counter[str], options: Options) -> dict[str, str]:
    folded: dict[str, list[str]] = {}
    for name in counts:
        folded.setdefault(name.casefold(), []).append(name)
    of: dict[str, str] = {}
    for flag, wanted, role in (("--user", options.user, USER), ("--system", options.system, SYSTEM)):
        for name in wanted:
            if name.casefold() not in folded:
                near = difflib.get_close_matches(name.casefold(), folded, n=1)
                found = folded[near[0]] if near else [one for one, _ in counts.most_common(_NAMED)]
                hint = ", ".join(map(shown, found))
                raise UserError(f"{flag}: nobody is called {shown(name)}; {'nearest' if near else 'there are'}: {hint}")
            of |= dict.fromkeys(folded[name.casefold()], role)
    if not (options.user and options.system):
        other = SYSTEM if options.user else USER
        of = {name: of.get(name, other) for name in counts}
    return of


def _by_who_begins(talks: Sequence[Sequence[str]], names: list[str]) -> dict[str, str]:
    begins = Counter(talk[0] for talk in talks if talk)
    user, system = sorted(names, key=lambda name: -begins[name])
    return {user: USER, system: SYSTEM}


def _said(of: dict[str, str], counts: Counter[str], guessed: str) -> str:
    sides = []
    for role in (USER, SYSTEM):
        names = sorted((name for name in counts if of.get(name) == role), key=lambda name: -counts[name])
        sides.append(f"{_listed(names)} {'are' if len(names) > 1 else 'is'} the {role}")
    return f"speakers: {', '.join(sides)}{f' ({guessed})' if guessed else ''}"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return (", ".join(names[:_NAMED]) or "nobody") + more
