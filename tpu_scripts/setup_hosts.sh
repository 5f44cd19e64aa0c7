#!/usr/bin/env bash
# Copies the project to GPU hosts and installs it there.
set -euo pipefail
TPU_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tpu_scripts/lib/options.sh
source "$TPU_SCRIPTS/lib/options.sh"
# shellcheck source=tpu_scripts/lib/pack.sh
source "$TPU_SCRIPTS/lib/pack.sh"

parse_options "Usage: setup_hosts.sh [options] HOST...

Copies the project to every HOST by scp and makes a Python environment there, with jax[EXTRA] at the version of
requirements.txt. EXTRA is the setting JAX_EXTRA, cuda12 by default." "$@"
((${#REST[@]})) || fail "no hosts given; for example: setup_hosts.sh gpu-a gpu-b"

if [[ $DRY_RUN == yes ]]; then
  archive=space_jax.tar.gz
else
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  archive=$folder/space_jax.tar.gz
fi
pack "$archive"
for host in "${REST[@]}"; do
  run scp "$archive" "$host:space_jax.tar.gz" || fail "$host: the project was not copied, see the message above"
  run ssh -n "$host" "$(unpack_and_set_up "$JAX_EXTRA")" || fail "$host: was not set up, see the message above"
done
