"""The loader of TOPv2, on small made-up files in its format and on the real ones."""

import zipfile

import pytest

from space_jax.corpora import topv2
from space_jax.dialogue import dialogue_from_json, dialogue_to_json
from space_jax.dialogue.parse_tree import Node, parse, placed, to_text, words
from space_jax.dialogue.record import Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError

HEADER = "domain\tutterance\tsemantic_parse\n"
NESTED = (
    "reminder\tTell me to  text Ann, Bo at 4:30pm\t[IN:CREATE_REMINDER Tell [SL:PERSON_REMINDED me ] to "
    "[SL:TODO [IN:SEND_MESSAGE text [SL:RECIPIENT Ann ] , [SL:RECIPIENT Bo ] ] ] [SL:DATE_TIME at 4 : 30 pm ] ]\n"
)
QUOTED = 'music\tplay "Hey\t[IN:PLAY_MUSIC play " [SL:MUSIC_TRACK_TITLE Hey ] [SL:ORDINAL ] ]\n'
FILES = {
    "reminder_train.tsv": HEADER + NESTED,
    "music_train.tsv": HEADER + QUOTED,
    "music_eval.tsv": HEADER,
    "music_test.tsv": HEADER + "music\tstop\t[IN:STOP_MUSIC stop ]\n",
    "low_resource_splits/reminder_train_10spis.tsv": "domain\tutterance\tseqlogical\n" + NESTED,
}


@pytest.fixture(params=["folder", "zip"])
def source(tmp_path, request):
    if request.param == "zip":
        with zipfile.ZipFile(tmp_path / "TOPv2_Dataset.zip", "w") as archive:
            for name, content in FILES.items():
                archive.writestr(f"TOPv2_Dataset/{name}", content)
    else:
        (tmp_path / "low_resource_splits").mkdir()
        for name, content in FILES.items():
            (tmp_path / name).write_text(content)
    return tmp_path


def test_the_root_is_the_intent_and_nodes_below_are_slots_named_by_their_path(source):
    frame = Frame(
        "reminder",
        "create_reminder",
        (
            Slot("person_reminded", (Value("me", 5, 7),)),
            Slot("todo", (Value("text Ann, Bo", 12, 24),)),
            Slot("todo.send_message", (Value("text Ann, Bo", 12, 24),)),
            Slot("todo.send_message.recipient", (Value("Ann", 17, 20), Value("Bo", 22, 24))),
            Slot("date_time", (Value("at 4:30pm", 25, 34),)),
        ),
    )
    text = "Tell me to  text Ann, Bo at 4:30pm"
    assert list(topv2.CORPUS.load(source, "train", domain="reminder")) == [
        Dialogue("train-reminder-0", (Turn("user", text, (frame,)),))
    ]


def test_quotes_are_characters_and_a_node_without_words_has_no_value(source):
    (dialogue,) = topv2.load(source, "train", domain="music")
    assert dialogue.turns[0].frames[0].slots == (
        Slot("music_track_title", (Value("Hey", 6, 9),)),
        Slot("ordinal"),
    )


def test_the_trees_come_under_the_same_ids_and_print_as_they_were(source):
    ((name, text, tree),) = topv2.parses(source, "train", domain="reminder")
    assert (name, text) == ("train-reminder-0", "Tell me to  text Ann, Bo at 4:30pm")
    assert f"reminder\t{text}\t{to_text(tree)}\n" == NESTED


def test_options_choose_domains_and_low_resource_files(source):
    def ids(split: str, **options) -> list[str]:
        return [one.id for one in topv2.CORPUS.load(source, split, **options)]

    assert ids("train", domain="reminder,music") == ["train-music-0", "train-reminder-0"]
    assert ids("train", domain="reminder", spis=10) == ["train-reminder-10spis-0"]
    assert ids("validation", domain="music") == []
    assert ids("test", domain="music") == ["test-music-0"]


