"""Every public corpus with a few dialogues, as files in the layout of its source, below one folder.

What the loaders make of such files is tested in tests/corpora; here they only have to be enough to train and to be
evaluated on.
"""

import itertools
import json
from pathlib import Path

from tests.corpora.test_bad_input import FORMATS
from tests.evaluation.multiwoz.conftest import write_source

FOODS = ("thai", "greek", "indian", "korean", "french", "turkish", "spanish", "welsh")
PLACES = (
    *(
        "abbey",
        "bakery",
        "bridge",
        "castle",
        "cathedral",
        "chapel",
        "cinema",
        "college",
        "embassy",
        "factory",
        "fountain",
    ),
    *("gallery", "garden", "harbour", "hospital", "junction", "kiosk", "laundry", "library", "lighthouse", "market"),
    *("monument", "museum", "nursery", "observatory", "orchard", "palace", "quarry", "railway", "reservoir", "stadium"),
    *("station", "terminal", "theatre", "tunnel", "university", "viaduct", "village", "warehouse", "workshop", "zoo"),
)
TRAIN, VALIDATION_SPLIT, TEST_SPLIT = FOODS[:4], FOODS[4:6], FOODS[6:]
SPLITS = {"train": TRAIN, "validation": VALIDATION_SPLIT, "test": TEST_SPLIT}
# Sources without a fine-tuning task: one dialogue, and the folder that mixtures look for it in.
SINGLE = {
    "star": "star",
    "multidogo": "multidogo",
    "babi5": "babi_dialog",
    "dailydialog": "unlabelled",
    "taskmaster4": "unlabelled",
    "taskmaster3_part": "unlabelled",
    "multiwoz20_single": "multiwoz20_single",
}


def write_corpora(root: Path) -> None:
    """Writes all of them into folders of `root` with the names that mixtures and configurations expect."""
    write_source(root)  # the test split of MultiWOZ, with goals, bookings and tables
    for name, folder in SINGLE.items():
        _write(root / folder, FORMATS[name].files(f"{name.replace('_', ' ')} has said four of us"))
    for split in ("validation", "test"):  # its three splits are in one file
        _add(root / "unlabelled" / "data" / "dialogues.json", split)
    babi = (root / "babi_dialog" / "dialog-babi-task5trn.txt").read_text()
    _write(root / "babi_dialog", {"dialog-babi-task6trn.txt": babi.replace("babi5", "another")})
    _write(root / "multiwoz21", {"trainListFile": "SNG1\n", "valListFile": "", "testListFile": ""})
    places = [{"name": f"the {food} mill", "food": food, "phone": "1"} for food in FOODS]
    _write(root / "camrest676" / "db", {"CamRestDB.json": json.dumps(places)})
    entities = {"poi": [{"poi": place["name"], "address": "5 low road"} for place in places], "distance": [1]}
    _write(root / "kvret", {"kvret_entities.json": json.dumps(entities)})
    _write(root / "multiwoz21" / "db", {"restaurant_db.json": json.dumps(places)})
    for split, foods in SPLITS.items():
        for name, make in MAKERS.items():
            _write(root / name, make(split, foods))
    _write(root / "clinc150", _clinc150())
    _write(root / "nlupp", _nlupp())
    labelled = {f"{split}.csv": _csv("text", "label", foods) for split, foods in SPLITS.items()}
    _write(root / "squad", _squad())
    _write(root / "mine", {**labelled, "logs.csv": "text\n" + "".join(f"{food} please\n" for food in TRAIN)})


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def _add(file: Path, split: str) -> None:
    dialogues = json.loads(file.read_text())
    dialogues.append({**dialogues[0], "data_split": split, "original_id": f"{split}-1"})
    file.write_text(json.dumps(dialogues))


def _utterances(foods: tuple[str, ...]) -> list[tuple[str, int]]:
    """Utterances of two classes."""
    return [(text, label) for food in foods for label, text in enumerate((f"a {food} place", f"cancel the {food} one"))]


