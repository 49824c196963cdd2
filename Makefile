# Every verb is one line; what needs more is in xtask/. Verbs run in the order they are written.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup build wasm demo test test-unit test-wasm integration golden lint fmt deny \
        cosign-test compose-test kubernetes-test up down images images-test bench bench-profile fuzz clean \
        tools-to-run tools-to-build tools-to-test

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

test: setup lint build test-unit test-wasm compose-test images-test integration kubernetes-test ## Everything that CI runs

test-unit: tools-to-run build ## Unit, case and golden tests, natively
	cargo test --workspace --exclude integration

test-wasm: setup ## The filter libraries' unit tests as wasm, under node
	cargo xtask test-wasm

integration: tools-to-run tools-to-test build ## The tests through a real Envoy
	cargo test --package integration --tests

cosign-test: tools-to-test build ## Signatures to and from a real cosign, which takes minutes to build
	cargo xtask setup cosign
	cargo test --package integration --test cosign

kubernetes-test: tools-to-run tools-to-test build ## The tests of headgate deploy, against a real Kubernetes API server
	cargo xtask setup kubernetes
	cargo test --package integration --test kubernetes

golden: tools-to-run wasm ## Rewrite what the golden tests compare with
	UPDATE_GOLDENS=1 cargo test --package envoy-render --test goldens
	UPDATE_GOLDENS=1 cargo test --package headgate --test deploy

lint: setup ## Formatting, clippy (native and wasm), licences of the dependencies
	cargo xtask lint

fmt: ## Format the code
	cargo fmt --all

deny: setup ## Check the dependencies' licences, sources and bans (deny.toml)
	cargo xtask deny

compose-test: build ## Bring docker-compose.yml up and send requests through it
	cargo xtask compose-test

up: build ## Start docker-compose.yml in the background; LIMITS=1 with a rate-limit service
	cargo xtask compose up $(if $(LIMITS),--limits)

down: ## Stop it and remove its containers
	cargo xtask compose down

images: tools-to-run wasm ## Build the container images of the gateway and of headgate; BASE, REPOSITORY and TAG change them
	cargo xtask images $(if $(BASE),--base $(BASE)) $(if $(REPOSITORY),--repository $(REPOSITORY)) $(if $(TAG),--tag $(TAG))

images-test: tools-to-run wasm ## Build the images, run them as a cluster would, and look into them
	cargo xtask images-test

bench: tools-to-run wasm ## Measure everything side by side; the table goes into benchmarks/README.md
	cargo build --release --package headgate
	cargo run --release --package benchmarks -- table --markdown benchmarks/README.md --json benchmarks/results.json

bench-profile: tools-to-run ## CPU time a request of the pipeline, built for speed and for size
	CARGO_PROFILE_WASM_OPT_LEVEL=s cargo xtask wasm && cp target/modules/gateway.wasm target/gateway-s.wasm
	CARGO_PROFILE_WASM_OPT_LEVEL=3 cargo xtask wasm && cp target/modules/gateway.wasm target/gateway-3.wasm
	cargo run --release --package benchmarks -- builds 3=target/gateway-3.wasm s=target/gateway-s.wasm

fuzz: ## Fuzz the pipeline, tokens, limits and documents, for a bounded time each
	cargo xtask fuzz

clean: ## Remove what was built; .tools/ stays
	cargo clean

tools-to-build:
	cargo xtask setup wasm-target

tools-to-run:
	cargo xtask setup envoy

tools-to-test:
	cargo xtask setup images rate-limits
