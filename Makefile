# Every verb is one line; what needs more is in xtask/. Verbs run in the order they are written.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup build wasm demo test test-unit test-wasm integration golden lint fmt deny \
        compose-test up down bench bench-profile fuzz clean tools-to-run tools-to-build

help: ## List the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  \1\t/' | expand -t 18

setup: ## Install what build and tests need, into .tools/ (quick when all is there)
	cargo xtask setup

build: wasm ## Build the wasm modules and the headgate binary
	cargo build --package headgate

wasm: tools-to-build ## Build, check and place the wasm modules in target/modules/
	cargo xtask wasm

demo: tools-to-run build ## Show routed answers from two versions of a service, through Envoy
	cargo run --quiet --package integration --bin demo

test: setup lint build test-unit test-wasm compose-test integration ## Everything that CI runs

test-unit: tools-to-run build ## Unit, case and golden tests, natively
	cargo test --workspace --exclude integration

test-wasm: setup ## The filter libraries' unit tests as wasm, under node
	cargo xtask test-wasm

integration: tools-to-run build ## The tests through a real Envoy
	cargo test --package integration --tests

golden: tools-to-run wasm ## Rewrite what the golden tests compare with
	UPDATE_GOLDENS=1 cargo test --package envoy-render --test goldens

lint: setup ## Formatting, clippy (native and wasm), licences of the dependencies
	cargo xtask lint

fmt: ## Format the code
	cargo fmt --all

deny: setup ## Check the dependencies' licences, sources and bans (deny.toml)
	cargo xtask deny

compose-test: build ## Bring docker-compose.yml up and send requests through it
	cargo xtask compose-test

up: build ## Start docker-compose.yml in the background
	cargo xtask compose up

down: ## Stop it and remove its containers
	cargo xtask compose down

bench: tools-to-run wasm ## Measure everything side by side; the table goes into benchmarks/README.md
	cargo build --release --package headgate
	cargo run --release --package benchmarks -- table --markdown benchmarks/README.md --json benchmarks/results.json

bench-profile: tools-to-run ## CPU time a request of the pipeline, built for speed and for size
	CARGO_PROFILE_WASM_OPT_LEVEL=s cargo xtask wasm && cp target/modules/gateway.wasm target/gateway-s.wasm
	CARGO_PROFILE_WASM_OPT_LEVEL=3 cargo xtask wasm && cp target/modules/gateway.wasm target/gateway-3.wasm
	cargo run --release --package benchmarks -- builds 3=target/gateway-3.wasm s=target/gateway-s.wasm

fuzz: ## Fuzz the pipeline, tokens and documents, for a bounded time each
	cargo xtask fuzz

clean: ## Remove what was built; .tools/ stays
	cargo clean

tools-to-build:
	cargo xtask setup wasm-target

tools-to-run:
	cargo xtask setup envoy
