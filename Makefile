# Needs Python 3.11 or newer, git and make; everything else it installs into .venv from the lock.
PYTHON ?= python3
BIN := .venv/bin
# Every file with a block that is printed from the code.
GENERATED = $(shell git grep --untracked --files-with-matches --fixed-strings '[[[cog' -- '*.md' '*.yml' 'src/*.py')
UV := uv==0.13.9
INSTALL = .venv-release/bin/python -m pip --python build/installed install --quiet
COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11

# Two a core, for many tests wait: for a server that hangs, a deadline, a signal.
XDIST := --numprocesses $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN)))) --dist worksteal

.PHONY: demo test test-clients test-lowest lint format wrappers orb screenshot executable release-check bench lock clean

demo: .venv/.complete  ## report deployments and an incident to a stand-in DevLake: DORA's numbers
	@$(BIN)/devlake-ci demo

test: .venv/.complete  ## run the tests
	@$(BIN)/pytest $(XDIST) --ignore tests/clients $(PYTEST)

test-clients: .venv-clients/.complete .venv-clients/.npm  ## run the wrappers in their real clients; needs a Docker engine, npm and Chromium
	@.venv-clients/bin/pytest --numprocesses auto --dist loadfile tests/clients $(PYTEST)

# What no dependency's version can break is tested once: shell scripts, pages, git, the sandbox, how
# processes end, a structure on paper.
INDEPENDENT := $(addprefix --ignore=tests/,clients sandbox wrappers changes/test_git.py cli/test_run.py \
  cli/test_transparency.py commits/test_checkouts.py commits/test_sha.py commits/test_submodules.py \
  incidents/test_sequences.py incidents/test_state_file.py setup/test_interrupted.py \
  test_architecture.py test_contents.py test_crowd.py test_docs.py test_entry_points.py \
  test_kills.py test_multi_repository.py test_release.py test_runtime.py test_sandbox_reports.py test_text.py \
  test_wild_environments.py)

test-lowest: .venv/.complete  ## run the tests with the oldest dependencies that pyproject.toml allows
	@$(BIN)/python -m pip install --quiet $(UV)
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-lowest
	@$(BIN)/uv pip install --quiet --python .venv-lowest --resolution lowest-direct --editable .
	@$(BIN)/uv pip install --quiet --python .venv-lowest --group test
	@.venv-lowest/bin/pytest $(XDIST) $(INDEPENDENT) $(PYTEST)

lint: .venv/.complete  ## check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: wrappers  ## fix what lint finds, where a program can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

wrappers: .venv/.complete  ## write options, help and examples into wrappers and documentation
	$(BIN)/cog -I tools -r $(GENERATED)

orb: wrappers  ## pack the CircleCI orb into dist/orb.yml
	$(BIN)/python tools/orb.py dist/orb.yml

screenshot: .venv/.complete  ## take the README's pictures of the sandbox's page anew; needs Chromium
	$(BIN)/python tools/screenshot.py docs

executable: .venv-executable/.complete  ## make dist/devlake-ci-SYSTEM-MACHINE, which needs no Python
	@PYTHONHASHSEED=0 .venv-executable/bin/python tools/executable.py $(GLIBC)

bench: .venv/.complete executable  ## measure beside others, and write docs/benchmarks.md; PAIRS=2 is quick; what needs npm, curl or Docker is left out without it
	@$(BIN)/python benchmarks/run.py $(if $(PAIRS),--pairs $(PAIRS))

# The image is left out where no Docker engine answers, unless DOCKER=required.
release-check: .venv-release/.complete  ## all of a release that can be done without publishing
	$(PYTHON) tools/release.py check $(TAG)
	rm -rf dist/devlake_ci-* build/installed
	.venv-release/bin/python -m build --no-isolation --outdir dist
	.venv-release/bin/twine check --strict dist/devlake_ci-*
	$(PYTHON) -m venv --without-pip build/installed
	$(INSTALL) --require-hashes --requirement requirements/run.txt
	$(INSTALL) --no-deps dist/*.whl
	build/installed/bin/devlake-ci demo
	if [ "$(DOCKER)" = required ] || docker info >/dev/null 2>&1; then \
	  docker build --tag devlake-ci:release --build-arg "WHEEL=$$(ls dist/*.whl)" . && \
	  docker run --rm devlake-ci:release devlake-ci --version; \
	else echo "No Docker engine answers: the image was not built."; fi

lock: .venv/.complete  ## write requirements/*.txt anew from pyproject.toml
	$(BIN)/python -m pip install --quiet $(UV)
	$(COMPILE) --output-file requirements/run.txt pyproject.toml
	$(COMPILE) --output-file requirements/build.txt --group build
	$(COMPILE) --output-file requirements/dev.txt --group dev pyproject.toml
	$(COMPILE) --output-file requirements/clients.txt --group dev --group clients pyproject.toml
	npm install --prefix requirements --package-lock-only --ignore-scripts --no-audit --no-fund
	$(COMPILE) --output-file requirements/executable.txt --group build --group executable pyproject.toml
	$(COMPILE) --output-file requirements/release.txt --group release

.venv/.complete: requirements/dev.txt pyproject.toml tools/bootstrap.py
	@$(PYTHON) tools/bootstrap.py $(@D) $<
	@touch $@

.venv-%/.complete: requirements/%.txt pyproject.toml tools/bootstrap.py
	@$(PYTHON) tools/bootstrap.py $(@D) $<
	@touch $@

# Node.js itself is one of the packages: gitlab-ci-local needs a newer one than many machines have.
.venv-clients/.npm: requirements/package.json requirements/package-lock.json .venv-clients/.complete
	@cp requirements/package.json requirements/package-lock.json .venv-clients/
	@npm ci --prefix .venv-clients --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

clean:
	rm -rf build .venv .venv-clients .venv-executable .venv-lowest .venv-release .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
