"""The names of the splits of a corpus, whatever the source calls them."""

SPLITS = ("train", "validation", "test")

TRAINABLE = SPLITS[:2]
"""The splits that a model may be trained on."""
