#!/usr/bin/env bash
# Runs on a worker: makes the environment and mounts the bucket. Doing it twice does no harm.
# setup.sh EXTRA [BUCKET]: EXTRA of jax, tpu or cuda12; its version is the one in requirements.txt.
set -euo pipefail

extra=$1 bucket=${2:-}
folder=$HOME/space_jax_run
uv=$HOME/.local/bin/uv

# uv brings Python 3.11, which the images of TPU machines lack.
if [[ ! -x $uv ]]; then
  curl --silent --show-error --fail --location --retry 5 https://astral.sh/uv/install.sh | sh
fi
if [[ ! -x $folder/venv/bin/python ]]; then
  "$uv" venv --python 3.11 "$folder/venv"
fi
"$uv" pip install --quiet --python "$folder/venv/bin/python" --constraint "$folder/code/requirements.txt" \
  --editable "$folder/code" "jax[$extra]"

[[ -n $bucket ]] || exit 0
if ! command -v gcsfuse >/dev/null; then
  release=gcsfuse-$(lsb_release --codename --short)
  key=/usr/share/keyrings/cloud.google.asc
  curl --silent --show-error --fail https://packages.cloud.google.com/apt/doc/apt-key.gpg | sudo tee "$key" >/dev/null
  echo "deb [signed-by=$key] https://packages.cloud.google.com/apt $release main" |
    sudo tee /etc/apt/sources.list.d/gcsfuse.list >/dev/null
  sudo apt-get update --quiet
  sudo apt-get install --yes --quiet gcsfuse
fi
if ! mountpoint --quiet /mnt/bucket; then
  sudo mkdir -p /mnt/bucket
  sudo chown "$(id -u)" /mnt/bucket
  # No cache of names: every worker must see the same last checkpoint.
  gcsfuse --implicit-dirs --metadata-cache-ttl-secs=0 --rename-dir-limit=100000 "$bucket" /mnt/bucket
fi
