"""A tokenizer as the files that `transformers` and other tools load, with our layout as its template.

Text never becomes a special token here, and so it must be there: `tokenizer.json` lists no added tokens, and
`tokenizer_config.json` sets `split_special_tokens` for `transformers`, which adds its own.
"""

import json
from pathlib import Path
from typing import Any

from space_jax.errors import UserError
from space_jax.exporting.text_layout import TextLayout
from space_jax.features.special_tokens import CLS, MASK, PAD, SEP, UNK
from space_jax.features.tokenizer import Tokenizer
from space_jax.features.wordpiece_tokenizer import FILE_NAME, WordPieceTokenizer

CONFIG = "tokenizer_config.json"


def require_wordpiece(tokenizer: Tokenizer, source: str) -> None:
    """Checks that the files can describe a tokenizer.

    Args:
      tokenizer: of the run.
      source: the run, for the message.

    Raises:
      UserError: a tokenizer of another kind.
    """
    if not isinstance(tokenizer, WordPieceTokenizer):
        raise UserError(
            f"{source}: its tokenizer is a SentencePiece model, and a BERT's tokenizer.json holds WordPiece; train "
            "from a corpus that was built with --tokenizer minilm or another BERT's"
        )


def write_tokenizer(folder: Path, tokenizer: Tokenizer, layout: TextLayout) -> None:
    """Writes `tokenizer.json` and `tokenizer_config.json` of a tokenizer that `require_wordpiece` accepts."""
    assert isinstance(tokenizer, WordPieceTokenizer)
    said = tokenizer.description() | {
        "post_processor": _template(tokenizer.pieces, layout),
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "truncation": {
            "direction": "Left" if layout.from_end else "Right",
            "max_length": layout.length,
            "strategy": "LongestFirst",
            "stride": 0,
        },
    }
    (folder / FILE_NAME).write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / CONFIG).write_text(json.dumps(_config(layout), indent=1) + "\n", encoding="utf-8")


def _template(pieces: tuple[str, ...], layout: TextLayout) -> dict[str, Any]:
    """What is put around a text, and around a pair of them, whose second is of type 1."""
    used = dict.fromkeys((*layout.opening, *layout.closing))

    def special(token: int, kind: int) -> dict[str, Any]:
        return {"SpecialToken": {"id": pieces[token], "type_id": kind}}

    def sequence(name: str, kind: int) -> dict[str, Any]:
        return {"Sequence": {"id": name, "type_id": kind}}

    single = [*(special(t, 0) for t in layout.opening), sequence("A", 0), *(special(t, 0) for t in layout.closing)]
    second = [sequence("B", 1), *(special(t, 1) for t in layout.closing)]
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, *second],
        "special_tokens": {pieces[t]: {"id": pieces[t], "ids": [t], "tokens": [pieces[t]]} for t in used},
    }


def _config(layout: TextLayout) -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": layout.length,
        "truncation_side": "left" if layout.from_end else "right",
        "padding_side": "right",
        "split_special_tokens": True,
        "clean_up_tokenization_spaces": True,
        "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
        "pad_token": PAD,
        "unk_token": UNK,
        "cls_token": CLS,
        "sep_token": SEP,
        "mask_token": MASK,
    }
