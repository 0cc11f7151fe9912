package esme

import (
	"crypto/tls"
	"time"
)

// write is the writer: it gives the transport what the machine has put out, in as few calls as it can.
func (s *Session) write() {
	var spare []byte
	closed := false
	for {
		select {
		case <-s.wakeWriter:
		case <-s.done:
			return
		}
		for {
			s.mu.Lock()
			b := s.m.TakeOutput(spare)
			half := s.half
			s.mu.Unlock()
			if b == nil {
				if half && !closed {
					closed = true
					s.closeHalf()
				}
				break
			}
			if limit := s.cfg.ResponseLimit; limit >= 0 {
				s.conn.SetWriteDeadline(time.Now().Add(limit)) // a peer that takes nothing must not keep the session for ever
			}
			n, err := s.conn.Write(b)
			if cap(b) > largeChunk {
				b = nil // a burst is over: do not keep its buffer
			}
			spare = b
			s.do(func(now time.Time) {
				s.m.Written(now, n, err)
				s.resume.Signal()
			})
			if err != nil {
				// The reader learns how the transport ended; what it has got before still counts.
				s.conn.SetReadDeadline(time.Now().Add(lingerLimit))
				break
			}
		}
	}
}

func (s *Session) closeIfWanted() {
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
