# shellcheck shell=bash
# The project as one archive. Sourced after commands.sh.

# pack FILE: what a worker needs to run, as it lies here, uncommitted changes included.
pack() {
  run tar -czf "$1" -C "$(dirname "$TPU_SCRIPTS")" --exclude=__pycache__ --exclude=settings.sh \
    space_jax configs tpu_scripts setup.py pyproject.toml requirements.txt requirements README.md
}

# unpack_and_set_up EXTRA [BUCKET]: the command line that a worker runs on the archive.
unpack_and_set_up() {
  printf 'mkdir -p space_jax_run && rm -rf space_jax_run/code && mkdir space_jax_run/code && '
  printf 'tar -xzf space_jax.tar.gz -C space_jax_run/code && bash space_jax_run/code/tpu_scripts/worker/setup.sh '
  quote "$@"
}