def test_what_is_not_there_is_said(source):
    with pytest.raises(UserError, match=r"expected alarm_train\.tsv, or TOPv2_Dataset\.zip with alarm_train\.tsv in"):
        list(topv2.load(source, "train"))
    with pytest.raises(UserError, match=r"option domain: expected all or some of alarm, .*, found 'sport'"):
        list(topv2.load(source, "train", domain="sport"))
    with pytest.raises(UserError, match=r"option spis: expected 0 or one of 10, .*, found 7"):
        list(topv2.load(source, "train", domain="reminder", spis=7))
    with pytest.raises(UserError, match="option spis: expected domains of reminder, weather with it, found 'all'"):
        list(topv2.load(source, "train", spis=10))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"music_eval\.tsv:1: expected the columns domain, utterance, semantic_parse, found \[\]"),
        (b"utterance\tparse\n", r"music_eval\.tsv:1: expected the columns"),
        (b"music\tstop\n", r"music_eval\.tsv:2: expected music, an utterance and a parse, found 'music\\tstop'"),
        (b"alarm\tstop\t[IN:A stop ]\n", r"music_eval\.tsv:2: expected music, an utterance and a parse"),
        (b"music\tstop\t[IN:A stop ]\nmusic\tstop\t[IN:A stop\n", r"music_eval\.tsv:3: parse: .* with 1 open"),
        (b"music\tstop\t[IN:A halt ]\n", r"music_eval\.tsv:2: parse: .* found 'h' for 's' at character 0"),
        (b"music\tst\xf6p\t[IN:A stop ]\n", r"music_eval\.tsv:2: expected UTF-8, found the byte 0xf6"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(tmp_path, content, message):
    header = HEADER.encode() if content.startswith((b"music", b"alarm")) else b""
    (tmp_path / "music_eval.tsv").write_bytes(header + content)
    with pytest.raises(UserError, match=message):
        list(topv2.load(tmp_path, "validation", domain="music"))


@pytest.fixture(scope="module")
def real(shared_data):
    folder = shared_data / "data" / "topv2"
    if not folder.is_dir():
        pytest.skip(f"no TOPv2 at {folder}")
    return folder


def rebuilt(frame: Frame, end: int) -> list:
    """The tree of a frame as nested lists, from the paths and spans alone: a node lies in the last that may hold it."""
    nodes = sorted(
        (value.start, -value.end, slot.name.count("."), slot.name)
        for slot in frame.slots
        for value in slot.values
        if value.start is not None
    )
    root: list = [frame.intent, 0, end]
    made = [("", root)]
    for start, minus_end, _, name in nodes:
        above, _, label = name.rpartition(".")
        node: list = [label, start, -minus_end]
        holders = [held for path, held in made if path == above and held[1] <= start and -minus_end <= held[2]]
        holders[-1].append(node)
        made.append((name, node))
    return root


def outline(tree: Node, text: str) -> list:
    """The tree with spans as nested lists, without nodes that have no words."""
    places = iter(placed(tree, text))

    def walk(node: Node) -> list:
        place = next(places)
        below = [walk(child) for child in node.children if isinstance(child, Node)]
        kept = [one for one in below if one[1] is not None]
        return [node.label[3:].lower(), place.start, place.end, *kept]

    return walk(tree)


def test_real_frames_hold_the_whole_tree(real):
    options = {"domain": "reminder,weather", "spis": 25}
    compared = 0
    for dialogue, (_, text, tree) in zip(
        topv2.load(real, "train", **options), topv2.parses(real, "train", **options), strict=True
    ):
        wanted = outline(tree, text)
        wanted[1:3] = [0, len(text)]
        assert rebuilt(dialogue.turns[0].frames[0], len(text)) == wanted
        assert "".join(words(tree)) == "".join(text.split())
        assert dialogue_from_json(dialogue_to_json(dialogue)) == dialogue
        compared += 1
    assert compared == 493 + 176


@pytest.mark.slow
@pytest.mark.parametrize(("split", "count"), [("train", 124597), ("validation", 17160), ("test", 38785)])
def test_the_real_files_are_read_whole(real, split, count):
    ids, empty = set(), 0
    for dialogue in topv2.load(real, split):
        (turn,) = dialogue.turns
        for slot in turn.frames[0].slots:
            empty += not slot.values
            assert all(turn.text[value.start : value.end] == value.text for value in slot.values)
        ids.add(dialogue.id)
    assert len(ids) == count
    assert empty <= 24


def test_real_parses_print_as_they_were(real):
    with zipfile.ZipFile(real / "TOPv2_Dataset.zip") as archive:
        rows = archive.read("TOPv2_Dataset/navigation_eval.tsv").decode().splitlines()[1:]
    trees = list(topv2.parses(real, "validation", domain="navigation"))
    assert len(trees) == len(rows) == 2971
    for row, (_, text, tree) in zip(rows, trees, strict=True):
        assert row == f"navigation\t{text}\t{to_text(tree)}"
        assert parse(to_text(tree)) == tree
