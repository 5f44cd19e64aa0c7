"""Below the conversation on the web page: starting over, which asks first, and the transcript to download."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from space_jax.chat.bubbles import FOCUS

CSS = """
.tools :is(button, a) { display: inline-block; margin: 0; padding: 5px 12px; border-radius: 6px; font-size: 0.85rem;
  font-weight: 400; line-height: 1.5; color: var(--body-text-color) !important;
  background: var(--background-fill-secondary); border: 1px solid var(--border-color-primary);
  text-decoration: none !important; cursor: pointer; }
.tools :is(button, a):hover { border-color: var(--primary-600); }
.tools dialog { position: fixed; top: 25vh; margin: 0 auto; max-width: min(26rem, 90vw);
  padding: 20px; border-radius: 12px; background: var(--body-background-fill); color: var(--body-text-color);
  border: 1px solid var(--border-color-primary); }
.tools dialog::backdrop { background: rgb(0 0 0 / 0.4); }
.tools dialog p { margin: 0 0 14px; font-size: 0.95rem; line-height: 1.5; }
.tools dialog form { display: flex; gap: 8px; justify-content: flex-end; margin: 0; }
"""

START_OVER = """
<div class="tools"><button type="button" class="again">Start over</button>
<dialog aria-labelledby="asked">
<p id="asked">Start over? The conversation so far will be gone; its transcript can be downloaded first.</p>
<form method="dialog"><button value="">Go on talking</button><button value="yes">Start over</button></form>
</dialog></div>
"""

JS = f"""
const dialog = element.querySelector("dialog");
element.querySelector(".again").addEventListener("click", () => {{
  dialog.returnValue = "";
  dialog.showModal();
}});
dialog.addEventListener("close", () => {{
  if (!dialog.returnValue) return;
  trigger("submit");
  {FOCUS}
}});
"""
"""Sends `submit` once the visitor has agreed."""


def download(lines: Sequence[Mapping[str, Any]]) -> str:
    """A link with the transcript in it, as `--transcript` would write it; nothing where nothing has been said."""
    if not lines:
        return ""
    text = "".join(json.dumps({"dialogue": 1, **line}, ensure_ascii=False) + "\n" for line in lines)
    content = base64.b64encode(text.encode()).decode()
    href = f"data:application/jsonl;base64,{content}"
    return f'<div class="tools"><a download="transcript.jsonl" href="{href}">Download the transcript</a></div>'
