// Package faults runs sessions under load through toxiproxy, which does to their connections what networks do, at
// random times: latency, little bandwidth, pieces, cuts, resets, links that are up and carry nothing. Then it
// audits the books: each accepted request by its number, each message to the ESME, goroutines, heap.
//
//	FAULT_TIME=1h FAULT_SEED=1 go test ./...
package faults
