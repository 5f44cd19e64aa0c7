"""The statistics of a corpus as one HTML page that needs nothing else: no scripts, no fonts, no network."""

from collections import Counter
from collections.abc import Mapping
from html import escape
from typing import Any

from space_jax.corpora import charts
from space_jax.corpora import statistics_words as words
from space_jax.corpora.charts import bar, bars, columns
from space_jax.corpora.html_page import breakable, page
from space_jax.corpora.statistics import LAYERS, quantile

SHOWN = 25  # names of one kind; rarer ones are folded
RARE = 10  # turns; a label with fewer is hard to learn and harder to measure
_NAMED = 12  # rare labels that a warning names

_STYLE = (
    charts.STYLE
    + """
dl.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .8rem; margin: 1.2rem 0; }
dl.facts div { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .8rem; }
dt { font-size: .85rem; line-height: 1.3; } dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
dd.note { font-size: .8rem; line-height: 1.3; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1.6rem 2rem;
  grid-auto-flow: dense; }
section { min-width: 0; border-top: 1px solid var(--line); padding-top: .9rem; } section.wide { grid-column: 1 / -1; }
section h2 { margin: 0; } section .note { margin-bottom: .6rem; }
ol.intents { list-style: none; margin: 0; padding: 0; columns: 26rem; column-gap: 2rem; }
ol.intents li { break-inside: avoid; margin-bottom: .7rem; }
.line { display: flex; gap: .6rem; justify-content: space-between; }
.line span { color: var(--soft); white-space: nowrap; }
ol.intents .bar-room div { height: .3rem; } ol.intents p { margin: .1rem 0; font-size: .9rem; color: var(--soft); }
"""
)


def statistics_page(title: str, report: Mapping[str, Any]) -> str:
    """The page.

    Args:
      title: names corpus and split.
      report: what `space-jax data stats --json` prints.
    """
    sections = [*_sources(report), *_lengths(report), *_annotation(report), *_names(report), *_padding(report)]
    body = f"{_facts(report)}\n{_warnings(report)}<main>\n{''.join(sections)}</main>\n"
    return page(title, body, _STYLE)


def _facts(report: Mapping[str, Any]) -> str:
    facts = {
        "dialogues": f"{report['dialogues']:,}",
        "turns": f"{sum(report['turns'].values()):,}",
        "words": f"{sum(report['words'].values()):,}",
        "examples": f"{report['examples']:,}",
        **{fact: f"{share:.1%}" for fact, share in report["shares"]["known"].items()},
    }
    if report["domains"]:
        facts["spans"] = f"{report['shares']['spans']:.1%}"
        facts["names"] = ", ".join(f"{len(report[kind]):,}" for kind in ("domains", "intents", "slots"))
    if "tokens" in report:
        facts["tokens"] = f"{sum(report['tokens']['tokens'].values()):,}"
    if "unmapped" in report:
        facts["unmapped"] = f"{report['unmapped']['frames_share']:.1%}"
    shown = "".join(_fact(*words.FACTS[name], text) for name, text in facts.items())
    return f'<dl class="facts">{shown}</dl>'


def _fact(name: str, note: str, text: str) -> str:
    return f'<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd><dd class="note">{escape(note)}</dd></div>'


def _warnings(report: Mapping[str, Any]) -> str:
    """A line for each kind of label some of which are rare."""
    lines = []
    for kind in words.KINDS:
        rare = {name: count for name, count in report[kind].items() if count < RARE}
        if rare:
            rarest = sorted(rare, key=lambda name: (rare[name], name))
            named = ", ".join(f"{breakable(name)} ({rare[name]})" for name in rarest[:_NAMED])
            more = f" and {len(rare) - _NAMED} more" if len(rare) > _NAMED else ""
            what = words.KINDS[kind][0].lower()
            lines.append(
                f'<p class="warning">{len(rare):,} of {len(report[kind]):,} {what} occur in fewer than {RARE} turns, '
                f"too few to learn or to measure them well: {named}{more}.</p>\n"
            )
    return "".join(lines)


