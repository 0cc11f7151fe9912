package esme

import (
	"context"
	"crypto/tls"
	"time"
)

// Status is a look at a session.
type Status struct {
	State    string // connecting, binding, bound, stopping or stopped
	Mode     Mode   // of the accepted bind
	Peer     string
	InFlight int // requests that wait for a response
	Queued   int // requests that wait to go out
	Mailbox  int // events and messages that wait for the handler
	Window   int
	Rate     float64 // requests a second to which the SMSC's congestion slows it down; 0: it does not
	Counters Counters
}

// Status returns what the session is doing.
func (s *Session) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Status{State: "binding", Mode: s.m.mode, InFlight: s.m.InFlight(), Queued: s.m.Queued(), Mailbox: len(s.inbox.items),
		Window: s.cfg.Window, Rate: s.m.Rate(), Counters: s.m.Counters()}
	switch {
	case s.conn == nil:
		st.State = "connecting"
	case s.ended:
		st.State = "stopped"
	case s.m.stopping():
		st.State = "stopping"
	case s.m.bound:
		st.State = "bound"
	}
	if s.conn != nil {
		st.Peer = s.conn.RemoteAddr().String()
	}
	return st
}

// TLS reports whether the connection is encrypted.
func (s *Session) TLS() bool {
	_, ok := s.conn.(*tls.Conn)
	return ok
}

// Bound waits until a bind of the session is accepted: by the peer's answer to the session's own, or to one
// that the handler sent. It returns an *Error: stopped when the session ended before, timeout when ctx did.
func (s *Session) Bound(ctx context.Context) error {
	s.mu.Lock()
	bound := s.m.bound
	if s.boundNow == nil {
		s.boundNow = make(chan struct{})
		if bound {
			close(s.boundNow)
		}
	}
	wait := s.boundNow
	ended := s.ended
	s.mu.Unlock()
	s.letOn()
	if ended {
		return errStopped("the session has ended")
	}
	select {
	case <-wait:
		return nil
	default:
	}
	select {
	case <-wait:
		return nil
	case <-s.done:
		return errStopped("the session ended before it was bound")
	case <-ctx.Done():
		return &Error{Code: CodeTimeout, Message: "not bound in time", Retryable: true, Cause: ctx.Err()}
	}
}

// boundFor says whether a bind was accepted, and how long ago.
func (s *Session) boundFor() (bool, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.m.bound {
		return false, 0
	}
	return true, s.m.at(time.Now()) - s.m.boundAt
}