def _csv(text: str, label: str, foods: tuple[str, ...]) -> str:
    rows = (f"{said},{('book', 'cancel')[number]}\n" for said, number in _utterances(foods))
    return "".join([f"{text},{label}\n", *rows])


def _lines(folder: str, labels: tuple[str, str], foods: tuple[str, ...]) -> dict[str, str]:
    texts, numbers = zip(*_utterances(foods), strict=True)
    return {
        f"{folder}/seq.in": "".join(f"{text}\n" for text in texts),
        f"{folder}/label": "".join(f"{labels[number]}\n" for number in numbers),
    }


def _short(split: str) -> str:
    return {"validation": "valid"}.get(split, split)


def banking77(split: str, foods: tuple[str, ...]) -> dict[str, str]:
    labels = ("card_arrival", "lost_or_stolen_card")
    return {**_lines(f"few_shot/{_short(split)}", labels, foods), "categories.json": json.dumps(labels)}


def hwu64(split: str, foods: tuple[str, ...]) -> dict[str, str]:
    return _lines(_short(split), ("alarm_set", "alarm_query"), foods)


def _clinc150() -> dict[str, str]:
    data: dict[str, list] = {}
    for split, foods in {"train": TRAIN, "val": VALIDATION_SPLIT, "test": TEST_SPLIT}.items():
        data[split] = [[text, ("balance", "transfer")[number]] for text, number in _utterances(foods)]
        data[f"oos_{split}"] = [[f"who painted the {foods[0]} sea", "oos"]]
    return {"data_full.json": json.dumps(data), "domains.json": '{"banking": ["balance", "transfer"]}'}


def _spans(foods: tuple[str, ...], slot: str) -> str:
    def labelled(number: int, food: str) -> dict:
        span = {"slot": slot, "valueSpan": {"startIndex": 2, "endIndex": 2 + len(food)}}
        context = {"requestedSlots": [slot]} if number % 2 else {}
        text = {"text": f"a {food} table at the mill"}
        return {"id": f"{food}{number}", "userInput": text, "context": context, "labels": [span]}

    return json.dumps([labelled(number, food) for number in range(8) for food in foods])


def _squad() -> dict[str, str]:
    def asked(food: str) -> dict:
        answers = [{"text": food, "answer_start": 2}]
        questions = [{"id": food, "question": "which food?", "answers": answers, "is_impossible": False}]
        questions += [{"id": f"no {food}", "question": "who?", "answers": [], "is_impossible": True}]
        return {"context": f"a {food} table at the mill", "qas": questions}

    return {
        f"{name}-v2.0.json": json.dumps({"data": [{"title": "food", "paragraphs": list(map(asked, foods))}]})
        for name, foods in (("train", TRAIN), ("dev", VALIDATION_SPLIT))
    }


def restaurant8k(split: str, foods: tuple[str, ...]) -> dict[str, str]:
    return (
        {} if split == "validation" else {f"{'train_0' if split == 'train' else split}.json": _spans(foods, "people")}
    )


def dstc8_span(split: str, foods: tuple[str, ...]) -> dict[str, str]:
    services = {"Buses_1": "from_location", "Events_1": "category", "Homes_1": "area", "RentalCars_1": "pickup_city"}
    if split == "validation":
        return {}
    name = "train_0" if split == "train" else split
    return {f"{service}/{name}.json": _spans(foods, slot) for service, slot in services.items()}


def _nlupp() -> dict[str, str]:
    described = {"description": "?", "domain": ["general"]}
    files = {"ontology.json": json.dumps({"intents": {"change": described}, "slots": {"time": described}})}
    for fold, food in zip(range(20), itertools.cycle(FOODS)):
        slots = {"time": {"text": food, "span": [7, 7 + len(food)], "value": food}}
        record = {"text": f"change {food} {fold}", "intents": ["change"], "slots": slots}
        files |= {f"{domain}/fold{fold}.json": json.dumps([record] * 12) for domain in ("banking", "hotels")}
    return files