def _sources(report: Mapping[str, Any]) -> list[str]:
    """For a mixture: the dialogues of each source, kept and left out."""
    sources = report.get("sources")
    if not sources:
        return []
    counts = ("read", "dropped by the guard", "exact duplicates", "near duplicates")
    summed = ", ".join(f"{name} {sum(one[name] for one in sources.values()):,}" for name in counts)
    chart = bars({name: one["entries"] for name, one in sources.items()})
    return [_section("Dialogues of each source", chart, f"As they enter the mixture; {summed}.")]


def _lengths(report: Mapping[str, Any]) -> list[str]:
    drawn = []
    for key, (title, unit, counted, note) in words.LENGTHS.items():
        counts = report.get(key, report.get("tokens", {}).get(key))
        if counts is None:
            continue
        lengths = Counter({int(length): count for length, count in counts.items()})
        longest = max(lengths, default=0)
        if len(lengths) == 1:  # of a single column nothing could be seen
            what = unit.removesuffix("s") if longest == 1 else unit
            alike = f"<p>All {lengths.total():,} {counted} have {longest:,} {what}.</p>"
            drawn.append(_section(title, alike, note))
            continue
        spread = f"Half have at most {quantile(lengths, 0.5):,}, the longest {longest:,}."
        drawn.append(_section(title, columns(title, lengths, unit, counted), f"{note} {spread}"))
    return drawn


def _annotation(report: Mapping[str, Any]) -> list[str]:
    shares = report["shares"]
    if not any(shares[name] for name in LAYERS):
        return [_section("Annotation", '<p class="note">No turn is annotated.</p>')]
    layers = {words.LAYERS[name]: shares[name] for name in LAYERS}
    depth = {name: report["depth"].get(str(level), 0) for level, name in words.DEPTHS.items()}
    views = {words.view_in_words(view): share for view, share in shares["views"].items()}
    return [
        _section("Annotated turns", bars(layers, percent=True), words.LAYERS_NOTE),
        _section("How much of the meaning is annotated", bars(depth), words.DEPTHS_NOTE),
        _section("What turns say", bars(views, percent=True), words.VIEWS_NOTE),
    ]


def _names(report: Mapping[str, Any]) -> list[str]:
    """The labels of each kind; of intents also what is said."""
    drawn = []
    for kind, (title, note) in words.KINDS.items():
        counts = report[kind]
        if not counts:
            continue
        chart = _intents(counts, report["said"], max(counts.values())) if kind == "intents" else _folded(counts)
        drawn.append(_section(title, chart, note, wide=kind == "intents"))
    return drawn


def _folded(counts: Mapping[str, int]) -> str:
    first, rest = _divided(counts)
    return bars(first) + _details(bars(rest) if rest else "", rest)


def _intents(counts: Mapping[str, int], said: Mapping[str, list[str]], most: int) -> str:
    def listed(some: Mapping[str, int]) -> str:
        return (
            f'<ol class="intents">{"".join(_intent(name, some[name], said.get(name, ()), most) for name in some)}</ol>'
        )

    first, rest = _divided(counts)
    return listed(first) + _details(listed(rest) if rest else "", rest)


def _intent(name: str, count: int, said: Any, most: int) -> str:
    turns = "1 turn" if count == 1 else f"{count:,} turns"
    texts = "".join(f"<p>{escape(text)}</p>" for text in said)
    return f'<li><div class="line"><b>{breakable(name)}</b><span>{turns}</span></div>{bar(count / most)}{texts}</li>'


def _divided(counts: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """The commonest and the rest; the report has them by falling count."""
    items = list(counts.items())
    return dict(items[:SHOWN]), dict(items[SHOWN:])


def _details(content: str, rest: Mapping[str, int]) -> str:
    return f"<details><summary>{len(rest):,} rarer ones</summary>{content}</details>" if rest else ""


def _padding(report: Mapping[str, Any]) -> list[str]:
    drawn = []
    for row in report.get("tokens", {}).get("padding", ()):
        shares = {text: row[name] for name, text in words.PACKINGS.items()}
        title = f"Padding with {row['batch_size']} examples a batch"
        drawn.append(_section(title, bars(shares, percent=True), words.PADDING_NOTE))
    return drawn


def _section(title: str, chart: str, note: str = "", wide: bool = False) -> str:
    below = f'<p class="note">{escape(note)}</p>' if note else ""
    kind = ' class="wide"' if wide else ""
    return f"<section{kind}><h2>{escape(title)}</h2>{below}{chart}</section>\n"
