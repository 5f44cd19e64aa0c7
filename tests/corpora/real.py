"""Where the real files of each corpus lie under `shared/data`, for the tests that read them all."""

OWN_FOLDER = (
    *("sgd", "multiwoz21", "multiwoz20_single", "camrest676", "kvret", "woz2", "star", "multidogo", "banking77"),
    *("clinc150", "hwu64", "restaurant8k", "dstc8_span", "nlupp", "topv2"),
)
FOLDERS = {
    **{name: name for name in OWN_FOLDER},
    "sim_m": "sim_dialogue",
    "sim_r": "sim_dialogue",
    "babi5": "babi_dialog",
    "babi6": "babi_dialog",
    "dailydialog": "unlabelled",
    "taskmaster4": "unlabelled",
    "taskmaster3_part": "unlabelled",
}
"""Corpus -> folder under `shared/data`."""


def real_dialogues(shared_data, corpus):
    """All dialogues of a corpus, whatever their split."""
    from space_jax.corpora.registry import CORPORA

    source = shared_data / "data" / FOLDERS[corpus]
    for split in CORPORA[corpus].available_splits(source):
        yield from CORPORA[corpus].load(source, split)
