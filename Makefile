# Everything that is done with this repository. `make` lists it.

GO      ?= go
GOFLAGS ?= -buildvcs=false
export GOFLAGS
SHELL   := bash
.SHELLFLAGS := -eu -o pipefail -c

BUILDER := $(GO) run go.opentelemetry.io/collector/cmd/builder@v0.149.0
TOOL    := $(GO) tool -modfile=tools/go.mod
PKGS    := ./...
SOURCES  = $(shell find . -name '*.go' -not -path './dist/*' -not -path './out/*') go.mod go.sum

.PHONY: help build demo demo-live evaluate evaluate-quick accuracy test check race e2e test-ocb build-full cover golden fuzz bench bench-torch bench-micro fmt fmt-check lint generate generate-check tidy-check newest clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

##-- the product ------------------------------------------------------------

build: dist/otelcol-sage dist/sage ## build dist/otelcol-sage, the Collector, and dist/sage, its tools

dist/otelcol-sage: builder-config.yaml $(SOURCES)
	@echo "==> building the Collector with ocb (a few minutes the first time)"
	mkdir -p dist
	$(BUILDER) --config builder-config.yaml
	cp dist/src/otelcol-sage $@

dist/sage: $(SOURCES)
	@echo "==> building sage"
	$(GO) build -o $@ ./cmd/sage

build-full: ## build dist/otelcol-sage-full, with the Kubernetes and Prometheus components
	@echo "==> building the full Collector with ocb (long: Kubernetes, Prometheus and cloud libraries)"
	mkdir -p dist
	$(BUILDER) --config config/builder-full.yaml
	cp dist/src-full/otelcol-sage-full dist/otelcol-sage-full

##-- the main job -----------------------------------------------------------

demo: build ## replay a recording of a real application with a fault, and print the root cause
	./dist/sage demo

dist/hotrod: testdata/hotrod/go.mod testdata/hotrod/go.sum
	@echo "==> building HotROD, the application under test"
	$(GO) build -C testdata/hotrod -o ../../dist/hotrod github.com/jaegertracing/jaeger/examples/hotrod

demo-live: build dist/hotrod ## the same with the application running
	./dist/sage demo --live

e2e: build dist/hotrod ## real faults in a real application, end to end through the built Collector
	$(GO) test -C e2e/suite -tags e2e -count=1 -v -timeout 25m .
	$(GO) test ./e2e/fleet -tags e2e -count=1 -v -run TestBuilt -timeout 5m
	$(GO) test -C e2e/kafka -count=1 -timeout 10m .

##-- tests ------------------------------------------------------------------

test: ## run the tests
	@echo "==> go test"
	$(GO) test $(PKGS)

race: ## run the tests with the race detector
	@echo "==> go test -race"
	$(GO) test -race -short $(PKGS)

test-ocb: ## build the processor into a Collector of a user's own, as README.md says
	$(GO) test -tags ocb -count=1 -v -timeout 15m ./processor/rootcauseprocessor -run TestOCB

cover: ## print the coverage by package
	$(GO) test -cover $(PKGS)

golden: ## rewrite the golden files; read the diff
	UPDATE=1 $(GO) test ./internal/... ./cmd/... ./processor/...

FUZZTIME ?= 10s
fuzz: ## run every fuzz target for FUZZTIME (10s)
	@for p in $$($(GO) list ./internal/... ); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	    echo "==> $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p; \
	  done; \
	done

bench: dist/otelcol-sage bench-torch ## what Sage costs beside what else there is, into out/bench.json and out/bench.md (some 5 minutes; DATA=dir... names recordings)
	@mkdir -p out
	$(GO) run -C bench . -out $(CURDIR)/out $(addprefix -data ,$(abspath $(DATA))) $(BENCHFLAGS)

# PyTorch, which a training step is compared with, and a BLAS that is not the reference.
bench-torch:
	@python3 -c 'import torch' 2>/dev/null || /usr/bin/python3 -c 'import torch' 2>/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "==> installing PyTorch" && \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-torch libopenblas0-pthread >/dev/null; } || \
	  echo "==> no PyTorch here, and it cannot be installed: that comparison is skipped"

bench-micro: ## run the benchmarks of the packages
	$(GO) test -run '^$$' -bench . -benchmem ./internal/...

##-- how good the verdicts are ------------------------------------------------

# Recordings of real systems, in the layout of Nezha or PetShop; several may be named.
DATA ?= $(wildcard ../shared/data)
FLOORS := internal/evaluate/floor/floors.json

evaluate: dist/sage ## every table about the verdicts, into out/ (about 30 minutes on 2 cores; DATA=dir... names recordings)
	./dist/sage evaluate $(addprefix --data ,$(DATA)) --out out

evaluate-quick: dist/sage ## the fixed part of it that CI holds against its floors
	./dist/sage evaluate --quick --floors $(FLOORS) --out out/quick

accuracy: dist/sage ## write docs/accuracy.md from the last make evaluate
	./dist/sage evaluate --from out/evaluate.json --accuracy docs/accuracy.md --out out

##-- checks -----------------------------------------------------------------

check: tidy-check fmt-check generate-check lint test race ## everything that must hold before a change lands

tidy-check:
	@echo "==> go mod tidy"
	$(GO) mod tidy -diff
	$(GO) vet -tags ocb $(PKGS)

fmt: ## format the code
	$(TOOL) gofumpt -w $$(git ls-files '*.go' | grep -v '/generated_')

fmt-check:
	@echo "==> gofumpt"
	@out="$$($(TOOL) gofumpt -l $$(git ls-files '*.go' | grep -v '/generated_'))"; [ -z "$$out" ] || { echo "not formatted, run make fmt:"; echo "$$out"; exit 1; }

generate: ## regenerate what metadata.yaml describes
	$(GO) generate ./processor/... ./connector/... ./exporter/...

generate-check:
	@echo "==> mdatagen"
	@$(GO) generate ./processor/... ./connector/... ./exporter/...
	@git diff --exit-code -- processor connector exporter || { echo "generated files differ: commit what make generate writes"; exit 1; }

lint: ## run the linters (built from source the first time: about 4 minutes)
	@echo "==> golangci-lint"
	$(TOOL) golangci-lint run

newest: ## compile against the newest Collector that is known to work
	@echo "==> compiling against Collector v1.70.0/v0.164.0"
	./tools/newest.sh

clean: ## remove what was built
	rm -rf dist out
