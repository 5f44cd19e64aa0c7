"""A conversation with an agent on a web page, made with Gradio: the optional extra `web`."""

import dataclasses
import threading
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from space_jax.agent.agent import Agent
from space_jax.chat import bubbles, panel, tools
from space_jax.chat.answer import Answer, Talk, as_typed
from space_jax.chat.bubbles import Said
from space_jax.chat.readiness import READY, Readiness
from space_jax.errors import UserError

try:
    import gradio
except ImportError as error:
    raise UserError(f"Gradio is not installed ({error}); pip install 'space-jax[web]' installs it") from None

PLACEHOLDER = "Say something"
CSS = f"""
:root {{ --quiet: #5f6673; }} .dark {{ --quiet: #a1a7b3; }}
#name .html-container {{ padding: 0; }}
#name :is(h1, span) {{ display: inline; margin: 0 1em 0 0; font-size: 0.95rem; }} #name span {{ color: var(--quiet);
  animation: late 1s steps(1); }} @keyframes late {{ from {{ visibility: hidden; }} }}
#below {{ justify-content: flex-start; gap: 8px; }} #below > * {{ flex: none; width: auto; min-width: 0 !important; }}
#below .html-container {{ padding: 0; }} body:not(:has(.talk li)) #below {{ display: none; }}
.gradio-container .wrap.hide {{ visibility: hidden; }} /* Gradio's clock, which is only transparent */
.gradio-container textarea::placeholder {{ color: var(--quiet); }}
.gradio-container :focus-visible {{ outline: 2px solid var(--primary-600); outline-offset: 1px; }}
.gradio-container > .main {{ padding: 16px clamp(12px, 3vw, 32px) !important; }}
{bubbles.CSS}{panel.CSS}{tools.CSS}"""
# What a new page says of the agent's readiness may be out of date, so it is hidden until there has been time for news.


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """A turn that has been answered.

    Attributes:
      said: by both.
      panel: that was shown beside it.
      line: of the transcript.
    """

    said: Said
    panel: str
    line: dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Session:
    """The state of one browser tab: the conversation, and its turns as they are shown."""

    talk: Talk
    turns: tuple[Seen, ...] = ()


class Chat:
    """The page's behaviour; each tab has its own session, None until its user says something.

    Its methods return or yield updates of (conversation, panel, input box, transcript, session, send button).

    Args:
      agent: that answers.
      fresh: a conversation that has not begun.
      examples: of what to say first.
      readiness: of the agent.
    """

    def __init__(self, agent: Agent, fresh: Talk, examples: Sequence[str] = (), readiness: Readiness = READY) -> None:
        self._agent, self._fresh, self._examples, self._readiness = agent, fresh, examples, readiness
        self._model = threading.Lock()

    def say(self, text: str, session: Session | None) -> Iterator[tuple[Any, ...]]:
        """Answers. Of all visitors the model serves one at a time, but each only for a piece of an answer."""
        session, same = session or Session(self._fresh), gradio.skip()
        number, said = len(session.turns) + 1, [one.said for one in session.turns]

        def talk(words: str) -> str:
            return bubbles.of_turns(said, answering=Said(as_typed(text), words))

        yield talk(""), panel.working(number, as_typed(text)), "", same, same, gradio.Button(interactive=False)
        try:
            self._readiness.wait()
            with self._model:
                answer = Answer(self._agent, session.talk, text)
            beside, told = panel.of_answer(answer, number), ""
            yield same, beside, same, same, same, same
            while piece := self._next(answer):
                told += piece
                yield talk(told), same, same, same, same, same
            with self._model:
                line, after = answer.finish()
        except Exception:
            yield (*self._shown(session, number - 2), as_typed(text), same, same, gradio.Button(interactive=True))
            raise
        session = Session(after, (*session.turns, Seen(Said(answer.text, line["system"]), beside, line)))
        transcript = tools.download([one.line for one in session.turns])
        yield (*self._shown(session, number - 1), same, transcript, session, gradio.Button(interactive=True))

    def _next(self, answer: Answer) -> str:
        """The next words of an answer, "" at its end."""
        with self._model:
            return next(filter(None, answer.pieces), "")

    def _shown(self, session: Session, number: int) -> tuple[str, str]:
        """The conversation and the panel of its turn `number`, from 0; as they begin where there is none."""
        if not session.turns:
            tables = self._fresh.conversation.backend.database.domains
            return bubbles.not_begun(self._examples), panel.not_begun(tables)
        return bubbles.of_turns([one.said for one in session.turns], number), session.turns[number].panel

    def look(self, number: Any, session: Session | None) -> tuple[Any, ...]:
        """Shows what was understood in an earlier turn; `number` comes from the browser and may be anything."""
        same = gradio.skip()
        if session is None or not isinstance(number, int) or not 0 <= number < len(session.turns):
            return (same,) * 6
        return *self._shown(session, number), same, same, same, same

    def start_over(self) -> tuple[Any, ...]:
        """A page that was just opened."""
        return *self._shown(Session(self._fresh), 0), "", tools.download(()), None, gradio.Button(interactive=True)


