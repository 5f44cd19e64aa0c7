"""`space-jax serve`: mistakes on the command line."""

import socket
import sys

import pytest

from space_jax.cli import main


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--port", "70000"), "--port: expected 1 to 65535, found 70000"),
        (("--queue", "0"), "--queue: 0 is not positive"),
        (("--together", "-1"), "--together: -1 is not positive"),
    ],
)
def test_mistakes_on_the_command_line(tmp_path, capsys, options, said):
    assert main(["serve", "--workdir", str(tmp_path), *options]) == 2
    assert capsys.readouterr().err == f"space-jax: {said}\n"


def test_without_the_extra(tmp_path, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("space_jax.serving.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["serve", "--workdir", str(tmp_path)]) == 2
    assert capsys.readouterr().err.endswith("pip install 'space-jax[serve]' installs it\n")


def test_a_folder_without_a_run(tmp_path, capsys):
    pytest.importorskip("uvicorn", reason="comes with the extra serve")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert main(["serve", "--workdir", str(tmp_path), "--port", str(port)]) == 2
    assert "config.json" in capsys.readouterr().err
