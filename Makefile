# `make run` and `make test` are all that a fresh clone needs: Python 3.11 with pip, and nothing else.

# uv from the PATH if it is there and works, else a private one.
UV := $(if $(shell uv --version 2>/dev/null),uv,.uv/bin/uv)
ENV := .venv/.ready
NODE := .web/.ready
WEB := server/web/node_modules/.ready
MEMBERS := core/pyproject.toml server/pyproject.toml $(wildcard plugins/*/pyproject.toml)
SOURCES := core/src server/src $(wildcard plugins/*/src)
# mypy refuses a folder without Python in it.
TESTS := $(sort $(dir $(wildcard tests/*/*.py plugins/*/tests/*.py bench/*.py)))

.PHONY: run test test-llm test-autobahn check bench types clean

run: $(ENV)
	.venv/bin/python -m blockloom_server.demo

test: $(ENV) $(WEB)
	.venv/bin/pytest -q

check: $(ENV)
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy $(SOURCES) $(TESTS)
	.venv/bin/lint-imports

# The suite is Python 2.7, with pip; PYTHON2 names one that is not found here. It is put into a folder of its own.
# Some of its cases send 65,537 fragments; the library takes 4,096, unless its own variable says otherwise.
PYTHON2 = $(shell for python in python2.7 pypy "$$HOME"/.pyenv/versions/2.7*/bin/python2.7; do \
	"$$python" -c 'import sys, pip; sys.exit(sys.version_info[0] != 2)' 2>/dev/null && command -v "$$python" && break; done)

test-autobahn: $(ENV) .autobahn/.ready
	PYTHONUSERBASE=$(CURDIR)/.autobahn WEBSOCKETS_MAX_FRAGMENTS=70000 .venv/bin/python tests/server/autobahn.py

.autobahn/.ready:
	rm -rf .autobahn
	$(or $(PYTHON2),$(error There is no Python 2.7 with pip here: PYTHON2=PATH names one)) -m pip --version
	PYTHONUSERBASE=$(CURDIR)/.autobahn $(PYTHON2) -m pip install --user --quiet --disable-pip-version-check \
		--no-warn-script-location autobahntestsuite==25.10.1
	touch $@

# The protocol for a front end, as TypeScript.
types: $(ENV) $(WEB)
	.venv/bin/blockloom schema protocol | .web/bin/node server/web/protocol.js > server/web/src/protocol.ts

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
	rm -rf .autobahn .llama .uv .venv .web server/web/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The folder `plugins` itself is newer once a plugin has come or gone.
$(ENV): pyproject.toml uv.lock $(MEMBERS) plugins $(filter .uv/bin/uv,$(UV))
	$(UV) sync --locked --quiet
	touch $@

# Node comes with the lock, whatever the machine has.
$(NODE): uv.lock $(filter .uv/bin/uv,$(UV))
	UV_PROJECT_ENVIRONMENT=.web $(UV) sync --locked --quiet --only-group web
	touch $@

$(WEB): server/web/package-lock.json $(NODE)
	cd server/web && PATH="$(CURDIR)/.web/bin:$$PATH" npm ci
	touch $@

# Half an installation from an interrupted run would be left as it is: begin anew.
.uv/bin/uv:
	rm -rf .uv
	python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .uv uv==0.13.9
