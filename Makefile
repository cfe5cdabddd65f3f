# Thin: every target calls cmake, ctest or a script of tools/.   make help
BUILD ?= release
export PATH := $(PATH):/usr/local/go/bin
JOBS ?= $(shell nproc)

.PHONY: all setup run test unit e2e asan tsan format lint bench micro fuzz conformance install clean help

all: build/gwanmun                       ## build the release binary at build/gwanmun

build/gwanmun: FORCE | setup
	@cmake --preset $(BUILD) >/dev/null || cmake --preset $(BUILD)
	@cmake --build build/$(BUILD) --target gwanmun -j $(JOBS)
	@ln -sf $(BUILD)/src/cli/gwanmun build/gwanmun
FORCE:

setup:                                   ## install what the build needs (Debian 12), once
	@tools/setup

run: all                                 ## serve examples/quickstart and print what to try
	@tools/run-quickstart

test: all unit e2e                       ## unit, golden and end-to-end tests

unit: | setup                            ## unit and golden tests (PRESET=debug|asan|tsan)
	@cmake --preset $(or $(PRESET),debug) >/dev/null
	@cmake --build build/$(or $(PRESET),debug) -j $(JOBS)
	@ctest --test-dir build/$(or $(PRESET),debug) --output-on-failure -j $(JOBS)
	@tools/check-includes

e2e: all                                 ## end-to-end tests against the release binary (GWANMUN=path for another)
	@tools/run-e2e $(E2E)

golden:                                  ## rewrite the golden files; the diff is the review
	@cmake --build build/debug -j $(JOBS) && GWANMUN_REWRITE_GOLDEN=1 ctest --test-dir build/debug -j $(JOBS) || true
	@git diff --stat

asan tsan: | setup                       ## unit and end-to-end tests under a sanitizer
	@$(MAKE) unit PRESET=$@
	@GWANMUN=build/$@/src/cli/gwanmun tools/run-e2e $(E2E)

format:                                  ## clang-format everything
	@git ls-files '*.cc' '*.h' | xargs clang-format-19 -i

lint:                                    ## formatting, clang-tidy, file and function sizes
	@tools/lint

bench: all                               ## load benchmark beside nginx and HAProxy; result in bench/results
	@bench/load/run $(BENCH)

micro: | setup                           ## micro benchmarks
	@cmake --preset bench >/dev/null && cmake --build build/bench -j $(JOBS) && bench/micro/run

fuzz: | setup                            ## each fuzzer for SECONDS=60
	@tools/fuzz $(or $(SECONDS),60)

conformance:                             ## the official suite against a real API server
	@echo "make conformance: needs the Kubernetes controller, which this version does not have yet" >&2; exit 2

clean:
	rm -rf build

help:
	@grep -hE '^[a-z ]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 16
