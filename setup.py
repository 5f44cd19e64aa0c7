"""Which folders are packages; everything else about the distribution is in pyproject.toml.

`configs/` stays at the top of the repository, where people look for it, and is installed as `space_jax.configs`.
pyproject.toml could map that folder too, but only beside a list of all other packages by hand.
"""

from setuptools import find_packages, setup

CONFIGS = ["space_jax.configs", "space_jax.configs.finetune"]

setup(packages=[*find_packages(include=["space_jax*"]), *CONFIGS], package_dir={"space_jax.configs": "configs"})