def topv2(split: str, foods: tuple[str, ...]) -> dict[str, str]:
    rows = [f"the {food} party\t[IN:GET_EVENT the [SL:CATEGORY_EVENT {food} party ] ]\n" for food in foods]
    header, name = "domain\tutterance\tsemantic_parse\n", {"validation": "eval"}.get(split, split)
    return {
        f"{domain}_{name}.tsv": header + "".join(f"{domain}\t{row}" for row in rows)
        for domain in ("alarm", "event", "messaging", "music", "navigation", "reminder", "timer", "weather")
    }


def camrest676(split: str, foods: tuple[str, ...]) -> dict[str, str]:
    def dialogue(number: int, food: str) -> dict:
        slots = [{"act": "inform", "slots": [["food", food]]}]
        user = {"transcript": f"a {food} place", "slu": slots, "dialog_act": {"inform": [["food", food]]}}
        name = [["name", f"the {food} mill"]]
        system = {"sent": f"the {food} mill is nice", "DA": [], "dialog_act": {"inform": name}}
        return {"dialogue_id": number, "goal": {}, "dial": [{"turn": 0, "usr": user, "sys": system}]}

    name = {"validation": "val"}.get(split, split)
    return {f"{name}.json": json.dumps([dialogue(FOODS.index(food), food) for food in foods])}


def kvret(split: str, foods: tuple[str, ...]) -> dict[str, str]:
    def dialogue(food: str) -> dict:
        place = {"poi": f"the {food} mill", "poi_type": f"{food} restaurant", "address": "5 low road"}
        scenario = {"uuid": food, "task": {"intent": "navigate"}, "kb": {"items": [place]}}
        asked = {slot: slot == "poi" for slot in ("poi", "poi_type", "address", "distance")}
        said = {"utterance": f"the {food} mill is near", "slots": {"poi_type": place["poi_type"]}, "requested": asked}
        driver = {"utterance": f"a {place['poi_type']}", "end_dialogue": False}
        turns = [{"turn": "driver", "data": driver}, {"turn": "assistant", "data": {**said, "end_dialogue": False}}]
        return {"scenario": scenario, "dialogue": turns}

    name = {"validation": "dev"}.get(split, split)
    return {f"kvret_{name}_public.json": json.dumps([dialogue(food) for food in foods])}


def woz2(split: str, foods: tuple[str, ...]) -> dict[str, str]:
    def turn(number: int, system: str, text: str, food: str) -> dict:
        state = [{"act": "inform", "slots": [["food", food]]}]
        turn = {"turn_idx": number, "system_transcript": system, "system_acts": [], "transcript": text}
        return turn | {"turn_label": [["food", food]], "belief_state": state}

    def dialogue(food: str) -> dict:
        turns = [turn(0, "", f"a {food} place", food), turn(1, f"the {food} mill is nice", f"{food} please", food)]
        return {"dialogue_idx": FOODS.index(food), "dialogue": turns}

    name = {"validation": "validate"}.get(split, split)
    return {f"woz_{name}_en.json": json.dumps([dialogue(food) for food in foods])}


def sim_dialogue(split: str, foods: tuple[str, ...]) -> dict[str, str]:
    def dialogue(folder: str, slot: str, food: str) -> dict:
        words = f"{food} moon please".split()
        said = {"text": " ".join(words), "tokens": words, "slots": [{"slot": slot, "start": 0, "exclusive_end": 2}]}
        state = [{"slot": slot, "value": f"{food} moon"}]
        first = {"user_utterance": said, "user_acts": [{"type": "INFORM"}], "dialogue_state": state}
        system = {"text": "which day ?", "tokens": ["which", "day", "?"], "slots": []}
        again = {"system_utterance": system, "system_acts": [{"type": "REQUEST", "slot": "date"}]}
        return {"dialogue_id": f"{folder}{food}", "turns": [first, first | again]}

    name = {"validation": "dev"}.get(split, split)
    slots = {"sim-M": "movie", "sim-R": "restaurant_name"}
    return {
        f"{folder}/{name}.json": json.dumps([dialogue(folder, slot, food) for food in foods])
        for folder, slot in slots.items()
    }


