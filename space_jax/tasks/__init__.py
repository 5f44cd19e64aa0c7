"""Fine-tuning: each task adds a head and a metric to a pre-trained model; `task.py` defines a task."""
