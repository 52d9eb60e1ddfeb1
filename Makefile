# `make run` and `make test` are all that a fresh clone needs: Python 3.11 with pip, and nothing else.

# uv from the PATH if it is there and works, else a private one.
UV := $(if $(shell uv --version 2>/dev/null),uv,.uv/bin/uv)
ENV := .venv/.ready
MEMBERS := core/pyproject.toml server/pyproject.toml $(wildcard plugins/*/pyproject.toml)
SOURCES := core/src server/src $(wildcard plugins/*/src)
# mypy refuses a folder without Python in it.
TESTS := $(sort $(dir $(wildcard tests/*/*.py plugins/*/tests/*.py bench/*.py)))

.PHONY: run test test-llm test-autobahn check bench clean

run: $(ENV)
	.venv/bin/python -m blockloom_server.demo

test: $(ENV)
	.venv/bin/pytest -q

check: $(ENV)
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy $(SOURCES) $(TESTS)
	.venv/bin/lint-imports

# The suite is Python 2.7: WSTEST names its `wstest`.
test-autobahn: $(ENV)
	.venv/bin/python tests/server/autobahn.py

bench: $(ENV)
	.venv/bin/python bench/run.py

# A model server that nobody here wrote, with a tiny model made on the spot; building it takes about ten minutes.
test-llm: $(ENV) .llama/.ready
	BLOCKLOOM_TEST_LLAMA=$(CURDIR)/.llama/bin/python .venv/bin/pytest -q plugins/llm/tests/test_llm_real.py

.llama/.ready:
	rm -rf .llama
	python3 -m venv .llama
	.llama/bin/pip install --quiet --disable-pip-version-check "llama-cpp-python[server]==0.3.36" "gguf>=0.19"
	touch $@

clean:
	rm -rf .llama .uv .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The folder `plugins` itself is newer once a plugin has come or gone.
$(ENV): pyproject.toml uv.lock $(MEMBERS) plugins $(filter .uv/bin/uv,$(UV))
	$(UV) sync --locked --quiet
	touch $@

# Half an installation from an interrupted run would be left as it is: begin anew.
.uv/bin/uv:
	rm -rf .uv
	python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .uv uv==0.13.9
