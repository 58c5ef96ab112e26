# Vega's commands. Each does its own set-up on a machine with Rust, Node and Python.
#   make run     build (quick to build, fast enough to scan) and serve on http://127.0.0.1:8000
#   make test    every test with fixed seeds
#   make check   what CI runs: format, lints, docs, tests, generated requests, unused dependencies
#   make soak    the long versions of the crash tests and fuzzing
#   make bench   release build; every ratio side by side, written to docs/benchmarks.md
#   make docs    writes the generated reference pages anew

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
CARGO ?= cargo
export RUST_BACKTRACE ?= 0

.PHONY: help setup setup-bench run test check schemathesis fmt lint rustdoc machete soak bench docs

help:
	@sed -n '2,7s/^#   //p' Makefile

setup:
	@scripts/setup git curl python3

setup-bench: setup
	@scripts/setup bsdtar zip

run: setup
	$(CARGO) build --profile quick --bin vega
	exec $${CARGO_TARGET_DIR:-target}/quick/vega serve

test: setup
	scripts/test

fmt:
	$(CARGO) fmt --check

lint:
	$(CARGO) clippy --all-targets -- -D warnings

rustdoc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps

machete: setup
	scripts/machete

# Generated requests against the served API; the time is in seconds.
SCHEMATHESIS_SECONDS ?= 60
schemathesis: setup
	@scripts/setup python3-venv
	$(CARGO) build --bin vega
	scripts/schemathesis $(SCHEMATHESIS_SECONDS)

check: fmt lint rustdoc test schemathesis machete

# Built as `make run` is: programs that start hundreds of times with much history need it.
soak: setup
	NEXTEST_PROFILE=soak VEGA_TEST_KILLS=200 PROPTEST_CASES=20000 scripts/test quick
	$(MAKE) schemathesis SCHEMATHESIS_SECONDS=600

bench: setup-bench
	scripts/bench

docs:
	$(CARGO) build --bin vega
	scripts/reference-pages
