"""Dialogues: the record, the unified dialog acts, semantic trees, and files of dialogues."""

from space_jax.dialogue.acts import ACT_CATEGORIES, ACT_INDEX, ACTS
from space_jax.dialogue.jsonl import ReadReport, dialogue_from_json, dialogue_to_json, read_jsonl, write_jsonl
from space_jax.dialogue.record import ROLES, SYSTEM, USER, BeliefState, Dialogue, Frame, Slot, Turn, Value
from space_jax.dialogue.trees import VIEWS, combined_similarity, hash_element, hashed_views, similarity, tree_views

__all__ = [
    "ACTS",
    "ACT_CATEGORIES",
    "ACT_INDEX",
    "ROLES",
    "SYSTEM",
    "USER",
    "VIEWS",
    "BeliefState",
    "Dialogue",
    "Frame",
    "ReadReport",
    "Slot",
    "Turn",
    "Value",
    "combined_similarity",
    "dialogue_from_json",
    "dialogue_to_json",
    "hash_element",
    "hashed_views",
    "read_jsonl",
    "similarity",
    "tree_views",
    "write_jsonl",
]
