"""Dialogues of `multiwoz21`'s own form (id -> `log` of tokenised texts) written in the other forms.

The tables here were written down from the releases' documentation, not from the loaders.
"""

import json
import re
import zipfile

SPLITS = {"train": "train", "val": "validation", "test": "test"}
SCHEMA = {  # act slots of 2.1 -> those of 2.2's schema, without ConvLab-3's blanks
    **{"Addr": "address", "Post": "postcode", "Price": "pricerange", "Arrive": "arriveby", "Leave": "leaveat"},
    **{"Depart": "departure", "Dest": "destination", "Fee": "entrancefee", "Id": "trainid", "Open": "openhours"},
    **{"Ticket": "price", "Car": "type", "People": "bookpeople", "Stay": "bookstay"},
}
BOOKED = {"Day": "bookday", "Time": "booktime"}
BLANKS = {
    **{"pricerange": "price range", "arriveby": "arrive by", "leaveat": "leave at", "entrancefee": "entrance fee"},
    **{"trainid": "train id", "openhours": "open hours", "bookpeople": "book people", "bookstay": "book stay"},
    **{"bookday": "book day", "booktime": "book time"},
}
CATEGORICAL = ("area", "internet", "parking", "stars", "pricerange", "bookday", "day")
STATED = ("attraction", "hotel", "restaurant", "taxi", "train")  # domains whose states ConvLab-3 has


def schema_slot(domain, slot):
    if domain == "Train":
        return {"Day": "day", "Time": "duration"}.get(slot) or SCHEMA.get(slot, slot.lower())
    if slot in BOOKED:
        return BOOKED[slot]
    return SCHEMA.get(slot, slot.lower())


def state_slot(part, slot):
    return f"book{slot}" if part == "book" else slot.lower()


def characters(text, first, last):
    """The place of tokens in a text with runs of blanks."""
    words = list(re.finditer(r"\S+", text))
    return words[first].start(), words[last].end()


def write(path, content):
    """A file, or a member of an archive that is open for writing."""
    if isinstance(path, tuple):
        archive, name = path
        archive.writestr(name, content)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def split_files(folder, content):
    """`content` has the dialogues of `train`, `val` and `test`."""
    for split, records in content.items():
        write(folder / f"{split}.json", json.dumps(records))


def data_json(folder, content, apart="", lists=".txt", suffix=".json"):
    """2.0 to 2.4; `apart` names a file for the system's acts, which the log then lacks."""
    records = {f"{name}{suffix}": record for part in content.values() for name, record in part.items()}
    if apart:
        acts = {
            name: {str(number): acts_or_none(entry) for number, entry in enumerate(record["log"][1::2], 1)}
            for part in content.values()
            for name, record in part.items()
        }
        write(folder / apart, json.dumps(acts))
        bare = ("text", "metadata")
        records = {
            name: {"goal": {}, "log": [{key: entry[key] for key in bare} for entry in record["log"]]}
            for name, record in records.items()
        }
    write(folder / "data.json", json.dumps(records))
    for split in ("val", "test"):
        ids = "".join(f"{name}{suffix}\n" for name in content.get(split, ()))
        write(folder / f"{split}ListFile{lists}", ids)


def acts_or_none(entry):
    return entry["dialog_act"] or "No Annotation"


def schema_guided(folder, content, acts=True):
    """2.2, with a file for each two dialogues."""
    said = {}
    for split, records in content.items():
        dialogues = [of_schema(name, record) for name, record in records.items()]
        for number in range(0, len(dialogues), 2):
            path = folder / {"val": "dev"}.get(split, split) / f"dialogues_{number // 2 + 1:03d}.json"
            write(path, json.dumps(dialogues[number : number + 2]))
        said |= {f"{name}.json": acts_of_schema(record) for name, record in records.items()}
    write(folder / "schema.json", "[]")
    if acts:
        write(folder / "dialog_acts.json", json.dumps(said))


