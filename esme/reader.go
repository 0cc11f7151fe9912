package esme

import (
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// read is the reader: one big read, many PDUs, decoded in place. Responses resolve the window before
// it reads on; requests wait in the inbox.
func (s *Session) read() {
	c := newChunk(smallChunk)
	have := 0 // octets of an incomplete PDU at the start of c.buf
	for {
		n, err := s.conn.Read(c.buf[have:])
		if n > 0 {
			have += n
			var ok bool
			if c, have, ok = s.consume(c, have); !ok {
				s.discard(c)
				return
			}
		}
		if err != nil {
			c.release()
			s.readEnded(err, have)
			return
		}
	}
}

func (s *Session) readEnded(err error, have int) {
	s.do(func(now time.Time) {
		// An end of TLS without close_notify says no more than a FIN does.
		eof := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		switch {
		case eof && have == 0:
			s.m.EndOfStream(now)
		case eof:
			s.m.note("the peer closed in the middle of a PDU: %d octets of it came", have)
			s.m.EndOfStream(now)
		case errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrDeadlineExceeded) && s.m.writeErr != nil:
			reason := Reason{Kind: KindSocketError, Detail: "closed"}
			if s.m.writeErr != nil {
				reason.Detail = s.m.writeErr.Error()
			}
			s.m.Lost(now, reason)
		default:
			s.m.Lost(now, Reason{Kind: KindSocketError, Detail: err.Error()})
		}
	})
}

// consume gives the machine the whole PDUs in the first have octets of c and returns the chunk to read
// into next, with the octets that are left over at its start. It reports false when framing is lost.
func (s *Session) consume(c *chunk, have int) (next *chunk, left int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	used, need := 0, 0
	for {
		n, err := pdu.FrameLength(c.buf[used:have], s.cfg.MaxPDUSize)
		if err != nil {
			s.m.ParseError(now, err)
			s.collect()
			s.handOver(c)
			return newChunk(smallChunk), 0, false
		}
		if n == 0 || n > have-used {
			need = n
			break
		}
		p := c.next()
		if err := p.Decode(c.buf[used : used+n]); err != nil {
			s.m.Unparsed(now, p, err)
		} else {
			s.m.Received(now, p)
		}
		used += n
	}
	size := max(need, smallChunk)
	if have > len(c.buf)/2 {
		size = max(need, largeChunk) // it was filled: there is more where that came from
	}
	before := len(s.inbox)
	s.collect()
	if len(s.inbox) == before && size <= len(c.buf) {
		// Nobody borrows from the chunk: go on in it.
		copy(c.buf, c.buf[used:have])
		c.reset()
		return c, have - used, true
	}
	next = newChunk(size)
	copy(next.buf, c.buf[used:have])
	s.handOver(c)
	s.waitForOwner()
	return next, have - used, true
}

// handOver leaves c to the owner, who releases it when all before it is handled.
func (s *Session) handOver(c *chunk) {
	s.unread += len(c.buf)
	s.inbox = append(s.inbox, item{free: c})
	wake(s.wakeOwner)
}

// waitForOwner stops the reading of a session whose handler is behind, or whose peer does not read.
func (s *Session) waitForOwner() {
	if s.unread <= maxUnread && s.m.OutputLen() <= maxUnread {
		return
	}
	s.m.Pause(time.Now())
	for (s.unread > maxUnread/2 || s.m.OutputLen() > maxUnread/2) && !s.m.Done() && !s.ended {
		s.resume.Wait()
	}
	s.m.Resume(time.Now())
	s.arm()
}

// discard reads the rest of a stream that makes no sense any more, so that closing the connection does
// not destroy what was written.
func (s *Session) discard(c *chunk) {
	defer c.release()
	for {
		if _, err := s.conn.Read(c.buf); err != nil {
			s.readEnded(err, 0)
			return
		}
	}
}
