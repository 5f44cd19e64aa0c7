"""F1 of slots by question, of a model that never saw them, beside rules that read the question's words.

  python benchmarks/slot_questions.py --data data --workdir runs/slot_questions --out slot_questions.json

Trains `finetune/slot_questions` where the workdir has no finished run, going on where it stopped, and measures each of

  unseen services     of SGD's test split: those that its train split lacks, every slot with spans
  seen services       of the same split, for comparison
  restaurant8k        its test split, of which training had nothing
  dstc8_span          its test split: other questions for services that training had, from dialogues that are SGD's

once; what `--out` has already is not measured again unless the checkpoint is another. The rules: "none" never answers,
and "words" takes the first date, time or number of the utterance where the question asks for such a thing.
"""

import argparse
import json
import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import space_jax
from space_jax.tasks.predictor import Predictor
from space_jax.tasks.reading.records import ReadingRecord

HELD_OUT = 400  # user turns of each of SGD's services
SETS: dict[str, dict[str, Any]] = {
    "unseen services": {"task.slots.services": "unseen", "task.slots.held_out_turns": HELD_OUT},
    "seen services": {"task.slots.services": "seen", "task.slots.held_out_turns": HELD_OUT},
    "restaurant8k": {"data.corpus": "restaurant8k", "task.slots.held_out_turns": 0},
    "dstc8_span": {"data.corpus": "dstc8_span", "task.slots.held_out_turns": 0},
}
_NUMBER = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_DATE = (
    rf"(?:next |this )?{_DAY}(?: next week| this week)?|(?:the )?\d+(?:st|nd|rd|th)(?: of {_MONTH})?"
    rf"|{_MONTH} \d+(?:st|nd|rd|th)?|today|tonight|(?:the )?day after tomorrow|tomorrow(?: night)?"
)
_TIME = (
    rf"(?:(?:quarter|half) (?:past|to) )?{_NUMBER}(?:[:.]\d\d)?(?: ?(?:[ap]\.?m\b\.?|o'clock)| in the \w+)?"
    r"|noon|midnight"
)
RULES = {"date": _DATE, "day": _DATE, "time": _TIME, "number": _NUMBER, "length": _NUMBER}
"""A word of the question -> what its answer looks like."""


def of_words(record: ReadingRecord) -> dict[str, Any]:
    """The answer of the rule "words"."""
    asked = re.findall(r"\w+", record.question.lower())
    pattern = next((RULES[word] for word in asked if word in RULES), None)
    found = pattern and re.search(rf"\b(?:{pattern})(?!\w)", record.passage, re.IGNORECASE)
    return {"answer": found[0], "start": found.start(), "end": found.end()} if found else nothing(record)


def nothing(_: ReadingRecord) -> dict[str, Any]:
    """The answer of the rule "none"."""
    return {"answer": ""}


def measured(workdir: Path, data: Path, fields: dict[str, Any]) -> dict[str, Any]:
    """The scores of the model and of the rules on one set."""
    corpus = fields.get("data.corpus", "sgd")
    trained = Predictor(workdir, overrides={**fields, "data.source": str(data / corpus)})
    trained.require_steps("best")
    records = type(trained.task).read_split(trained.config.task, trained.config.data, "test")

    def rule(answer: Callable[[ReadingRecord], dict[str, Any]]) -> dict[str, float]:
        return trained.task.score(records, [answer(record) for record in records])

    scores = {"model": trained.measure(records)[1], "words": rule(of_words), "none": rule(nothing)}
    spoken = {slot: sum(bool(one.answers) for one in records if one.slot == slot) for slot in _slots(records)}
    known = sorted(trained.task.labels["slots"])
    return {"step": trained.step, "questions": len(records), "values": spoken, "slots of training": known, **scores}


def _slots(records: Sequence[ReadingRecord]) -> list[str]:
    return sorted({record.slot for record in records})


def table(found: dict[str, Any]) -> str:
    """All sets as Markdown: a row each, then one for each slot that has a value."""
    kinds = ("model", "words", "none")
    lines = ["| set | questions | " + " | ".join(f"{kind}: macro F1 | exact" for kind in kinds) + " | new slots: F1 |"]
    lines.append("| --- " * (3 + 2 * len(kinds)) + "|")
    for name, one in found.items():
        scores = " | ".join(f"{100 * one[k]['slot_macro_f1']:.1f} | {100 * one[k]['slot_exact']:.1f}" for k in kinds)
        new = one["model"].get("new_slot_f1")
        lines.append(f"| {name} | {one['questions']:,} | {scores} | {'-' if new is None else f'{100 * new:.1f}'} |")
    lines += ["", "| slot | new | values | model: F1 | words |", "| --- " * 5 + "|"]
    for one in found.values():
        for slot, values in one["values"].items():
            if values:
                new = slot.rpartition(".")[2] not in one["slots of training"]
                ours, words = (100 * one[kind][f"f1/{slot}"] for kind in ("model", "words"))
                lines.append(f"| {slot} | {'yes' if new else ''} | {values} | {ours:.1f} | {words:.1f} |")
    return "\n".join(lines)


def main() -> None:
    """Trains where it must, measures what is missing, prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the corpora's folders")
    parser.add_argument("--workdir", type=Path, required=True)
    parser.add_argument("--init", default="minilm")
    parser.add_argument("--sets", nargs="+", choices=tuple(SETS), default=tuple(SETS))
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    if not (given.workdir / "results.json").is_file():
        config = space_jax.load_config("finetune/slot_questions", {"data.source": str(given.data / "sgd")})
        if space_jax.finetune(config, given.workdir, init=given.init) is None:
            return  # asked to stop; the same command goes on
    step = Predictor(given.workdir).step
    before = json.loads(given.out.read_text())["sets"] if given.out.is_file() else {}
    found = {name: one for name, one in before.items() if one["step"] == step}
    for name in given.sets:
        if name not in found:
            found[name] = measured(given.workdir, given.data, SETS[name])
            facts = {"command": "benchmarks/slot_questions.py", "date": str(date.today()), "init": given.init}
            given.out.write_text(json.dumps({**facts, "sets": found}, indent=1) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()
