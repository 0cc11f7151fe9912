package esme

import (
	"crypto/tls"
	"time"
)

// due is what the caller is to write by transmit when it has given the lock back; nil if there is nothing, or it is
// another's to write: of who is at it already, of the writer, of the end of a batch. It is called with the lock held.
func (s *Session) due() []byte {
	if n := s.m.OutputLen(); s.batching && !s.urgent && n > 0 && n <= flushAt {
		s.flushSoon()
		return nil
	}
	return s.dueNow()
}

// dueNow is due without regard to a batch, now or as soon as the write that is under way has ended.
func (s *Session) dueNow() []byte {
	s.urgent = s.m.OutputLen() > 0
	switch {
	case s.m.OutputLen() == 0 || s.m.writing:
		return nil
	case s.direct == nil:
		wake(s.wakeWriter)
		return nil
	}
	return s.takeOutput()
}

func (s *Session) takeOutput() []byte {
	b := s.m.TakeOutput(s.spare)
	if b != nil {
		s.spare, s.urgent = nil, false
	}
	return b
}

// transmit writes b, and what has come meanwhile, as far as the transport takes it without waiting. The rest is the
// writer's.
func (s *Session) transmit(b []byte) {
	for b != nil {
		n, err := s.direct.write(b)
		s.mu.Lock()
		if err == nil && n < len(b) {
			s.rest, s.restFrom = b, n
			wake(s.wakeWriter)
			s.mu.Unlock()
			return
		}
		b = s.written(b, n, err)
		s.mu.Unlock()
	}
}

// written tells the machine what the transport took of b, and returns what is due next. It is called with the lock held.
func (s *Session) written(b []byte, n int, err error) []byte {
	if cap(b) <= largeChunk { // else a burst is over: its buffer is not kept
		s.spare = b
	}
	s.m.Written(time.Now(), n, err)
	if err != nil {
		// The reader learns how the transport ended; what it has got before still counts.
		s.conn.SetReadDeadline(time.Now().Add(lingerLimit))
	}
	s.resume.Signal()
	s.collect()
	return s.due()
}

// write is the writer: it writes what may have to wait for the transport, and closes the own side of it.
func (s *Session) write() {
	closed := false
	for {
		select {
		case <-s.wakeWriter:
		case <-s.done:
			return
		}
		s.mu.Lock()
		b, from := s.rest, s.restFrom
		s.rest, s.restFrom = nil, 0
		if b == nil && s.direct == nil {
			b = s.takeOutput()
		}
		half := s.half && !closed && b == nil
		s.mu.Unlock()
		switch {
		case b != nil:
			s.transmit(s.writeAll(b, from))
		case half:
			closed = true
			s.closeHalf()
		}
	}
}

// writeAll writes b from an offset on, as long as it takes, and returns what is due next.
func (s *Session) writeAll(b []byte, from int) []byte {
	s.mu.Lock()
	limit := s.cfg.ResponseLimit
	s.mu.Unlock()
	if limit >= 0 {
		s.conn.SetWriteDeadline(time.Now().Add(limit)) // a peer that takes nothing must not keep the session for ever
	}
	n, err := s.conn.Write(b[from:])
	s.conn.SetWriteDeadline(time.Time{}) // or TLS, which answers a key update by itself, would find it over
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written(b, from+n, err)
}

func (s *Session) closeIfWanted() {
	if s.m.phase >= closing {
		s.resume.Signal()
	}
	half, force := s.m.CloseWanted()
	switch {
	case force:
		s.cut()
		if !s.m.Done() && !s.m.writing {
			s.m.Kill(time.Now())
			s.collect()
		}
	case half && !s.half:
		s.half = true
		wake(s.wakeWriter)
	}
}

// cut closes the connection at once. A close_notify of TLS could wait for a peer that does not read.
func (s *Session) cut() {
	if c, ok := s.conn.(*tls.Conn); ok {
		c.NetConn().Close()
		return
	}
	s.conn.Close()
}

// closeHalf closes the own side of the connection, on the writer: with TLS that is a write.
func (s *Session) closeHalf() {
	if c, ok := s.conn.(interface{ CloseWrite() error }); !ok || c.CloseWrite() != nil {
		s.cut()
		return
	}
	s.do(func(now time.Time) { s.m.HalfClosed(now) })
}
