# The commands of the house. `make` alone prints them. A target has at most five lines; anything longer is a program under infra/.
# `waymark dev` installs the emulators too; the mark that says which lock file is installed is the same, so neither does it twice.

.DEFAULT_GOAL := help
TOOL   := go tool -modfile=infra/tools/go.mod
SOURCE := functions infra shared tests
EMULATORS := infra/emulators/node_modules/.installed

# The same flags everywhere, also in `waymark dev`, so that nothing is compiled twice.
GOBUILD := CGO_ENABLED=0 go build -trimpath -tags=lambda.norpc -ldflags='-s -w'

PORT     ?= 3000
FUZZTIME ?= 10s
N        ?= 10000
SEED     ?=
BENCH    ?= ./tests/bench/...
ARGS     ?=

help: ## Print this help
	@echo 'usage: make TARGET'; echo
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

# One shell, which outlives Ctrl-C: make would call its end an error. It waits a moment, for make 4.3 prints "No child processes" when it loses its
# last child in the instant in which it hears of Ctrl-C.
run: ## Start the whole system on this machine: PORT=3000
	@trap 'sleep 0.3; exit 0' INT; infra/setup/setup.sh && PORT=$(PORT) .build/waymark dev

test: emulators ## Run every test, without the vet of lint; no network once modules and emulators are fetched
	go test -vet=off -timeout=60m $$(go list ./... | grep -v -e /tests/sim$$ -e /tests/clients$$)
	GOGC=400 go test -vet=off ./tests/sim # by itself, for it keeps every processor busy
	GOGC=400 go test -vet=off -tags=mutants -run='^TestMutants$$|TestShrink' ./tests/sim

# The mistakes take every processor that the kills leave, which wait most of the time. WAYMARK_MUTANTS=2/4 tries a quarter of them.
long: emulators ## Run what takes minutes: 200 kills of a running system, and mistakes in the source that the simulator must see
	@GOGC=400 nice -n 19 go test -tags=mutants -timeout=60m -run=TestMutantsOfTheSource ./tests/sim & mutants=$$!; \
	WAYMARK_LONG=1 go test -count=1 -timeout=60m -run=TestKill ./tests/e2e && \
	WAYMARK_LONG=1 go test -count=1 -timeout=20m -run=TestServers/com.segment ./tests/clients; kills=$$?; wait $$mutants && exit $$kills

trust: ## Hostile traffic with a public key: N=10000 pairs of schedules a mode, and mistakes that they must see
	WAYMARK_TRUST_N=$(N) go test -count=1 -timeout=10h ./tests/trust
	go test -tags=mutants -timeout=60m -run='^TestMutants$$' ./tests/trust

check: lint test ## Everything that must hold before a commit: lint, then test

lint: ## Format, vet, staticcheck and the rules of the house
	@unformatted="$$($(TOOL) gofumpt -l $(SOURCE))"; test -z "$$unformatted" || { echo "not formatted, run make format:"; echo "$$unformatted"; exit 1; }
	go vet ./... && go vet -tags=mutants ./tests/sim ./tests/trust && go vet -tags=contract ./tests/contract
	$(TOOL) staticcheck ./...
	go test ./tests/layout

format: ## Rewrite the Go sources in the house's format
	$(TOOL) gofumpt -w $(SOURCE)

