"""Does semi-supervised pre-training pay? The claim of the SPACE papers, measured with models that a processor trains.

    python -m benchmarks.claim run --data data        # all cells of the plan that are missing; may be interrupted
    python -m benchmarks.claim run --data data --start random --arm semi --task banking77 --seed 0    # some of them
    python -m benchmarks.claim table                  # tables and picture of what lies there

`plan.py` says what is run and compared and was fixed before the first run; docs/claim.md has the results. Two `run`
beside each other share the work if they are given other seeds.
"""
