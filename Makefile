.DEFAULT_GOAL := help
.PHONY: help build demo test race soak lint generate fuzz bench clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

build: ## build bin/esmehost
	go build -o bin/esmehost ./cmd/esmehost

demo: ## see scripted binds exchange messages with the simulator
	go run ./cmd/esmehost demo

test: ## run all tests; what needs npm, or Perl's Net::SMPP, is skipped with a word where that is missing
	@if command -v npm >/dev/null; then npm ci --prefix interop --no-audit --no-fund --ignore-scripts --silent; \
	else echo "npm is not installed: the tests against npm's smpp server will be skipped"; fi
	@perl -MNet::SMPP -e 1 2>/dev/null || echo "libnet-smpp-perl is not installed: the tests against Perl's Net::SMPP server will be skipped"
	go test ./...
	go -C bench test ./...
	go -C faults test ./...

race: ## run all tests under the race detector
	go test -race -timeout 30m ./...

soak: ## sessions under load through a network that fails, for an hour (FAULT_TIME=1h)
	FAULT_TIME=$${FAULT_TIME:-1h} go -C faults test -race -count=1 -timeout 0 -v ./...

lint: ## gofmt, go vet, staticcheck, generated files current
	@test -z "$$(gofmt -l .)" || { echo "not formatted:"; gofmt -l .; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	staticcheck=$$(go tool -n staticcheck) && for module in bench faults; do (cd $$module && go vet ./... && "$$staticcheck" ./...) || exit 1; done
	go generate ./... && git diff --exit-code -- '*_gen.go' docs/lua scripts/types

generate: ## write the generated files anew
	go generate ./...

fuzz: ## fuzz each target in turn, for an hour in all (FUZZTIME=30s: so long each)
	.ci/fuzz

bench: ## messages per second, CPU seconds per million, and other people's codecs in the same run
	go test -run '^$$' -bench . -benchtime 3s ./...
	go -C bench test -run '^$$' -bench . -benchtime 1s ./...

clean: ## remove what was built
	rm -rf bin interop/node_modules
