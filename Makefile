# `make` lists the commands. TWITCHLY_VAR and TWITCHLY_PORT select another instance: `make run TWITCHLY_PORT=9000`.
PYTHON ?= python3.11
NO_PYTHON = $(PYTHON) is missing: install it (Debian: apt-get install python3.11 python3.11-venv), \
	or set its path: make PYTHON=/path/to/python3.11
FOUND_PYTHON = $(if $(shell command -v "$(PYTHON)" 2>/dev/null),$(PYTHON),$(error $(NO_PYTHON)))
LOCAL = $(FOUND_PYTHON) -m deploy.local

# Options of the simulated Twitch: `make run REPLAY=FILE SPEED=4`, or RATE, CHANNELS, SEED and HISTORY (days of
# simulated history). PRODUCERS is the number of producers.
options = $(if $(REPLAY),--replay="$(REPLAY)") $(if $(SPEED),--speed="$(SPEED)") $(if $(RATE),--rate="$(RATE)") \
	$(if $(CHANNELS),--channels="$(CHANNELS)") $(if $(SEED),--seed="$(SEED)") \
	$(if $(HISTORY),--history="$(HISTORY)") $(if $(PRODUCERS),--producers="$(PRODUCERS)")

.PHONY: help
help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24
	@command -v "$(PYTHON)" >/dev/null || echo "$(NO_PYTHON)"

.PHONY: run stop status prepare
run: ## Start everything; stop with Ctrl-C
	@$(LOCAL) run $(options)
stop: ## Stop everything, from another terminal
	@$(LOCAL) stop
status: ## Show each process, its uptime and its memory
	@$(LOCAL) status
prepare: ## Download everything that `make run` needs, to start without a network later
	@$(LOCAL) prepare

.PHONY: lint test test-unit test-one drill drill-ingest drill-soak drill-midnight drill-recount drill-defenses drill-instance bench screens drill-backup
UNIT = .venv/bin/pytest -n 2 -m "not server"
lint: ## Check style, types and imports
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	DEBUG=1 .venv/bin/mypy .
	.venv/bin/lint-imports
	.venv/bin/djangofmt --check templates
	node_modules/.bin/prettier --check --log-level=warn .
	node_modules/.bin/eslint static/js tests/clients tests/e2e eslint.config.mjs
	node_modules/.bin/tsc
test: ## Run lint and all tests, with real servers
	@$(LOCAL) test-prepare
	@$(MAKE) --no-print-directory lint
	.venv/bin/python -m tests.parts
test-unit: ## Run lint and the tests that need no servers
	@$(LOCAL) unit-prepare
	@$(MAKE) --no-print-directory lint
	$(UNIT)

test-one: ## Run the tests of one folder or file, except server tests, after a minimal install: T=tests/core
	@: $(or $(T),$(error Name a folder or file: make test-one T=tests/core))
	@$(LOCAL) unit-prepare
	$(UNIT) $(T)

drill: ## Run the fault-injection tests (kill processes, shift clocks, cross a month boundary): SEED=12
	@$(LOCAL) test-prepare
	.venv/bin/python -m drills.pipeline --seed $(or $(SEED),12)
	.venv/bin/python -m drills.midnight
	.venv/bin/pytest -q -m server -k steps_by_an_hour tests/e2e/test_sql_equals_reference.py
drill-ingest: ## Inject every fault of Twitch, Kafka and the producers, then check the ledger
	@$(LOCAL) test-prepare
	.venv/bin/python -m drills.ingest
drill-soak: ## Inject random faults, then check the ledger: MINUTES=30 SEED=1
	@$(LOCAL) test-prepare
	.venv/bin/python -m drills.soak --minutes $(or $(MINUTES),30) --seed $(or $(SEED),1)
drill-defenses: ## Weaken each defense in a copy of the source and expect its test to fail: ONLY=csrf
	@$(LOCAL) test-prepare
	.venv/bin/python -m drills.defenses "$(ONLY)"
drill-instance: ## Start an instance in unusual environments: ONLY=proxy
	@$(LOCAL) test-prepare
	.venv/bin/python -m drills.instance --only "$(ONLY)"
drill-midnight: ## Cross a month boundary while an instance runs, then check the ledger
	@$(LOCAL) test-prepare
	.venv/bin/python -m drills.midnight
drill-recount: ## Recount a replay's chat independently; compare with pages, API, exports and socket: MINUTES=35
	@$(LOCAL) test-prepare
	.venv/bin/python -m drills.recount --minutes $(or $(MINUTES),35)
drill-backup: ## Back up a running instance, delete its data, restore it and compare
	@$(LOCAL) test-prepare
	.venv/bin/python -m drills.backup
bench: ## Run the benchmarks and write docs/benchmarks.md: ONLY="stream hour"
	@$(LOCAL) test-prepare
	.venv/bin/python -m bench $(ONLY)

VAR = $(or $(TWITCHLY_VAR),var)
screens: ## Save screenshots of the running instance to docs/screens
	.venv/bin/python -m drills.screens http://127.0.0.1:$(or $(TWITCHLY_PORT),8000) "$(VAR)/demo-password"

.PHONY: lock audit clean clean-data
UV_VERSION = 0.13.9
COMPILE = cd requirements && ../.uv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"
lock: ## Compile requirements/*.txt from the *.in files
	$(FOUND_PYTHON) -m venv .uv && .uv/bin/pip install --quiet uv==$(UV_VERSION)
	$(COMPILE) web.in -o web.txt
	$(COMPILE) -c web.txt production.in -o production.txt
	$(COMPILE) -c web.txt test.in -o test.txt
	$(COMPILE) flink.in -o flink.txt
	$(COMPILE) audit.in -o audit.txt
	rm -rf .uv
PIP_AUDIT = .audit/bin/pip-audit --strict --disable-pip --require-hashes  # defense: strict-audit
audit: ## Check all packages for known vulnerabilities; fail if one cannot be checked. Requires a network
	$(FOUND_PYTHON) -m venv .audit && .audit/bin/pip install --quiet --require-hashes -r requirements/audit.txt
	for list in requirements/*.txt; do \
		$(PIP_AUDIT) -r $$list || exit 1; done
	npm audit
	rm -rf .audit
clean: ## Delete the environments, jars and packages
	rm -rf .venv .venv-flink .jars node_modules static/vendor
clean-data: ## Stop this instance and delete its data and logs
	@$(LOCAL) clean-data