def of_schema(name, record):
    turns, after = [], [entry["metadata"] for entry in record["log"][1:]] + [{}]
    for number, (entry, metadata) in enumerate(zip(record["log"], after, strict=True)):
        speaker = "SYSTEM" if number % 2 else "USER"
        frames = [] if number % 2 else [frame(domain, parts) for domain, parts in metadata.items()]
        if number % 2:
            spans = [
                {"slot": f"{act.split('-')[0].lower()}-{schema_slot(act.split('-')[0], slot)}", "value": value}
                | dict(zip(("start", "exclusive_end"), characters(entry["text"], first, last), strict=True))
                for act, slot, value, first, last in entry["span_info"]
                if first <= last
            ]
            frames = [{"service": "all", "actions": [], "slots": spans}]
        turns.append({"turn_id": str(number), "speaker": speaker, "utterance": entry["text"], "frames": frames})
    return {"dialogue_id": f"{name}.json", "services": [], "turns": turns}


def frame(domain, parts):
    values = {
        f"{domain}-{state_slot(part, slot)}": spellings(value)
        for part in ("semi", "book")
        for slot, value in parts[part].items()
        if slot != "booked" and spellings(value)
    }
    state = {"active_intent": "NONE", "requested_slots": [], "slot_values": values}
    return {"service": domain, "actions": [], "slots": [], "state": state}


def spellings(value):
    pieces = [one.strip() for text in ([value] if isinstance(value, str) else value) for one in re.split(r"[|>]", text)]
    return [one for one in pieces if one not in ("", "not mentioned", "none")]


def acts_of_schema(record):
    said = {}
    for number, entry in enumerate(record["log"]):
        if entry["dialog_act"]:
            acts = {
                act: [[schema_slot(act.split("-")[0], slot), value] for slot, value in pairs]
                for act, pairs in entry["dialog_act"].items()
            }
            spans = [
                [act, schema_slot(act.split("-")[0], slot), value, *characters(entry["text"], first, last)]
                for act, slot, value, first, last in entry["span_info"]
                if first <= last
            ]
            said[str(number)] = {"dialog_act": acts, "span_info": spans}
    return said


def unified(archive, content):
    """ConvLab-3's `data.zip`."""
    dialogues = []
    for split, records in content.items():
        for number, (name, record) in enumerate(records.items()):
            ours = SPLITS[split]
            one = {"dataset": "multiwoz21", "data_split": ours, "dialogue_id": f"multiwoz21-{ours}-{number}"}
            dialogues.append(one | {"original_id": f"{name}.json", "goal": {}, "turns": unified_turns(record)})
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("data/dialogues.json", json.dumps(dialogues))
        opened.writestr("data/ontology.json", "{}")


def unified_turns(record):
    turns, after = [], [entry["metadata"] for entry in record["log"][1:]] + [{}]
    for number, (entry, metadata) in enumerate(zip(record["log"], after, strict=True)):
        speaker = "system" if number % 2 else "user"
        turn = {"speaker": speaker, "utterance": entry["text"], "utt_idx": number, "dialogue_acts": unified_acts(entry)}
        if number % 2:
            turn |= {"db_results": {}, "booked": {}}
        elif metadata:
            turn["state"] = {
                domain: {
                    BLANKS.get(state_slot(part, slot), state_slot(part, slot)): "|".join(spellings(value))
                    for part in ("semi", "book")
                    for slot, value in metadata[domain][part].items()
                    if slot != "booked"
                }
                for domain in STATED
                if domain in metadata
            }
        turns.append(turn)
    return turns


def unified_acts(entry):
    found = {"categorical": [], "non-categorical": [], "binary": []}
    spans = {tuple(span[:3]): span[3:] for span in reversed(entry["span_info"]) if span[3] <= span[4]}
    said = {(key, slot, value) for key, pairs in entry["dialog_act"].items() for slot, value in pairs}
    loose = {key[:2]: place for key, place in spans.items() if key not in said}
    for key, pairs in entry["dialog_act"].items():
        domain, act = key.split("-")
        for slot, value in pairs:
            plain = "" if slot == "none" else schema_slot(domain, slot)
            one = {"intent": act.lower(), "domain": domain.lower(), "slot": BLANKS.get(plain, plain)}
            if value in ("none", "?") or not plain:
                found["binary"].append(one)
            elif plain in CATEGORICAL:
                found["categorical"].append(one | {"value": value})
            else:
                place = spans.get((key, slot, value)) or loose.get((key, slot))
                if place:
                    start, end = characters(entry["text"], *place)
                    one |= {"value": entry["text"][start:end], "start": start, "end": end}
                found["non-categorical"].append({"value": value} | one)
    return found
