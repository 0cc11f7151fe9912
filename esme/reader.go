package esme

import (
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// read is the reader: one big read, many PDUs, decoded in place. Responses resolve the window before
// it reads on; requests wait in the inbox, and it waits for no handler.
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
	used, need, lost := c.decode(have, s.cfg.MaxPDUSize)
	s.mu.Lock()
	s.feed(c)
	if lost != nil {
		s.m.ParseError(time.Now(), lost)
	}
	borrows := s.inbox.borrows
	s.collect()
	size := max(need, smallChunk)
	if have > len(c.buf)/2 {
		size = max(need, largeChunk) // it was filled: there is more where that came from
	}
	borrowed := s.inbox.borrows > borrows
	quiet := len(c.buf) > size && have <= smallChunk/2 // a large one for little: the burst is over
	if next = c; borrowed || quiet || size > len(c.buf) {
		next = newChunk(size)
	}
	left = copy(next.buf, c.buf[used:have])
	switch {
	case borrowed:
		s.handOver(c) // from here on it is the owner's
	case next == c:
		c.reset()
	default:
		c.release()
	}
	b := s.due()
	full := s.m.OutputLen() > s.cfg.Backlog
	s.mu.Unlock()
	s.transmit(b)
	if full {
		s.waitForPeer()
	}
	return next, left, lost == nil
}

// feed gives the machine what c holds.
func (s *Session) feed(c *chunk) {
	now := time.Now()
	bad := c.bad
	for i := range c.pdus {
		s.m.Busy(s.inbox.unread+i*perPDU > s.cfg.Backlog)
		p := &c.pdus[i]
		if len(bad) == 0 || bad[0].at != i {
			s.m.Received(now, p)
			continue
		}
		s.m.Unparsed(now, p, bad[0].err)
		bad = bad[1:]
	}
}

// handOver leaves c to the owner, who releases it when all before it is handled.
func (s *Session) handOver(c *chunk) {
	s.inbox.unread += c.memory()
	s.inbox.items = append(s.inbox.items, item{free: c})
	wake(s.wakeOwner)
}

// waitForPeer stops the reading of a session whose peer does not read: its requests, whose answers it does not
// fetch, would fill the memory. It is the peer that holds up its own responses then, and the limits go on.
func (s *Session) waitForPeer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.m.OutputLen() > s.cfg.Backlog && !s.m.Done() && !s.ended {
		s.resume.Wait()
	}
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
