"""The graph of a view as HTML: boxes that are links to their group, arrows in an SVG that stretches with the page."""

import math
from collections.abc import Iterator, Sequence

from space_jax.corpora.dialogue_map.page_text import percent, text
from space_jax.corpora.dialogue_map.placing import HEIGHT, Arrow, placed
from space_jax.corpora.dialogue_map.view import Group
from space_jax.dialogue.record import USER

_TOLD = 0.05  # a share below this is not written on a box
_WORSE = 1.5  # times as many dialogues without success as on average are marked
_THICKEST = 6.0

STYLE = f"""
.graph {{ position: relative; }}
.node {{ position: absolute; width: var(--box); height: {HEIGHT}px; padding: .35rem .5rem; border-radius: .6rem;
  overflow: hidden; border: 1px solid var(--line); background: var(--paper); color: var(--ink); text-decoration: none;
  font-size: .84rem; line-height: 1.22; }}
.node.user {{ left: 0; border-left: 4px solid var(--user); }}
.node.system {{ right: 0; border-right: 4px solid var(--system); }}
.node:hover, .node:focus-visible {{ outline: 2px solid var(--ink); }}
.node b, .node q {{ display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden;
  overflow-wrap: anywhere; }}
.node b {{ font-weight: 600; }} .node q {{ color: var(--soft); font-size: .78rem; font-style: italic; }}
.node span {{ color: var(--soft); font-size: .76rem; white-space: nowrap; }}
.node .good {{ color: var(--good); }} .node .bad {{ color: var(--bad); }}
.between {{ position: absolute; top: 0; left: var(--box); right: var(--box); }}
.between svg {{ position: absolute; inset: 0; width: 100%; height: 100%; }}
.between path {{ fill: none; vector-effect: non-scaling-stroke; opacity: .55; }}
.between .user {{ stroke: var(--user); color: var(--user); }} .between .system {{ stroke: var(--system);
  color: var(--system); }}
.between span {{ position: absolute; font-size: .72rem; line-height: 1; font-variant-numeric: tabular-nums;
  text-shadow: 0 0 3px var(--paper), 0 0 3px var(--paper), 0 0 3px var(--paper); transform: translateY(-100%); }}
.between span.user {{ left: 3px; }} .between span.system {{ right: 3px; }}
.between i {{ position: absolute; width: 0; height: 0; border: 5px solid transparent; transform: translateY(-50%); }}
.between i.user {{ left: -1px; border-left: 0; border-right-color: var(--ink); }}
.between i.system {{ right: -1px; border-right: 0; border-left-color: var(--ink); }}
@media (max-width: 900px) {{
  .node {{ font-size: .78rem; }} .node b {{ -webkit-line-clamp: 3; }} .node q {{ display: none; }}
  .between :is(.x, i) {{ display: none; }} .between .strongest {{ display: inline; }}
}}
"""


def graph(groups: Sequence[Group], view: str, fails: float | None) -> tuple[str, str]:
    """The graph, and the rules of style that leave only the arrows of the group that one looks at.

    Args:
      groups: of the view.
      view: begins the ids.
      fails: the share of all dialogues that ended without success, None where that is not known.
    """
    drawn = placed(groups)
    most = max((arrow.turns for arrow in drawn.arrows), default=1)
    arrows = "".join(_arrow(arrow, _classes(arrow, groups, view), groups, most) for arrow in drawn.arrows)
    labels = "".join(_label(arrow, _classes(arrow, groups, view)) for arrow in drawn.arrows)
    tips = "".join(_tips(drawn.arrows, groups))
    boxes = "".join(_box(g, groups, view, drawn.tops[g], fails) for g in range(len(groups)))
    html = (
        f'<div class="graph" style="height:{drawn.height:.0f}px"><div class="between" style="height:{drawn.height:.0f}'
        f'px" aria-hidden="true"><svg viewBox="0 0 100 {drawn.height:.0f}" preserveAspectRatio="none">{arrows}</svg>'
        f"{labels}{tips}</div>{boxes}</div>"
    )
    return html, "".join(_alone(view, g) for g in range(len(groups)))


def _alone(view: str, g: int) -> str:
    others = f".x:not(.{view}e{g}){{opacity:.07}}"
    looked_at = f".{view}:has(#{view}n{g}:is(:hover,:focus-visible)) {others}"
    opened = f".{view}:not(:has(.node:hover,.node:focus-visible)):has(#{view}g{g}:target) {others}"
    return f"{looked_at}\n{opened}\n.{view}:has(#{view}g{g}:target) #{view}n{g}{{outline:2px solid var(--ink)}}\n"


def _box(g: int, groups: Sequence[Group], view: str, top: float, fails: float | None) -> str:
    group = groups[g]
    facts = [f"<span>{group.turns:,} turns</span>"]
    if group.begins >= _TOLD:
        facts.append(f'<span class="good">{percent(group.begins)} begin here</span>')
    if group.ends >= _TOLD:
        facts.append(f"<span>{percent(group.ends)} end here</span>")
    if group.then.get(g, 0) >= _TOLD:
        facts.append(f"<span>{percent(group.then[g])} once more</span>")
    if fails and group.fails is not None and group.fails >= max(_TOLD, _WORSE * fails):
        facts.append(f'<span class="bad">{percent(group.fails)} fail</span>')
    return (
        f'<a class="node {group.role}" id="{view}n{g}" href="#{view}g{g}" style="top:{top:.0f}px">'
        f"<b>{text(group.name)}</b>{' <span>&middot;</span> '.join(facts)}<q>{text(group.examples[0].text)}</q></a>"
    )


def _is_strongest(arrow: Arrow, groups: Sequence[Group]) -> bool:
    return arrow.target == next(target for target in groups[arrow.source].then if target != arrow.source)


def _classes(arrow: Arrow, groups: Sequence[Group], view: str) -> str:
    strongest = " strongest" if _is_strongest(arrow, groups) else ""
    return f"x {groups[arrow.source].role} {view}e{arrow.source} {view}e{arrow.target}{strongest}"


def _tips(arrows: Sequence[Arrow], groups: Sequence[Group]) -> Iterator[str]:
    """One a group that an arrow leads to, in the group's column."""
    reached = {arrow.target: arrow.arrives for arrow in arrows}
    strongly = {arrow.target for arrow in arrows if _is_strongest(arrow, groups)}
    for target, height in sorted(reached.items()):
        kind = f"{groups[target].role}{' strongest' if target in strongly else ''}"
        yield f'<i class="{kind}" style="top:{height:.0f}px"></i>'


def _arrow(arrow: Arrow, classes: str, groups: Sequence[Group], most: float) -> str:
    start, end = (0 if groups[g].role == USER else 100 for g in (arrow.source, arrow.target))
    near, far = (40, 60) if start == 0 else (60, 40)
    far = near if start == end else far
    width = 1 + (_THICKEST - 1) * math.sqrt(arrow.turns / most)
    path = f"M{start} {arrow.leaves:.0f}C{near} {arrow.leaves:.0f} {far} {arrow.arrives:.0f} {end} {arrow.arrives:.0f}"
    return f'<path class="{classes}" stroke-width="{width:.1f}" d="{path}"/>'


def _label(arrow: Arrow, classes: str) -> str:
    return f'<span class="{classes}" style="top:{arrow.leaves - 2:.0f}px">{percent(arrow.share)}</span>'
