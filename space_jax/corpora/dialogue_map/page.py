"""The map as one HTML page that needs nothing else: no scripts, no fonts, no network.

A box of the graph is a link to its group, whose turns then stand beside the graph, on a phone below it.
"""

from collections.abc import Mapping, Sequence
from html import escape

from space_jax.corpora.dialogue_map import graph
from space_jax.corpora.dialogue_map.names import Shares
from space_jax.corpora.dialogue_map.page_text import percent, text
from space_jax.corpora.dialogue_map.view import Example, Group, View
from space_jax.dialogue.record import USER
from space_jax.printable import printable

_HOW = (
    "Each box is a group of turns that mean something similar, early ones at the top. An arrow leads to what follows, "
    "with the share of the group's turns; rare ones are left out. Point at a box to see its arrows alone; choose it to "
    "read its turns."
)
_LISTED = 8  # groups before and after one

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #596373; --line: #cfd6df; --paper: #fff; --user: #0072b2;
  --system: #b45309; --good: #00664b; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7ebf0; --soft: #a3adba; --line: #3a434f; --paper: #14181d;
  --user: #56b4e9; --system: #e69f00; --good: #5fd3ae; --bad: #f28b82; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 84rem; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: 0 0 .2rem; } h2 { font-size: 1.05rem; margin: .8rem 0 .2rem; }
.panel h2:first-child { margin-top: 0; }
h3 { font-size: .92rem; margin: .9rem 0 .2rem; }
p, ul, ol { margin: .2rem 0; } ul, ol { padding-left: 1.2rem; } ol li { margin: .35rem 0; }
.soft { color: var(--soft); font-size: .86rem; } a { color: var(--user); }
fieldset { border: 0; padding: 0; margin: .7rem 0; } fieldset label { margin-right: 1rem; }
.view { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1.5rem; margin-top: .8rem; }
.heads { display: flex; justify-content: space-between; font-weight: 600; margin-bottom: .4rem; }
.heads .user { color: var(--user); } .heads .system { color: var(--system); }
.map { --box: 36%; }
.panel { position: sticky; top: .5rem; align-self: start; max-height: calc(100vh - 1rem); overflow-y: auto;
  border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; }
