"""A conversation with an agent on a web page, made with Gradio: the optional extra `web`."""

import dataclasses
import socket
import threading
from collections.abc import Iterator
from html import escape
from typing import Any

from space_jax.agent.agent import Agent
from space_jax.chat import bubbles, panel
from space_jax.chat.answer import Answer, Talk, as_typed
from space_jax.chat.bubbles import Message
from space_jax.dialogue.record import SYSTEM, USER
from space_jax.errors import UserError

try:
    import gradio
except ImportError as error:
    raise UserError(f"Gradio is not installed ({error}); pip install 'space-jax[web]' installs it") from None

WAITING, PLACEHOLDER = "...", "Say something"
_CSS = f"""
:root {{ --quiet: #5f6673; }} .dark {{ --quiet: #a1a7b3; }}
#name .html-container {{ padding: 0; }}
#again {{ align-self: flex-start; width: auto; flex-grow: 0; }}
{bubbles.CSS}{panel.CSS}"""
_FONTS = ("system-ui", "sans-serif")  # not the theme's, which may be fetched from a font server


@dataclasses.dataclass(frozen=True, slots=True)
class Session:
    """The state of one browser tab.

    Attributes:
      talk: the conversation.
      messages: as they are shown.
    """

    talk: Talk
    messages: tuple[Message, ...] = ()


class Chat:
    """The page's behaviour; each tab has its own session, None until its user says something.

    Args:
      agent: that answers.
      fresh: a conversation that has not begun.
    """

    def __init__(self, agent: Agent, fresh: Talk) -> None:
        self._agent, self._fresh = agent, fresh

    def say(self, text: str, session: Session | None) -> Iterator[tuple[Any, ...]]:
        """Answers; yields updates of (conversation, panel, input box, session, send button)."""
        session, same = session or Session(self._fresh), gradio.skip()
        asked = (*session.messages, *([Message(USER, as_typed(text))] if text.strip() else []))
        yield _with_answer(asked, WAITING), same, "", same, gradio.Button(interactive=False)
        answer = Answer(self._agent, session.talk, text)
        yield same, panel.of_answer(answer), same, same, same
        told = ""
        for piece in answer.pieces:
            told += piece
            yield _with_answer(asked, told), same, same, same, same
        line, talk = answer.finish()
        messages = (*asked, Message(SYSTEM, line["system"]))
        yield bubbles.of_messages(messages), same, same, Session(talk, messages), gradio.Button(interactive=True)

    @staticmethod
    def start_over() -> tuple[Any, ...]:
        """The outputs of `say` for a page that was just opened."""
        return bubbles.of_messages(()), panel.of_answer(None), "", None, gradio.Button(interactive=True)


def make_page(agent: Agent, fresh: Talk, title: str) -> gradio.Blocks:
    """The page.

    Args:
      agent: that answers.
      fresh: a conversation that has not begun.
      title: of the page.
    """
    chat = Chat(agent, fresh)
    with gradio.Blocks(title=title, analytics_enabled=False) as page:
        session = gradio.State(None)
        gradio.HTML(f"<strong>{escape(title)}</strong>", elem_id="name")
        with gradio.Row():
            with gradio.Column(scale=3, min_width=300):
                messages = gradio.HTML(bubbles.of_messages(()), container=True)
                with gradio.Row():
                    box = gradio.Textbox(
                        placeholder=PLACEHOLDER,
                        max_lines=6,
                        scale=1,
                        min_width=160,
                        container=False,
                        autofocus=True,
                    )
                    send = gradio.Button("Send", variant="primary", scale=0, min_width=88)
                again = gradio.Button("Start over", size="sm", elem_id="again")
            with gradio.Column(scale=2, min_width=300):
                beside = gradio.HTML(panel.of_answer(None), container=True)
        outputs = [messages, beside, box, session, send]
        # One listener for both: while it answers, neither asks again. Of all visitors it answers one at a time.
        said = gradio.on([box.submit, send.click], chat.say, [box, session], outputs, show_progress="hidden")
        again.click(chat.start_over, None, outputs, cancels=[said], queue=False, show_progress="hidden")
    return page


def launch(page: gradio.Blocks, host: str, port: int | None) -> str:
    """Serves the page in its own threads until `page.close()`.

    Args:
      page: of `make_page`.
      host: address to listen on.
      port: to listen on; the first free one from 7860 if None.

    Returns:
      The address of the page.

    Raises:
      UserError: the address is taken or does not belong to this machine.
    """
    theme = gradio.themes.Default(font=_FONTS, font_mono=("ui-monospace", "monospace"), primary_hue="blue").set(
        button_primary_background_fill="*primary_600", button_primary_background_fill_hover="*primary_700"
    )
    try:
        socket.create_server((host, port or 0)).close()  # Gradio would try a hundred ports, five seconds each
        _, url, _ = page.launch(
            server_name=host,
            server_port=port,
            prevent_thread_lock=True,
            share=False,
            ssr_mode=False,
            run_history=False,
            footer_links=[],
            quiet=True,
            theme=theme,
            css=_CSS,
        )
    except OSError:
        where = host if port is None else f"{host}:{port}"
        raise UserError(
            f"--web: cannot listen on {where}; expected an address of this machine and a free port"
        ) from None
    return url


def serve(page: gradio.Blocks, host: str, port: int | None) -> None:
    """Serves the page until Ctrl-C; see `launch`."""
    url = launch(page, host, port)
    try:
        print(f"{url} shows the page; Ctrl-C ends it", flush=True)
        threading.Event().wait()
    except KeyboardInterrupt:
        print()
    finally:
        page.close(verbose=False)


def _with_answer(asked: tuple[Message, ...], words: str) -> str:
    return bubbles.of_messages((*asked, Message(SYSTEM, words)))
