"""The frame of a page that needs nothing else: no scripts, no fonts, no network. It follows a dark screen."""

import re
from html import escape

_JOINTS = re.compile(r"(?<=[\w\]])([_/.-]+)(?=\w)")

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --paper: #fff; --bar: #0072b2;
  --wrong: #b3400a; --right-cell: 0,114,178; --wrong-cell: 213,94,0; --warn: #fff4e0; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7ebf0; --soft: #a3adba; --line: #3a434f; --paper: #14181d; --bar: #56b4e9; --wrong: #f0a070;
    --right-cell: 86,180,233; --wrong-cell: 230,120,40; --warn: #33291a; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem 1rem 3rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .3rem; }
p { margin: .3rem 0; max-width: 44rem; }
.note { color: var(--soft); font-size: .9rem; }
.warning { background: var(--warn); border-left: .25rem solid #e69f00; padding: .4rem .7rem;
  margin: .8rem 0 1.2rem; }
table { border-collapse: collapse; font-size: .9rem; }
td, th { padding: .25rem .5rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
th { font-weight: 600; line-height: 1.25; }
details { border-bottom: 1px solid var(--line); padding: .35rem 0; }
summary { cursor: pointer; }
ul { margin: .4rem 0; padding-left: 1.2rem; }
@media (max-width: 30rem) { td, th { padding: .25rem .25rem; } table { font-size: .82rem; } }
"""


def page(title: str, body: str, style: str = "") -> str:
    """The page.

    Args:
      title: as it is; it is escaped here.
      body: HTML, in which everything from outside is escaped.
      style: of this kind of page, beside what all have.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}{style}</style>\n</head>\n<body>\n"
        f"<h1>{breakable(title)}</h1>\n{body}</body>\n</html>\n"
    )


def breakable(text: str) -> str:
    """A text escaped, in which a line may end after a joint, so that no long name is broken within a word.

    >>> breakable("card_arrival & co")
    'card_<wbr>arrival &amp; co'
    """
    return escape(_JOINTS.sub("\\1\0", text.replace("\0", ""))).replace("\0", "<wbr>")
