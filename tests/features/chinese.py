"""A small Chinese dialogue corpus of our own making, with blanks between words, and a vocabulary in BERT's layout."""

import re
from pathlib import Path

from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn

DIALOGUES = (
    (
        "你好 ， 我 想 订 一 张 桌子 。",
        "好 的 ， 请问 几 位 ？ 什么 时候 来 ？",
        "四 位 ， 今天 晚上 七点 。",
        "已经 订好 了 ， 谢谢 。",
    ),
    (
        "附近 有 便宜 的 酒店 吗 ？",
        "有 ， 河边 酒店 很 便宜 ， 也 很 安静 。",
        "那么 订 两 个 晚上 吧 。",
        "没有 问题 ， 已经 预订 。",
    ),
    ("明天 北京 的 天气 怎么样 ？", "明天 晴天 ， 气温 二十 度 ； 不 下雨 。", "太 好 了 ， 谢谢 你 ！", "不 客气 。"),
    (
        "我 的 银行卡 丢 了 ， 怎么 办 ？",
        "请 先 挂失 ， 然后 补办 新卡 。",
        "补办 要 多久 ？",
        "大概 三天 ， 请 耐心 等待 。",
    ),
)
_ENGLISH = ("hotel", "##s", "ok")


def chinese_dialogues() -> list[Dialogue]:
    """The dialogues; user and system take turns."""
    return [
        Dialogue(f"zh-{number}", tuple(Turn((USER, SYSTEM)[at % 2], text) for at, text in enumerate(turns)))
        for number, turns in enumerate(DIALOGUES)
    ]


def write_vocabulary(path: Path) -> Path:
    """A `vocab.txt` as that of Chinese BERT: control tokens, `[unusedN]`, then single characters."""
    characters = sorted(set(re.sub(r"\s", "", "".join(text for turns in DIALOGUES for text in turns))))
    unused = [f"[unused{number}]" for number in range(1, 61)]
    pieces = ["[PAD]", *unused, "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *_ENGLISH]
    path.write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")
    return path
