"""What a task would make of data, without a model: what it selects, what it leaves out, and what it would stumble over.

Records are selected by the code that fine-tuning uses (`tasks.*.records`, `Task.read_row`), so that both always agree.
"""
