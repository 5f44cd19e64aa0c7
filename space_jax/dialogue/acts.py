"""The twenty unified dialog acts (SPACE-1, section "dialog act taxonomy"), in five categories."""

ACT_CATEGORIES: dict[str, tuple[str, ...]] = {
    "information": ("inform", "expl_confirm", "impl_confirm"),
    "directive": ("request", "reqalts", "select", "propose", "direct"),
    "commissive": ("offer", "affirm", "negate", "not_sure"),
    "social": ("hi", "bye", "thank_you", "welcome", "repeat", "dont_understand"),
    "feedback": ("notify_success", "notify_failure"),
}

ACTS: tuple[str, ...] = tuple(act for acts in ACT_CATEGORIES.values() for act in acts)
"""The acts in index order, 0 to 19."""

ACT_INDEX: dict[str, int] = {act: index for index, act in enumerate(ACTS)}