def sgd(split: str, foods: tuple[str, ...]) -> dict[str, str]:
    # As in the source, test has a service that train lacks.
    services = ("Restaurants_1", "Restaurants_2") if split == "test" else ("Restaurants_1",)
    described = {"cuisine": "Kind of food", "city": "City of the place"}
    slots = [{"name": name, "description": text, "is_categorical": False} for name, text in described.items()]

    def frame(service: str, text: str, food: str, act: str) -> dict:
        place = text.index(food)
        spans = [{"slot": "cuisine", "start": place, "exclusive_end": place + len(food)}]
        actions = [{"act": act, "slot": "cuisine", "values": [food], "canonical_values": [food]}]
        return {"service": service, "actions": actions, "slots": spans}

    def dialogue(number: int, food: str) -> dict:
        service = services[number % len(services)]
        asked, answer = f"a {food} place near the {PLACES[number % len(PLACES)]} {number}", f"so {food} food ?"
        state = {"active_intent": "FindRestaurants", "requested_slots": [], "slot_values": {"cuisine": [food]}}
        user = frame(service, asked, food, "INFORM") | {"state": state}
        turns = [
            {"speaker": "USER", "utterance": asked, "frames": [user]},
            {"speaker": "SYSTEM", "utterance": answer, "frames": [frame(service, answer, food, "CONFIRM")]},
        ] * 2
        return {"dialogue_id": f"{number}_{food}", "services": [service], "turns": turns}

    name = {"validation": "dev"}.get(split, split)
    # So many that a hundredth of them, which mixtures hold out, is not nothing.
    records = [dialogue(number, food) for number in range(100) for food in foods]
    schema = [{"service_name": service, "slots": slots} for service in services]
    return {f"{name}/dialogues_001.json": json.dumps(records), f"{name}/schema.json": json.dumps(schema)}


def multiwoz21(split: str, foods: tuple[str, ...]) -> dict[str, str]:
    if split == "test":
        return {}

    def dialogue(food: str) -> dict:
        asked = {"Restaurant-Inform": [["Food", food]]}
        user = {"text": f"a {food} place", "metadata": {}, "dialog_act": asked}
        user |= {"span_info": [["Restaurant-Inform", "Food", food, 1, 1]]}
        state = {"restaurant": {"semi": {"food": food}, "book": {"booked": []}}}
        system = {"text": f"the {food} mill is nice", "metadata": state, "span_info": []}
        system |= {"dialog_act": {"Restaurant-Inform": [["Name", f"the {food} mill"]]}}
        return {"goal": {}, "log": [user, system]}

    names = [f"{food}{number}" for number in range(8) for food in foods]
    name = {"validation": "val"}.get(split, split)
    return {f"{name}.json": json.dumps({f"SNG{food}": dialogue(food) for food in names})}


def sparc(split: str, foods: tuple[str, ...]) -> dict[str, str]:
    """Two databases with one table; the second question of a conversation narrows the first."""
    if split == "test":
        return {}
    none = dict.fromkeys(("limit", "intersect", "union", "except")) | {"groupBy": [], "having": [], "orderBy": []}
    none |= {
        "select": [False, [[0, [0, [0, 1, False], None]]]],
        "from": {"table_units": [["table_unit", 0]], "conds": []},
    }
    only = [[False, 2, [0, [0, 2, False], None], "x", None]]
    turns = [{"utterance": "all places", "sql": none | {"where": []}}]
    talks = [
        {"database_id": "city", "interaction": [*turns, {"utterance": f"only {food}", "sql": none | {"where": only}}]}
        for food in foods
    ]
    columns = [[-1, "*"], [0, "name"], [0, "food"]]
    city = {"db_id": "city", "table_names": ["places"], "column_names": columns, "column_types": ["text"] * 3}
    return {f"{'train' if split == 'train' else 'dev'}.json": json.dumps(talks), "tables.json": json.dumps([city])}


MAKERS = {
    make.__name__: make
    for make in (
        *(
            banking77,
            hwu64,
            restaurant8k,
            dstc8_span,
            topv2,
            camrest676,
            kvret,
            woz2,
            sim_dialogue,
            sgd,
            multiwoz21,
            sparc,
        ),
    )
}