build: .build/waymark ## Build the command line and the functions for this machine into .build
	@for f in functions/*/; do $(GOBUILD) -o ".build/$${f%/}" "./$${f}lambda" || exit 1; done

.build/waymark: FORCE
	$(GOBUILD) $(VERBOSE) -o $@ ./infra/waymark

FORCE:

demo: build emulators ## Import real data, roll it up, export it, and compare with published numbers
	.build/waymark demo

abuse: build emulators ## Attack a running system with a public key: what is safe, what is detected and undone
	.build/waymark abuse $(ARGS)

cost: .build/waymark emulators ## Count and price what traffic costs on AWS: ARGS="--profile web"
	.build/waymark cost $(ARGS)

golden: ## Rewrite the golden files from what the code answers now; review the diff
	UPDATE_GOLDEN=1 go test ./infra/rulefile ./infra/tracker # first, for the others contain what they make
	UPDATE_GOLDEN=1 go test $$(go list ./... | grep -v /tests/e2e)
	@git status --short

tracker: ## Bundle the scripts for web pages and the npm package from functions/collect/tracker/src
	UPDATE_GOLDEN=1 go test -count=1 -v -run='Scripts|Budgets' ./infra/tracker

fuzz: ## Run every fuzz test for FUZZTIME=10s
	@grep -rnoE --include='*_test.go' --exclude-dir=testdata --exclude-dir=node_modules '^func Fuzz\w+' $(SOURCE) | while IFS=: read -r file _ name; do \
	  echo "$${name#func } in $$file"; \
	  go test -run='^$$' -fuzz="^$${name#func }$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=20x "./$$(dirname "$$file")" || exit 1; done

bench: duckdb ## Measure collect and process per event against a floor, and analyses of 100,000 persons beside DuckDB
	go test -run='^$$' -bench=. -benchmem -count=5 $(BENCH)
	go run ./tests/bench/asking -duckdb .venv-duckdb/bin/python

sim: ## Run N=10000 random schedules of all handlers under faults against the oracle, or SEED=… alone, explained
	WAYMARK_SIM_N=$(N) WAYMARK_SIM_SEED=$(SEED) go test -count=1 -timeout=0 -v -run='TestSchedules' ./tests/sim/...

e2e: emulators ## Drive the running system from outside: real binaries, real HTTP
	go test -count=1 -timeout=60m ./tests/e2e/...

sam: build emulators ## The real SAM CLI on the same template: validate, build, invoke every event, start-api
	infra/sam/sam.sh

audit: ## Look for unreachable code and for known holes in modules (needs the network)
	$(TOOL) deadcode -test ./...
	$(TOOL) govulncheck ./...

emulators: $(EMULATORS) ## Install the local DynamoDB and SQS (npm ci)

$(EMULATORS): infra/emulators/package.json infra/emulators/package-lock.json
	cd infra/emulators && npm ci --ignore-scripts --loglevel=error
	@node -p "require('crypto').createHash('sha256').update(require('fs').readFileSync('infra/emulators/package-lock.json')).digest('hex')" >$@

duckdb: .venv-duckdb/.installed ## Install DuckDB for the test of docs/steps.md (pip, 70 MB)

.venv-duckdb/.installed: Makefile
	python3 -m venv .venv-duckdb
	.venv-duckdb/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.1
	@touch $@

protocols: emulators ## Drive the running system with the published clients of other systems
	tests/protocols/install.sh
	go test -count=1 -timeout=20m ./tests/protocols

websites: chromium ## Install what the tests of pages, examples and recipes need: npm packages and nginx (apt-get, not installed)
	tests/websites/install.sh

chromium: ## Install Chromium for the tests of the tracker (apt-get, as root)
	@command -v chromium >/dev/null || { apt-get update -q && apt-get install -y -q --no-install-recommends chromium; }

languages: ## Install Ruby and PHP for the programs of docs/signed-users.md (apt-get, as root)
	@command -v ruby >/dev/null && command -v php >/dev/null || { apt-get update -q && apt-get install -y -q --no-install-recommends ruby php-cli; }

contract: .venv-contract/.installed ## Ask the system what docs/openapi.yaml allows and forbids, with schemathesis: SEED=…
	WAYMARK_CONTRACT_SEED=$(SEED) go test -count=1 -tags=contract -v ./tests/contract

.venv-contract/.installed: Makefile
	python3 -m venv .venv-contract
	.venv-contract/bin/pip install --quiet --disable-pip-version-check schemathesis==4.32.5 hypothesis==6.170.17
	@touch $@

.PHONY: clients
clients: emulators ## Drive the running system with the published clients: WAYMARK_LONG=1 runs the slow ones too
	tests/clients/install.sh
	go test -count=1 -timeout=20m ./tests/clients

clean: ## Remove what was built; keeps the data in .waymark
	rm -rf .build .aws-sam
	go clean -testcache

.PHONY: FORCE help run test long trust check lint format build demo cost golden tracker fuzz bench sim e2e sam audit abuse emulators duckdb chromium languages websites protocols contract clean
