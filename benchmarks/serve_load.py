"""Requests a second and waiting times of `space-jax serve`, beside calling the model one text at a time.

python benchmarks/serve_load.py --workdir runs/banking77 --input utterances.jsonl
python benchmarks/serve_load.py --workdir runs/boats/agent --input runs/boats/logs/dialogues.jsonl

Each client sends one text, waits for its prediction, and sends the next. Of an agent each client holds conversations:
it says what the users of the file's dialogues said, turn by turn, and sends back what was answered before. The ways
take turns within each round, so that other work on the machine hits all of them alike; what is printed is the median of
the rounds. A processor second, of the server and, where there is none, of this process, does not depend on other work.
The server is a process of its own; clients and server share the cores.
"""

import argparse
import asyncio
import collections
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, Protocol

from space_jax.agent.agent import Agent
from space_jax.commands.outputs import write_report
from space_jax.config_files import read_config
from space_jax.corpora import jsonl
from space_jax.dialogue import USER
from space_jax.tasks.config import FinetuneConfig
from space_jax.tasks.predictor import Predictor
from space_jax.tasks.record_sources import rows_of
from space_jax.tasks.row_predictions import predict_rows

CLIENTS = (1, 8, 64)
ALONE = "one at a time"


def main() -> None:
    """Prints one line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workdir", type=Path, required=True, help="folder of a fine-tuning run")
    parser.add_argument("--input", type=Path, required=True, help="JSONL, CSV or TSV with texts")
    parser.add_argument("--rounds", type=int, default=5, help="of all ways (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each way in a round (%(default)s)")
    parser.add_argument("--port", type=int, default=8765, help="of the server (%(default)s)")
    parser.add_argument("--out", type=Path, help="write the numbers here as JSON")
    given = parser.parse_args()
    talks = read_config(given.workdir, FinetuneConfig).task.name == "dialogue"
    work = Talks(given.workdir, given.input) if talks else Texts(given.workdir, given.input)
    command = [sys.executable, "-m", "space_jax", "serve", "--workdir", str(given.workdir), "--port", str(given.port)]
    server = subprocess.Popen(command)
    try:
        rounds = measured(given, work, server.pid)
    finally:
        server.terminate()
        status = server.wait()
    assert status == 0, f"the server ended with {status}"
    summary = {way: median_of([one[way] for one in rounds]) for way in rounds[0]}
    for way, found in summary.items():
        print(f"{way:14s} {', '.join(f'{name} {value:.4g}' for name, value in found.items())}", flush=True)
    write_report({"seconds": given.seconds, "median": summary, "rounds": rounds}, given.out)


class Work(Protocol):
    """What there is to ask, without an end."""

    def alone(self) -> Iterator[None]:
        """Calls the model for one answer at each step."""

    def client(self) -> Generator[bytes, bytes, None]:
        """Gives the requests of one client, and is sent the body of the answer to each."""


class Texts:
    """Utterances, each of which is a request."""

    def __init__(self, workdir: Path, source: Path) -> None:
        rows = [row for row in rows_of(source) if row.values is not None]
        self._rows = rows[:: len(rows) // 2048 or 1]  # files are often sorted by their labels
        self._trained = Predictor(workdir, batch_size=1)
        self._next = cycle(self._rows)
        for row in self._rows[:200]:  # whatever shapes there are
            list(predict_rows(self._trained, [row], 1))

    def alone(self) -> Iterator[None]:
        for row in cycle(self._rows):
            list(predict_rows(self._trained, [row], 1))
            yield

    def client(self) -> Generator[bytes, bytes, None]:
        while True:
            yield request("/predict", {"inputs": [next(self._next).values]})


class Talks:
    """Conversations, whose turns are requests one after another."""

    def __init__(self, workdir: Path, source: Path) -> None:
        dialogues = jsonl.load(source, "train")
        self._talks = [[turn.text for turn in dialogue.turns if turn.role == USER] for dialogue in dialogues]
        self._name = workdir.name
        self._agent = Agent.load(workdir)
        self._next = cycle(self._talks)
        list(self._agent.warm_up())

    def alone(self) -> Iterator[None]:
        for texts in cycle(self._talks):
            conversation = self._agent.conversation()
            for text in texts:
                streamed = self._agent.stream(conversation, text)  # as the server answers, and `warm_up` compiles
                collections.deque(streamed.pieces, 0)
                conversation = streamed.finish().conversation
                yield

    def client(self) -> Generator[bytes, bytes, None]:
        while True:
            messages: list[dict[str, str]] = []
            for text in next(self._next):
                messages.append({"role": "user", "content": text})
                body = yield request("/v1/chat/completions", {"model": self._name, "messages": messages})
                messages.append(json.loads(body)["choices"][0]["message"])


def measured(given: argparse.Namespace, work: Work, server: int) -> list[dict[str, Any]]:
    """Of each round, way -> what it measured."""
    asyncio.run(until_ready(given.port))
    asyncio.run(load(given.port, work, 8, 2.0))
    rounds = []
    for _ in range(given.rounds):
        of_round = {ALONE: numbers(*one_at_a_time(work, given.seconds))}
        for clients in CLIENTS:
            before, began = processor_seconds(server), time.perf_counter()
            waited = asyncio.run(load(given.port, work, clients, given.seconds))
            took = time.perf_counter() - began
            of_round[f"{clients} clients"] = numbers(waited, took, processor_seconds(server) - before)
        rounds.append(of_round)
    return rounds


def one_at_a_time(work: Work, seconds: float) -> tuple[list[float], float, float]:
    """Seconds of each answer, of all, and of the processor."""
    waited, began, used = [], time.perf_counter(), time.process_time()
    answers, start = work.alone(), began
    while start - began < seconds:
        next(answers)
        waited.append(time.perf_counter() - start)
        start = time.perf_counter()
    return waited, time.perf_counter() - began, time.process_time() - used


def numbers(waited: list[float], seconds: float, processor: float) -> dict[str, float]:
    """Requests a second, and percentiles of the milliseconds that each waited."""
    cuts = statistics.quantiles(waited, n=100)
    return {
        "requests": len(waited),
        "per_second": len(waited) / seconds,
        "per_processor_second": len(waited) / max(processor, 0.01),
        **{f"p{cut}_ms": 1000 * cuts[cut - 1] for cut in (50, 95, 99)},
    }


def median_of(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The median of each number."""
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def processor_seconds(process: int) -> float:
    """That a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def request(path: str, asked: Any) -> bytes:
    """The bytes of a request."""
    body = json.dumps(asked).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def load(port: int, work: Work, clients: int, seconds: float) -> list[float]:
    """The seconds that each request of so many clients waited; a client of HTTP would take more time than the model."""
    waited: list[float] = []
    end = time.perf_counter() + seconds

    async def client(requests: Generator[bytes, bytes, None]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        asked = next(requests)
        while time.perf_counter() < end:
            began = time.perf_counter()
            writer.write(asked)
            asked = requests.send(await answer(reader))
            waited.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(client(work.client()) for _ in range(clients)))
    return waited


async def answer(reader: asyncio.StreamReader) -> bytes:
    """The body of an answer, which must be a success."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert b" 200 " in head.split(b"\r\n")[0], head
    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
    return await reader.readexactly(length)


async def until_ready(port: int) -> None:
    """Waits until the server has compiled its programs."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            head = await reader.readline()
            writer.close()
            if b" 200 " in head:
                return
        except OSError:
            pass
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    main()
