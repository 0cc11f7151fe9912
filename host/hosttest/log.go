// Package hosttest has what tests of hosts share: of this module's packages, and of programs that use them.
package hosttest

import (
	"bytes"
	"sync"
)

// Log takes what a host logs, and tells when it has grown: a test waits for a line without asking again and again. Any
// goroutine may use it.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

// NewLog returns an empty log.
func NewLog() *Log { return &Log{more: make(chan struct{}, 1)} }

// Write takes a line.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
	return l.text.Write(b)
}

// More is received from when there is more than at the last time. It is for one reader.
func (l *Log) More() <-chan struct{} { return l.more }

// String is the log so far.
func (l *Log) String() string { return l.From(0) }

// From is the log so far from an offset on, in octets.
func (l *Log) From(offset int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text.Bytes()[offset:])
}

// Len is how long the log is, in octets.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Len()
}
