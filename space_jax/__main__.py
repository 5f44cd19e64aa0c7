"""`python -m space_jax` is `space-jax`."""

import sys

from space_jax.cli import main

if __name__ == "__main__":
    sys.exit(main())