.group { display: none; } .group:target { display: block; outline: none; }
.panel:has(.group:target) .overview { display: none; }
@media (max-width: 900px) {
  .view { display: block; } .map { --box: 41%; } .node { font-size: .78rem; }
  .panel { position: static; max-height: none; margin-top: 1rem; scroll-margin-top: .5rem; }
}
@media print { .group { display: block; } .panel { max-height: none; } }
"""


def map_page(title: str, facts: str, views: Mapping[str, View], fails: float | None) -> str:
    """The page.

    Args:
      title: of the page.
      facts: a sentence on what was mapped, and by which model.
      views: in what the turns of a group are alike -> groups.
      fails: the share of the dialogues that ended without success; None where that is not known.
    """
    drawn = [_view(f"v{number}", what, view, fails) for number, (what, view) in enumerate(views.items())]
    rules = "".join(rule for _, rule in drawn)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(printable(title))}</title>\n"
        f"<style>{_STYLE}{graph.STYLE}{_tabs_style(len(views))}{rules}</style>\n</head>\n<body>\n"
        f'<h1>{text(title)}</h1>\n<p class="soft">{text(facts)}. {_HOW}</p>\n{_tabs(list(views))}'
        f"{''.join(html for html, _ in drawn)}</body>\n</html>\n"
    )


def _tabs(names: Sequence[str]) -> str:
    if len(names) < 2:
        return ""
    inputs = "".join(
        f'<label><input type="radio" name="view" id="t{number}"{"" if number else " checked"}> {text(name)}</label>'
        for number, name in enumerate(names)
    )
    return f"<fieldset><legend>Groups of turns that are alike in</legend>{inputs}</fieldset>\n"


def _tabs_style(count: int) -> str:
    if count < 2:
        return ""
    return "".join(f"body:has(#t{number}:not(:checked)) .v{number}{{display:none}}\n" for number in range(count))


def _view(name: str, what: str, view: View, fails: float | None) -> tuple[str, str]:
    drawn, rules = graph.graph(view.groups, name, fails)
    groups = "".join(_group(g, view.groups, name, fails) for g in range(len(view.groups)))
    return (
        f'<section class="view {name}" aria-label="{escape(what)}"><div class="map"><div class="heads">'
        f'<span class="user">the user says</span><span class="system">the system says</span></div>{drawn}</div>\n'
        f'<div class="panel">{_overview(view.groups, name, fails)}{groups}</div></section>\n'
    ), rules


def _overview(groups: Sequence[Group], view: str, fails: float | None) -> str:
    begin = {g: group.begins for g, group in enumerate(groups)}
    end = {g: group.ends for g, group in enumerate(groups)}
    failing = {g: group.fails or 0.0 for g, group in enumerate(groups)}
    parts = [
        f"<h2>Conversations begin with</h2>{_links(begin, groups, view)}",
        f"<h2>Conversations end with</h2>{_links(end, groups, view)}",
    ]
    if fails is None:
        parts.append('<p class="soft">Whether they ended well is not annotated.</p>')
    elif not fails:
        parts.append("<h2>Without success: none</h2><p>No last outcome that the system told was a failure.</p>")
    else:
        parts.append(
            f"<h2>Without success: {percent(fails)} of all</h2><p>The last outcome that the system told was a failure. "
            f"Of the conversations that come by a group, the share that ends so:</p>{_links(failing, groups, view)}"
        )
    return f'<section class="overview">{"".join(parts)}</section>\n'


def _links(shares: Mapping[int, float], groups: Sequence[Group], view: str) -> str:
    ranked = sorted(((g, share) for g, share in shares.items() if share > 0), key=lambda item: (-item[1], item[0]))
    items = "".join(
        f'<li>{percent(share)} <a href="#{view}g{g}">{text(groups[g].name)}</a></li>' for g, share in ranked[:_LISTED]
    )
    return f"<ul>{items}</ul>" if items else '<p class="soft">nothing</p>'


def _group(g: int, groups: Sequence[Group], view: str, fails: float | None) -> str:
    group = groups[g]
    of_side = sum(one.turns for one in groups if one.role == group.role)
    side = "user" if group.role == USER else "system"
    before = {
        source: one.then[g] * one.turns / group.turns for source, one in enumerate(groups) if one.then.get(g, 0) > 0
    }
    intents = () if group.intents == group.acts else group.intents
    annotated = {"dialog acts": group.acts, "intents": intents, "domains": group.domains, "slots": group.slots}
    facts = [f"{group.turns:,} turns, {percent(group.turns / of_side)} of the {side}'s"]
    facts += [f"typical words: {', '.join(map(text, group.words))}"] if group.words else []
    facts += [f"{name}: {_shares(shares)}" for name, shares in annotated.items() if shares]
    facts += [f"{percent(group.begins)} of all conversations begin here, {percent(group.ends)} end here"]
    if fails is not None and group.fails is not None:
        facts.append(f"{percent(group.fails)} of those that come by end without success, {percent(fails)} of all")
    listed = "".join(f"<li>{fact}</li>" for fact in facts)
    after = dict(group.then)
    again = after.pop(g, 0.0)
    before.pop(g, None)
    stays = f"<p>{percent(again)} are followed by another turn of this group.</p>" if again else ""
    listed_turns = "Its turns" if len(group.examples) == group.turns else f"{len(group.examples)} different turns of it"
    examples = "".join(_example(example) for example in group.examples)
    return (
        f'<section class="group" id="{view}g{g}" tabindex="-1"><h2>{text(group.name)}</h2>'
        f'<p><a href="#{view}n{g}">Back to its box</a></p><ul>{listed}</ul>'
        f"<h3>What follows</h3>{_links(after, groups, view)}{stays}"
        f"<h3>What came before</h3>{_links(before, groups, view)}"
        f"<h3>{listed_turns}, the most typical first</h3><ol>{examples}</ol></section>\n"
    )


def _shares(shares: Shares) -> str:
    return ", ".join(f"{text(name)} {percent(share)}" for name, share in shares)


def _example(example: Example) -> str:
    before = f'<br><span class="soft">after: {text(example.before)}</span>' if example.before else ""
    where = f'<span class="soft">{text(example.dialogue)}, turn {example.number}</span>'
    return f"<li>{text(example.text)} {where}{before}</li>"
