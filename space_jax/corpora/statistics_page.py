"""The statistics of a corpus as one HTML page that needs nothing else: no scripts, no fonts, no network."""

from collections.abc import Mapping
from html import escape
from typing import Any

from space_jax.corpora.charts import bars, columns
from space_jax.corpora.statistics import LAYERS

SHOWN = 25  # names of one kind in a chart

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --bar: #2f6f9f; --paper: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7ebf0; --soft: #a3adba; --line: #3a434f; --bar: #6fb1e0; --paper: #14181d; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem 1rem 3rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
p.note { color: var(--soft); margin: .2rem 0 0; font-size: .9rem; }
dl.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; margin: 1.2rem 0; }
dl.facts div { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .8rem; }
dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1.6rem 2rem; }
section { min-width: 0; border-top: 1px solid var(--line); padding-top: .9rem; }
svg { display: block; width: 100%; max-width: 34rem; height: auto; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
svg .name { text-anchor: end; } svg .tick { text-anchor: middle; fill: var(--soft); }
svg .unit { text-anchor: end; fill: var(--soft); } svg .number { fill: var(--soft); }
svg .bar { fill: var(--bar); } svg .axis { stroke: var(--line); }
"""

_PACKINGS = {
    "packed": "packed, as trained",
    "packed_tightest": "packed, no spare row",
    "to_longest": "padded to longest",
    "fixed": "padded to full length",
}


def statistics_page(title: str, report: Mapping[str, Any]) -> str:
    """The page.

    Args:
      title: names corpus and split.
      report: what `space-jax data stats --json` prints.
    """
    sections = [*_sources(report), *_lengths(report), *_annotation(report), *_names(report), *_padding(report)]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{_facts(report)}\n<main>\n{''.join(sections)}</main>\n</body>\n</html>\n"
    )


def _facts(report: Mapping[str, Any]) -> str:
    turns, words = sum(report["turns"].values()), sum(report["words"].values())
    facts = {
        "dialogues": f"{report['dialogues']:,}",
        "turns": f"{turns:,}",
        "words": f"{words:,}",
        "examples": f"{report['examples']:,}",
    }
    known = report["shares"]["known"]
    facts |= {f"examples with known {fact.replace('_', ' ')}": f"{share:.1%}" for fact, share in known.items()}
    if report["domains"]:
        facts["values with a span"] = f"{report['shares']['spans']:.1%}"
        facts["domains, intents, slots"] = ", ".join(
            f"{len(report[kind]):,}" for kind in ("domains", "intents", "slots")
        )
    if "tokens" in report:
        facts["tokens"] = f"{sum(report['tokens']['tokens'].values()):,}"
    if "unmapped" in report:
        facts["frames without a shared name"] = f"{report['unmapped']['frames_share']:.1%}"
    shown = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in facts.items())
    return f'<dl class="facts">{shown}</dl>'


def _sources(report: Mapping[str, Any]) -> list[str]:
    """For a mixture: the dialogues of each source, kept and left out."""
    sources = report.get("sources")
    if not sources:
        return []
    counts = ("read", "dropped by the guard", "exact duplicates", "near duplicates")
    summed = ", ".join(f"{name} {sum(one[name] for one in sources.values()):,}" for name in counts)
    title = "Dialogues of each source"
    chart = bars(title, {name: one["entries"] for name, one in sources.items()})
    return [_section(title, chart, f"As they enter; {summed}.")]


def _lengths(report: Mapping[str, Any]) -> list[str]:
    charts = {"Turns a dialogue": ("dialogue_turns", "turns"), "Words a turn": ("turn_words", "words")}
    drawn = [_section(title, columns(title, _lengths_of(report[key]), unit)) for title, (key, unit) in charts.items()]
    if "tokens" in report:
        tokens = {"Tokens a turn": "turn_tokens", "Tokens of a context": "context_tokens"}
        tokens |= {"Tokens of a response": "response_tokens"}
        for title, key in tokens.items():
            drawn.append(_section(title, columns(title, _lengths_of(report["tokens"][key]), "tokens")))
    return drawn


def _annotation(report: Mapping[str, Any]) -> list[str]:
    shares = report["shares"]
    if not any(shares[name] for name in LAYERS):
        return [_section("Annotation", '<p class="note">No turn is annotated.</p>')]
    layers = {name: shares[name] for name in LAYERS}
    depths = {0: "no frame", 2: "intent", 3: "slot", 4: "value"}
    depth = {f"{depths[level]} ({level})": report["depth"].get(str(level), 0) for level in depths}
    views = "Share of turns with at least one element"
    return [
        _section("Turns that are annotated", bars("Turns that are annotated", layers, percent=True)),
        _section("Deepest level of a turn's tree", bars("Deepest level of a turn's tree", depth)),
        _section("Views of the semantic tree", bars(views, shares["views"], percent=True), views + "."),
    ]


def _names(report: Mapping[str, Any]) -> list[str]:
    titles = {"acts": "Dialog acts", "domains": "Domains", "intents": "Intents", "slots": "Slots"}
    drawn = []
    for kind, title in titles.items():
        names = dict(list(report[kind].items())[:SHOWN])
        if names:
            more = len(report[kind]) - len(names)
            note = f"Turns with each; {more:,} rarer ones are not shown." if more else "Turns with each."
            drawn.append(_section(title, bars(title, names), note))
    return drawn


def _padding(report: Mapping[str, Any]) -> list[str]:
    drawn = []
    for row in report.get("tokens", {}).get("padding", ()):
        title = f"Padding with {row['batch_size']} examples a batch"
        shares = {text: row[name] for name, text in _PACKINGS.items()}
        drawn.append(_section(title, bars(title, shares, percent=True)))
    return drawn


def _lengths_of(counts: Mapping[str, int]) -> dict[int, int]:
    return {int(length): count for length, count in counts.items()}


def _section(title: str, chart: str, note: str = "") -> str:
    below = f'<p class="note">{escape(note)}</p>' if note else ""
    return f"<section><h2>{escape(title)}</h2>{chart}{below}</section>\n"
