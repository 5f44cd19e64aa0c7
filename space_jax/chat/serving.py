"""Serves the web page."""

import socket
import threading
import time

import gradio

from space_jax.chat.page import CSS
from space_jax.chat.readiness import READY, Readiness
from space_jax.errors import UserError
from space_jax.terminal import say

_FONTS = ("system-ui", "sans-serif")  # not the theme's, which may be fetched from a font server


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
            css=CSS,
        )
    except OSError:
        where = host if port is None else f"{host}:{port}"
        raise UserError(
            f"--web: cannot listen on {where}; expected an address of this machine and a free port"
        ) from None
    return url


def serve(page: gradio.Blocks, host: str, port: int | None, readiness: Readiness = READY) -> None:
    """Serves the page until Ctrl-C; see `launch`. Meanwhile it prepares the agent."""
    url = launch(page, host, port)
    try:
        say(f"{url} shows the page; Ctrl-C ends it", flush=True)
        if readiness is not READY:
            _prepare(readiness)
        threading.Event().wait()
    except KeyboardInterrupt:
        print()
    finally:
        page.close(verbose=False)


def _prepare(readiness: Readiness) -> None:
    """Compiles, and says so."""
    say("getting ready: compiling the agent's programs, so that no answer waits for them", flush=True)
    began = time.monotonic()
    programs = readiness.prepare()
    say(f"ready: {programs} programs in {time.monotonic() - began:.0f} s", flush=True)
