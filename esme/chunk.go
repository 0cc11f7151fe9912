package esme

import (
	"sync"

	"github.com/esmehost/esmehost/pdu"
)

// An idle session reads into a small buffer; one that fills it is under load and gets a large one.
const (
	smallChunk = 2 << 10
	largeChunk = 64 << 10
)

// chunk is a read buffer with the PDUs that were decoded in place in it. It goes back to its pool
// when all of them are handled.
type chunk struct {
	buf  []byte
	pdus []pdu.PDU
}

var (
	smallChunks = sync.Pool{New: func() any { return &chunk{buf: make([]byte, smallChunk)} }}
	largeChunks = sync.Pool{New: func() any { return &chunk{buf: make([]byte, largeChunk)} }}
)

// newChunk returns a chunk of at least size octets.
func newChunk(size int) *chunk {
	switch {
	case size <= smallChunk:
		return smallChunks.Get().(*chunk)
	case size <= largeChunk:
		return largeChunks.Get().(*chunk)
	}
	return &chunk{buf: make([]byte, size)}
}

func (c *chunk) release() {
	c.reset()
	switch len(c.buf) {
	case smallChunk:
		smallChunks.Put(c)
	case largeChunk:
		largeChunks.Put(c)
	}
}

// reset forgets the PDUs; their slots are used again.
func (c *chunk) reset() { c.pdus = c.pdus[:0] }

// next returns a PDU that lives as long as the chunk. A slice that grows leaves the older ones where
// they are, so pointers to them stay good.
func (c *chunk) next() *pdu.PDU {
	if len(c.pdus) < cap(c.pdus) {
		c.pdus = c.pdus[:len(c.pdus)+1]
	} else {
		c.pdus = append(c.pdus, pdu.PDU{})
	}
	return &c.pdus[len(c.pdus)-1]
}
