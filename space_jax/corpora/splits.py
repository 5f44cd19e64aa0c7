"""What the parts of a corpus are called here, whatever the source calls them."""

SPLITS = ("train", "validation", "test")

TRAINABLE = SPLITS[:2]
"""Those that a model may be trained on."""
