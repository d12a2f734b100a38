# make demo and make test are each all that a fresh Debian or Ubuntu machine with
# Go and make needs: what is missing is installed first.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The build stamps the version itself, so that it works without git too.
RELEASE := $(shell git describe --tags --always --dirty 2>/dev/null || true)
LDFLAGS := -s -w $(if $(RELEASE),-X main.release=$(RELEASE))
export GOFLAGS += -buildvcs=false

FUZZTIME  ?= 3s
BENCHTIME ?= 1s

# What holds no cgo and reaches no process, file lock or token: it builds for the
# browser and runs under the race detector.
PURE := ./ast/... ./grammar/... ./check/... ./plan/... ./docs/... ./exec ./exec/model ./exec/prove ./exec/batch ./cmd/playground \
	$(if $(wildcard lsp/*.go),./lsp/...)

GOFILES := $(wildcard *.go) $(filter-out bin/ build/ editors/ testdata/,$(wildcard */))

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what is missing (Debian, Ubuntu)
	@.ci/setup

.PHONY: build
build: ## bin/inscribe, and bin/inscribe-static without cgo (no PKCS#11)
	@CGO_ENABLED=1 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/inscribe ./cmd/inscribe
	@CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/inscribe-static ./cmd/inscribe

PLAYGROUND := build/playground

# In a page it is the load that is felt: without inlining the program is a sixth
# smaller, and the older collector, as long as Go has it, takes less room.
.PHONY: playground
playground: ## build/playground/index.html: Inscribe in a page, no server
	@.ci/setup-browser
	@cd docs/playground && cmp -s package-lock.json node_modules/.inscribe || \
		{ npm ci --no-audit --no-fund --loglevel=error >/dev/null && cp package-lock.json node_modules/.inscribe; }
	@mkdir -p $(PLAYGROUND)
	@collector=nogreenteagc; GOEXPERIMENT=$$collector go version >/dev/null 2>&1 || collector=; \
	GOEXPERIMENT=$$collector GOOS=js GOARCH=wasm CGO_ENABLED=0 go build -trimpath -gcflags=all=-l -ldflags '$(LDFLAGS)' -o $(PLAYGROUND)/inscribe.wasm ./cmd/playground
	@PATH="$${XDG_CACHE_HOME:-$$HOME/.cache}/inscribe/browser/node_modules/.bin:$$PATH" node docs/playground/build.mjs $(PLAYGROUND)/inscribe.wasm $(PLAYGROUND)

.PHONY: test-playground
test-playground: playground ## the playground in Chromium
	@.ci/test-playground

.PHONY: demo
demo: setup ## a description from the file to two tokens, each step checked
	@$(MAKE) build
	@docs/demo/run.sh

.PHONY: demo-card
demo-card: setup ## the same on an emulated smart card with a signature slot (root)
	@$(MAKE) build
	@CGO_ENABLED=0 go build -trimpath -o bin/vcard ./cmd/vcard
	@docs/demo/card.sh

.PHONY: test
test: setup ## everything: lint, all platforms, tests, races, a short fuzz, VS Code, the playground
	@$(MAKE) lint cross unit race fuzz bench-builds test-editors
	@TIMED=0 $(MAKE) test-playground
	@echo 'make test: all is well'

.PHONY: lint
lint: ## gofmt and go vet
	@echo '== gofmt, go vet'
	@unformatted=$$(gofmt -l $(GOFILES)); \
	if [[ -n $$unformatted ]]; then echo "not gofmt'ed:" $$unformatted >&2; exit 1; fi
	@go vet ./...

.PHONY: cross
cross:
	@echo '== builds without cgo: this platform, Windows, macOS, the browser'
	@CGO_ENABLED=0 go build ./...
	@CGO_ENABLED=0 GOOS=windows GOARCH=amd64 go build ./...
	@CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 go build ./...
	@CGO_ENABLED=0 GOOS=js GOARCH=wasm go build $(PURE)
	@echo '== the same plans, byte for byte, on 32 bit and on arm64' # emulated: not every kernel runs 32 bit
	@CGO_ENABLED=0 GOARCH=arm go test -exec qemu-arm-static ./ast/... ./grammar ./check ./plan
	@CGO_ENABLED=0 GOARCH=arm64 go test -exec qemu-aarch64-static ./check ./plan

.PHONY: unit
unit:
	@echo '== tests'
	@go test -timeout 40m -parallel $$((2 * $$(nproc))) ./... # many tests wait for a card; a slow machine needs more than go test's ten minutes
	@echo '== the stub without cgo'
	@CGO_ENABLED=0 go test ./exec/pkcs11

.PHONY: race
race:
	@echo '== races'
	@CGO_ENABLED=1 go test -race $(PURE)
	@CGO_ENABLED=1 go test -race -run TestConcurrentCallsTakeTurns ./exec/host

# All of it, a part by chance (SHARE=0.1), or one of the parts that make the whole (SHARE=3/8).
SHARE ?= 1

# The tests print their table where they are run in their own folder.
.PHONY: torture
torture: setup ## kill and answer with each error at each call; some hours over the number of cores (SHARE=0.1, SHARE=3/8)
	@cd cmd/inscribe && INSCRIBE_TORTURE=$(SHARE) go test -count=1 -timeout 0 -parallel $$((2 * $$(nproc))) \
		-run '^(TestTorture|TestKilled|TestTwoAtOnce|TestDiskFillsUp|TestReadOnlyState|TestTornJournal|TestCardPulled)'

.PHONY: mutate
mutate: setup ## break the lowering of each op in turn; the tests must see it
	@.ci/mutate-plan

.PHONY: test-editors
test-editors: setup ## a session of VS Code with the extension, in Chromium
	@echo '== VS Code'
	@.ci/test-editors

# Go before 1.27 may report the end of the time as a failure when the machine is busy
# (go.dev/issue/75804). Such a run found nothing, and is made again.
.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME (3s)
	@echo '== fuzz, $(FUZZTIME) each'
	@for package in $$(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			for try in 1 2 3; do \
				go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package >fuzz.out 2>&1 && break; \
				if ((try == 3)) || ! grep -qx ' *context deadline exceeded' fuzz.out || grep -q 'Failing input' fuzz.out; then cat fuzz.out; exit 1; fi; \
			done; \
		done; \
	done; rm -f fuzz.out

.PHONY: bench-builds
bench-builds:
	@echo '== bench'
	@cd bench && go vet -mod=mod ./... && go test -mod=mod ./...

# The language server that ours is measured against comes by npm, into a folder
# that git ignores.
PEER := bench/.peers/node_modules/yaml-language-server/package.json
$(PEER):
	@command -v npm >/dev/null || { echo 'make bench: there is no npm, by which yaml-language-server comes; install it (Debian: npm) and try again' >&2; exit 1; }
	@npm install --silent --no-audit --no-fund --prefix bench/.peers yaml-language-server@1.25.0 >&2

.PHONY: bench
bench: setup $(PEER) ## ratios against named peers, in one run
	@compgen -G '/usr/lib/*/engines-3/pkcs11.so' >/dev/null || .ci/apt libengine-pkcs11-openssl
	@cd bench && go test -mod=mod -run '^$$' -bench . -benchtime $(BENCHTIME) -benchmem ./... | go run -mod=mod ./table

.PHONY: fmt
fmt: ## gofmt
	@gofmt -w $(GOFILES)

.PHONY: clean
clean: ## remove what was built
	@rm -rf bin build
