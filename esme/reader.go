package esme

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// read is the reader: one big read, many PDUs, decoded in place. Responses resolve the window before
// it reads on; requests wait in the inbox. It reports true when the other goroutine reads in its place now, false when
// there is nothing more to read.
func (s *Session) read(me int) bool {
	in := &s.roles.in
	for {
		n, err := s.conn.Read(in.chunk.buf[in.have:])
		if n > 0 {
			in.have += n
			inline, ok := s.consume(in)
			switch {
			case !ok:
				s.discard(in.chunk)
				return false
			case inline && s.runCallbacks():
				return false
			case inline && !s.stillReads(me):
				return true
			}
		}
		if err != nil {
			in.chunk.release()
			s.readEnded(err, in.have)
			return false
		}
		s.waitForPeer()
	}
}

func (s *Session) stillReads(me int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.roles.reader == me
}

func (s *Session) readEnded(err error, have int) {
	s.do(func(now time.Time) {
		// An end of TLS without close_notify says no more than a FIN does.
		eof := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		switch {
		case eof && s.m.writeErr != nil && !errors.Is(s.m.writeErr, syscall.EPIPE):
			// The write has got the reset; what is left for the reader looks like a FIN. After a real one it is EPIPE.
			s.m.Lost(now, Reason{Kind: KindSocketError, Detail: s.m.writeErr.Error()})
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

// consume gives the machine the whole PDUs that were read, and leaves what is left over at the start of the chunk to
// read into next. It makes the caller the owner if there is something to do (inline), and reports false (ok) when framing
// is lost.
func (s *Session) consume(in *reading) (inline, ok bool) {
	c, have := in.chunk, in.have
	used, need, lost := c.decode(have, s.cfg.MaxPDUSize)
	s.mu.Lock()
	borrows := s.inbox.borrows
	s.consuming = true
	s.feed(c)
	if lost != nil {
		s.m.ParseError(time.Now(), lost)
	}
	s.collect()
	s.consuming = false
	size := max(need, smallChunk)
	if have > len(c.buf)/2 {
		size = max(need, largeChunk) // it was filled: there is more where that came from
	}
	borrowed := s.inbox.borrows > borrows
	quiet := len(c.buf) > size && have <= smallChunk/2 // a large one for little: the burst is over
	next := c
	if borrowed || quiet || size > len(c.buf) {
		next = newChunk(size)
	}
	in.have = copy(next.buf, c.buf[used:have])
	in.chunk = next
	switch {
	case borrowed:
		s.handOver(c) // from here on it is the owner's
	case next == c:
		c.reset()
	default:
		c.release()
	}
	if lost != nil {
		s.wakeOwner() // there is still the rest to read
	} else {
		inline = s.runInline()
	}
	var b []byte
	if !inline {
		b = s.due()
	}
	s.mu.Unlock()
	s.transmit(b)
	return inline, lost == nil
}

// feed gives the machine what c holds.
func (s *Session) feed(c *chunk) {
	now := time.Now()
	bad := c.bad
	for i := range c.pdus {
		s.m.Busy(s.inbox.unread+i*perPDU > s.cfg.Backlog)
		if len(s.m.events) >= keepItems/2 {
			s.collect() // so that there is room for few
		}
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
}

// waitForPeer stops the reading of a session whose peer does not read: its requests, whose answers it does not
// fetch, would fill the memory. It is the peer that holds up its own responses then, and the limits go on. A write that
// broke or a close ends the wait: no more is answered then, and the reader has to learn how the transport ended.
func (s *Session) waitForPeer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.m.OutputLen() > s.cfg.Backlog && s.m.writeErr == nil && s.m.phase < closing && !s.ended {
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
