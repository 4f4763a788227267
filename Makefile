# What a developer types. `make` alone lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/transom

# One folder for all builds, outside the checkout: clones and branches share what is compiled.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/transom-target
# Programs that `scripts/setup` installed because the system's are missing or too old.
export PATH := $(CACHE)/bin:$(PATH)
# Python must not leave compiled files in the checkout.
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: ## talk to a real model through Transom (PORT=… changes the port)
	@demo/run

# Every answer that a test gets is written down there, and held against OpenAI's API description at the end.
EXCHANGES := $(CARGO_TARGET_DIR)/exchanges

.PHONY: test
test: export TRANSOM_EXCHANGES := $(EXCHANGES)
test: setup no-exchanges lint doc rust-test ## everything: set-up, lints, documentation, all tests, official clients
	@TRANSOM_BIN="$$CARGO_TARGET_DIR/debug/transom" e2e/run
	@e2e/validate "$(EXCHANGES)"

.PHONY: no-exchanges
no-exchanges:
	@rm -rf "$(EXCHANGES)" && mkdir -p "$(EXCHANGES)"

.PHONY: setup
setup: ## install what the tests need, or say what is missing
	@scripts/setup

.PHONY: fmt
fmt: ## format the code
	cargo fmt --all

.PHONY: lint
lint: ## formatting and clippy, warnings are errors
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

.PHONY: doc
doc: ## build the code's documentation, warnings are errors
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked

.PHONY: rust-test
rust-test: ## the Rust tests alone (with cargo-nextest where it is installed)
	@if cargo nextest --version > /dev/null 2>&1; then \
	  cargo nextest run --workspace --locked; \
	  cargo test --workspace --doc --locked; \
	else \
	  cargo test --workspace --locked; \
	fi

.PHONY: soak
soak: ## the fault and fleet tests with their full counts (minutes; needs cargo-nextest)
	TRANSOM_SOAK=1 cargo nextest run -p transom --test faults --test fleet --profile soak --locked --no-capture

.PHONY: docs
docs: ## write docs/reference/ anew from the code
	UPDATE_DOCS=1 cargo test -p transom --test it --locked docs::

.PHONY: e2e
e2e: ## the official OpenAI clients against a real llama.cpp server
	@e2e/run

.PHONY: e2e-clients
e2e-clients: ## Codex CLI, agent frameworks and AI SDKs against Transom (installs about 700 MB once)
	@e2e/clients

.PHONY: e2e-vllm
e2e-vllm: ## the same against real vLLM on the CPU (installs about 6 GB once)
	@e2e/vllm

.PHONY: bench
bench: ## measure the release program on loopback, the protocol code and the choice (BENCH=… are options)
	cargo build --release --locked -p transom -p transom-bench
	"$$CARGO_TARGET_DIR/release/transom-bench" $(BENCH)
	cargo bench -p transom-wire --locked
	cargo bench -p transom-routing --locked
	cargo bench -p transom-engine --locked
