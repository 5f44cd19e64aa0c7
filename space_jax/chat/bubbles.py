"""The conversation on the web page as HTML.

Gradio's own component renders HTML in a message, including pictures from other hosts, even with markdown off; here a
message is plain text.
"""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

TALK, UNDERSTOOD = "talk", "understood"
"""Ids of the elements around the conversation and around the panel beside it."""

NARROW = "(max-width: 700px)"
"""Where the panel is below the conversation."""

BOX = "say"
"""Id of the element around the input box."""

FOCUS = f'if (matchMedia("(pointer: fine)").matches) document.querySelector("#{BOX} textarea").focus();'
"""Puts the cursor into the input box, unless that would bring up the keyboard of a phone."""

DOTS = '<span class="dots" aria-hidden="true"><i>.</i><i>.</i><i>.</i></span>'

CSS = f"""
.talk {{ display: flex; flex-direction: column-reverse; overflow-y: auto; max-height: calc(100vh - 230px);
  margin: 0 -4px; padding: 2px 4px; }}
.talk ol {{ margin: 0 !important; padding: 0; list-style: none; display: flex; flex-direction: column; gap: 14px; }}
.talk li {{ margin: 0; display: flex; flex-direction: column; gap: 8px; }}
.talk li p {{ margin: 0; max-width: 85%; padding: 7px 12px; border-radius: 12px; font-size: 0.95rem; line-height: 1.45;
  white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--border-color-primary); }}
.talk .system {{ align-self: flex-start; background: var(--background-fill-secondary);
  border-bottom-left-radius: 3px; }}
.talk .user {{ align-self: flex-end; background: var(--primary-600); border-color: var(--primary-600); color: white;
  border-bottom-right-radius: 3px; }}
.talk [data-turn] {{ cursor: pointer; }}
.talk .look {{ align-self: flex-start; margin: -4px 0 0 4px; padding: 2px 8px; border: 1px solid transparent;
  border-radius: 10px; font-size: 0.8rem; font-weight: 400; background: none; color: var(--quiet); cursor: inherit; }}
.talk [data-turn]:hover .look {{ text-decoration: underline; }}
.talk .look[aria-pressed=true] {{ color: var(--body-text-color); border-color: var(--border-color-primary); }}
.talk .hint {{ color: var(--quiet); margin: 0; font-size: 0.9rem; }}
.talk .say {{ display: block; margin: 8px 0 0; padding: 7px 12px; text-align: left; font-size: 0.9rem; font-weight: 400;
  line-height: 1.4; color: var(--body-text-color); background: var(--background-fill-secondary); border-radius: 12px;
  cursor: pointer; border: 1px solid var(--border-color-primary); overflow-wrap: anywhere; }}
.talk .say:hover {{ border-color: var(--primary-600); }}
.dots i {{ font-style: normal; animation: dots 1.2s infinite; }} .dots i:nth-child(2) {{ animation-delay: 0.2s; }}
.dots i:nth-child(3) {{ animation-delay: 0.4s; }}
@keyframes dots {{ 0%, 60%, 100% {{ opacity: 1; }} 30% {{ opacity: 0.2; }} }}
@media (prefers-reduced-motion: reduce) {{ .dots i {{ animation: none; }} }}
@media {NARROW} {{ .talk {{ max-height: 62vh; }} .talk .look {{ padding: 6px 10px; }} }}
"""
# The newest message stays in sight because a reversed column is scrolled from its end.

JS = f"""
element.addEventListener("click", event => {{
  const example = event.target.closest("[data-say]"), turn = event.target.closest("[data-turn]");
  if (example) {{
    trigger("submit", {{ say: example.textContent }});
    {FOCUS}
    return;
  }}
  if (!turn || getSelection().toString()) return;  // words are being selected, perhaps to be copied
  trigger("select", {{ turn: Number(turn.dataset.turn) }});
  if (!matchMedia("{NARROW}").matches) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.getElementById("{UNDERSTOOD}").scrollIntoView({{ behavior: calm ? "auto" : "smooth" }});
}});
"""
"""Sends `submit` with the words of an example, and `select` with the number of a turn, from 0."""


class Said(NamedTuple):
    """A turn as it is shown; an empty user's turn has no bubble."""

    user: str
    system: str


def not_begun(examples: Sequence[str] = ()) -> str:
    """A conversation that has not begun, with examples of what to say."""
    hint = "The conversation begins with what you say" + (", for example:" if examples else ".")
    chips = "".join(f'<button type="button" class="say" data-say="">{escape(one)}</button>' for one in examples)
    return _talk(f'<div><p class="hint">{hint}</p>{chips}</div>', busy=False)


def of_turns(turns: Sequence[Said], shown: int | None = None, answering: Said | None = None) -> str:
    """The turns, the oldest first.

    Args:
      turns: that are answered; each can be clicked unless another is being answered.
      shown: the number of the one in the panel, from 0.
      answering: the turn that is being answered, with the words so far; dots where there are none.
    """
    items = [_turn(one, number, number == shown, answering is None) for number, one in enumerate(turns)]
    items += [f"<li>{_bubbles(answering)}</li>"] if answering else []
    return _talk(f"<ol>{''.join(items)}</ol>", answering is not None)


def _talk(inside: str, busy: bool) -> str:
    about = f'role="log" aria-label="Conversation" aria-live="polite" aria-busy="{str(busy).lower()}" tabindex="0"'
    return f'<div class="talk" {about}>{inside}</div>'


def _turn(said: Said, number: int, shown: bool, idle: bool) -> str:
    about = f'aria-pressed="{str(shown).lower()}" aria-controls="{UNDERSTOOD}" {"" if idle else "disabled"}'
    name = f'aria-label="What was understood in turn {number + 1}"'
    look = f'<button type="button" class="look" {name} {about}>What was understood</button>'
    return f"<li{f' data-turn={number}' if idle else ''}>{_bubbles(said)}{look}</li>"


def _bubbles(said: Said) -> str:
    user = f'<p class="user">{escape(said.user)}</p>' if said.user.strip() else ""
    return f'{user}<p class="system">{escape(said.system) or DOTS}</p>'
