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
	bad  []unreadable // which of them could not be decoded
}

type unreadable struct {
	at  int
	err error
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
func (c *chunk) reset() { c.pdus, c.bad = c.pdus[:0], nil }

// decode decodes the whole PDUs in the first have octets. It returns how many octets they are, how many the next one
// needs (0: not known yet), and the error that the stream cannot be cut any further, if there is one.
func (c *chunk) decode(have, maxSize int) (used, need int, lost error) {
	for {
		n, err := pdu.FrameLength(c.buf[used:have], maxSize)
		if err != nil || n == 0 || n > have-used {
			return used, n, err
		}
		if len(c.pdus) < cap(c.pdus) {
			c.pdus = c.pdus[:len(c.pdus)+1]
		} else {
			c.pdus = append(c.pdus, pdu.PDU{})
		}
		last := len(c.pdus) - 1
		if err := c.pdus[last].Decode(c.buf[used : used+n]); err != nil {
			c.bad = append(c.bad, unreadable{last, err})
		}
		used += n
	}
}

// memory is what the chunk holds until the owner has released it.
func (c *chunk) memory() int { return len(c.buf) + perPDU*len(c.pdus) }