def make_page(
    agent: Agent, fresh: Talk, title: str, examples: Sequence[str] = (), readiness: Readiness = READY
) -> gradio.Blocks:
    """The page.

    Args:
      agent: that answers.
      fresh: a conversation that has not begun.
      title: of the page.
      examples: of what to say first, to be clicked.
      readiness: of the agent; until its `prepare` has ended, the page says so and answers wait.
    """
    chat = Chat(agent, fresh, examples, readiness)
    talk, beside, *_ = chat.start_over()
    with gradio.Blocks(title=title, analytics_enabled=False) as page:
        session = gradio.State(None)
        name = gradio.HTML(_heading(title, readiness.words), elem_id="name")
        with gradio.Row():
            with gradio.Column(scale=3, min_width=300):
                messages = gradio.HTML(talk, container=True, elem_id=bubbles.TALK, js_on_load=bubbles.JS)
                with gradio.Row():
                    box = gradio.Textbox(
                        label="What you say",
                        placeholder=PLACEHOLDER,
                        max_lines=6,
                        scale=1,
                        min_width=160,
                        container=False,
                        autofocus=True,
                        elem_id=bubbles.BOX,
                    )
                    send = gradio.Button("Send", variant="primary", scale=0, min_width=88)
                with gradio.Row(elem_id="below"):
                    again = gradio.HTML(tools.START_OVER, js_on_load=tools.JS)
                    transcript = gradio.HTML(tools.download(()))
            with gradio.Column(scale=2, min_width=300):
                understood = gradio.HTML(beside, container=True, elem_id=bubbles.UNDERSTOOD)
        outputs = [messages, understood, box, transcript, session, send]

        def said(text: str, session: Session | None, event: gradio.EventData) -> Iterator[tuple[Any, ...]]:
            yield from chat.say(str(event.say) if event.target is messages else text, session)

        def news() -> Iterator[str]:
            yield from (_heading(title, words) for words in readiness.news())

        def looked(session: Session | None, event: gradio.EventData) -> tuple[Any, ...]:
            return chat.look(event.turn, session)

        # One listener for all: while it answers a visitor, that visitor cannot ask again.
        asked = [box.submit, send.click, messages.submit]
        answered = gradio.on(asked, said, [box, session], outputs, concurrency_limit=None, show_progress="hidden")
        messages.select(looked, [session], outputs, queue=False, show_progress="hidden")
        again.submit(chat.start_over, None, outputs, cancels=[answered], queue=False, show_progress="hidden")
        page.load(news, None, [name], concurrency_limit=None, show_progress="hidden")
    return page


def _heading(title: str, news: str) -> str:
    return f'<h1>{escape(title)}</h1><span role="status">{escape(news)}</span>'
