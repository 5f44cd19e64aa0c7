"""End-to-end task-oriented dialogue: context -> belief state -> database -> dialog acts -> delexicalised response."""
