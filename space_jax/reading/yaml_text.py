"""YAML: text, lists and mappings, each with its line.

Every word stays a word: `no`, `on` and `1.0` are names and values in dialogue data, where YAML 1.1 reads truth values
and numbers. Nothing is constructed from tags. Aliases, by which a small file can stand for a huge one, are refused.
"""

import dataclasses

import yaml

from space_jax.errors import UserError
from space_jax.printable import shown

_NULL = "tag:yaml.org,2002:null"


@dataclasses.dataclass(frozen=True, slots=True)
class Yaml:
    """A value of a YAML file.

    Attributes:
      line: on which it begins, from 1.
      value: a text, None for null, a list, or a mapping.
      literal: a text behind `|`, whose lines are those of the file from the next one on.
    """

    line: int
    value: "str | list[Yaml] | dict[str, Yaml] | None"
    literal: bool = False


def parse_yaml(text: str, where: str) -> Yaml:
    """The value of a YAML text; null for an empty one.

    Raises:
      UserError: no YAML, several documents, an alias, a key twice or a key that is no text; with the line.
    """
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
        return Yaml(1, None) if node is None else _value(node, where)
    except RecursionError:
        raise UserError(f"{where}: expected YAML, found it damaged (it is nested too deeply)") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{where}:{mark.line + 1}" if mark else where
        raise UserError(f"{place}: expected YAML, found it damaged ({error.problem or error.context})") from None
    except yaml.YAMLError as error:  # of the reader: a character that no YAML has
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise UserError(f"{where}:{line}: expected YAML, found a control character") from None
    except (ValueError, OverflowError) as error:  # of the scanner: an escape beyond the last character
        raise UserError(f"{where}: expected YAML, found it damaged ({error})") from None


class _Loader(yaml.SafeLoader):
    """Builds nodes only, and none twice."""

    def compose_node(self, parent, index):  # type: ignore[no-untyped-def]
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            problem = f"an alias, *{event.anchor}; write out what it stands for"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        return super().compose_node(parent, index)


def _value(node: yaml.Node, where: str) -> Yaml:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return Yaml(line, [_value(child, where) for child in node.value])
    if isinstance(node, yaml.MappingNode):
        return Yaml(line, _mapping(node, where))
    if node.tag == _NULL and node.style is None:
        return Yaml(line, None)
    try:
        node.value.encode()
    except UnicodeEncodeError:
        raise UserError(f"{where}:{line}: expected text, found half a surrogate pair") from None
    return Yaml(line, node.value, literal=node.style == "|")


def _mapping(node: yaml.MappingNode, where: str) -> dict[str, Yaml]:
    found: dict[str, Yaml] = {}
    for key, child in node.value:
        name, at = _value(key, where).value, f"{where}:{key.start_mark.line + 1}"
        if not isinstance(name, str):
            raise UserError(f"{at}: expected a name as key, found {'nothing' if name is None else 'something else'}")
        if name in found:
            raise UserError(f"{at}: expected every key once, found {shown(name)} twice")
        found[name] = _value(child, where)
    return found
