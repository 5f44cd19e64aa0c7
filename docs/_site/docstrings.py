"""Reads the docstrings as this project writes them, for the reference.

Examples stand in a docstring's text as doctests, and a field of a configuration is explained by the comment beside it
or above it.
"""

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)
_BESIDE = re.compile(r" {2}# (.+)$")


class Docstrings(griffe.Extension):
    """Makes examples code, and comments on fields their documentation."""

    def on_module(self, *, mod: griffe.Module, **_: Any) -> None:
        """What a package exports goes before a module of the same name, as `losses.r_drop` does when it is imported."""
        for name in {str(name) for name in mod.exports or ()} & set(mod.modules):
            if name in mod.modules[name].members:
                mod.members[name] = griffe.Alias(name, mod.modules[name].members[name], parent=mod)

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Examples in the text of a docstring become blocks of code."""
        if obj.docstring is not None:
            obj.docstring.value = _EXAMPLE.sub(r"```pycon\n\g<0>\n```", obj.docstring.value)

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """A field without a docstring takes its comments."""
        comment = "" if attr.docstring is not None else _comment(attr)
        if comment:
            attr.docstring = griffe.Docstring(comment, lineno=attr.lineno, parent=attr)


def _comment(attribute: griffe.Attribute) -> str:
    """The comment lines above a field, or what follows it on its line; "" without either."""
    if attribute.parent is None or not attribute.parent.is_class or attribute.lineno is None:
        return ""
    lines = attribute.filepath.read_text(encoding="utf-8").splitlines()
    first, last = attribute.lineno - 1, (attribute.endlineno or attribute.lineno) - 1
    above: list[str] = []
    while lines[first - 1].lstrip().startswith("# "):
        first -= 1
        above.insert(0, lines[first].strip().removeprefix("# "))
    beside = _BESIDE.search(lines[last])
    text = " ".join([*above, *([beside[1]] if beside else [])])
    return text[:1].upper() + text[1:]
