# `make quickstart` and `make test` are all that a newcomer needs; both make the environment first. On another tested set:
#   make core VENV=.venv-colab PYTHON=python3.13 SET=requirements/colab.txt
PYTHON ?= python3.11
VENV ?= .venv
SET ?= requirements.txt
RUN := $(VENV)/bin/python -m
QUICK := runs/quickstart
# What quickstart makes there, and the file that says so: nothing else is ever deleted.
MADE := $(addprefix $(QUICK)/,tokenizer corpus run agent)
MARK := $(QUICK)/.made_by_quickstart
WORLD := simulated --dialogues 2000 --option domains=restaurant

.PHONY: quickstart test test-all core notebooks lint docs install clean

PIP := $(VENV)/bin/pip install --quiet --disable-pip-version-check --constraint $(SET)

install: $(VENV)/.installed

# The package alone, which is all that the quickstart needs.
$(VENV)/.package: $(wildcard requirements.txt requirements/*.txt) pyproject.toml setup.py
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/.tests: $(VENV)/.package
	$(PIP) --editable '.[test]'
	touch $@

$(VENV)/.installed: $(VENV)/.package
	$(PIP) --editable '.[dev]'
	touch $@

# Large pages make training on CPUs a tenth faster (docs/scaling.md).
quickstart: export GLIBC_TUNABLES ?= glibc.malloc.hugetlb=1
quickstart: $(VENV)/.package
	@if [ -n "$$(ls -A $(QUICK) 2>/dev/null)" ] && [ ! -e $(MARK) ]; then \
		echo "$(QUICK): holds what this make quickstart has not made; move it away, then try again" >&2; exit 2; fi
	mkdir -p $(QUICK) && touch $(MARK)
	rm -rf $(MADE)
	$(RUN) space_jax tokenizer train $(WORLD) --names source --kind bpe --vocab-size 2000 --out $(QUICK)/tokenizer
	$(RUN) space_jax data build $(WORLD) --tokenizer $(QUICK)/tokenizer --labelled-share 0.5 \
		--max-turns 2 --max-turn-tokens 40 --out $(QUICK)/corpus
	$(RUN) space_jax pretrain --config configs/quickstart.py --workdir $(QUICK)/run \
		--config.train.steps=80 --config.train.eval_every=80 --config.train.checkpoint_every=80
	$(RUN) space_jax show --workdir $(QUICK)/run --n 0
	$(RUN) space_jax finetune --config configs/finetune/simulated_agent.py:quick --workdir $(QUICK)/agent --init $(QUICK)/run
	$(RUN) space_jax play --workdir $(QUICK)/agent --dialogues 200 --together 200 --show 3

lint: install
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/shellcheck -x .ci/* tpu_scripts/*.sh tpu_scripts/lib/*.sh tpu_scripts/worker/*.sh tpu_scripts/settings.sh.example

test: install
	$(RUN) pytest -m 'not slow' -n 2 --dist loadfile --no-loadscope-reorder --durations 40

# What depends on the versions of JAX, Flax, Optax, Orbax and Grain.
core: $(VENV)/.tests
	$(RUN) pytest -m 'not slow' -n 2 --dist loadfile --no-loadscope-reorder --durations 10 \
		tests/losses tests/models tests/features tests/training

notebooks: $(VENV)/.tests
	$(RUN) pytest -n 2 --durations 0 tests/test_notebooks.py -k from_top_to_bottom

test-all: install
	$(RUN) pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 40

# site/index.html is the first page; `.venv/bin/mkdocs serve` shows the pages while they are written.
docs: export NO_MKDOCS_2_WARNING := 1
docs: install
	$(PIP) --editable '.[docs]'
	$(VENV)/bin/mkdocs build --strict

clean:
	if [ -e $(MARK) ]; then rm -rf $(MADE) $(MARK) && rmdir $(QUICK) 2>/dev/null || true; fi
	rm -rf $(VENV) build site *.egg-info
