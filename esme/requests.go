package esme

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// Send accepts p, or returns an *Error with the code queue_full, stopped or invalid_pdu. What becomes
// of an accepted PDU is told to the handler: see the package's accounting.
func (s *Session) Send(p *pdu.PDU) error {
	return s.try(func(now time.Time) error {
		if s.inbox.behind(&s.cfg) {
			return &Error{Code: CodeQueueFull, Message: fmt.Sprintf("the handler is behind: %d reports of %d octets on what was sent wait for it (limits mailbox, queue, window; backlog)",
				s.inbox.reports, s.inbox.octets), Retryable: true, Written: WrittenNever}
		}
		return s.m.Send(now, p, nil)
	})
}

// Reply answers in with p, whose sequence number is set to that of the request. It may be called from
// any goroutine and, after Defer, at any time until the limit.
func (s *Session) Reply(in *Inbound, p *pdu.PDU) error {
	return s.try(func(now time.Time) error { return s.m.Reply(now, in, p) })
}

// SendRaw writes octets as they are, past all numbering and accounting: for tests of what a peer does
// with them.
func (s *Session) SendRaw(octets []byte) error {
	return s.try(func(now time.Time) error { return s.m.SendRaw(now, octets) })
}

// Defer says that the answer to in comes later: within limit (0 = 10 s), or ESME_RX_T_APPN is sent.
func (s *Session) Defer(in *Inbound, limit time.Duration) error {
	return s.try(func(now time.Time) error { return s.m.Defer(now, in, limit) })
}

// Stop ends the session in order: see [Machine.Stop]. A second stop changes nothing, and one that comes before Run
// takes effect in it.
func (s *Session) Stop(reason Reason) { s.stop(func(now time.Time) { s.m.Stop(now, reason) }) }

// Abort ends the session without drain or unbind. A handler that crashed, as the reason says then, is given nothing new.
func (s *Session) Abort(reason Reason) {
	if reason.Crashed() {
		s.dead.Store(true)
	}
	s.stop(func(now time.Time) { s.m.Abort(now, reason) })
}

func (s *Session) stop(input func(now time.Time)) {
	s.mu.Lock()
	if s.conn == nil {
		s.early = append(s.early, input)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	s.do(input)
}

func (s *Session) try(input func(now time.Time) error) error {
	s.mu.Lock()
	if s.conn == nil {
		s.mu.Unlock()
		return &Error{Code: CodeStopped, Message: "the session has not begun: call Run, and wait for Bound", Retryable: true, Written: WrittenNever}
	}
	if s.ended {
		s.mu.Unlock()
		return errStopped("the session has ended")
	}
	err := input(time.Now())
	s.passOn()
	return err
}

// SendWait is Send that waits for room in the queue, or for a response until the peer reads, until ctx ends (code timeout). Not for callbacks: there may be
// none before the handler has heard what became of earlier PDUs.
func (s *Session) SendWait(ctx context.Context, p *pdu.PDU) error {
	for {
		if ctx.Err() != nil {
			return errTooLate(ctx)
		}
		err := s.Send(p)
		if e, ok := err.(*Error); !ok || e.Code != CodeQueueFull {
			return err
		}
		s.mu.Lock()
		if s.ended { // nobody tells of room any more
			s.mu.Unlock()
			continue
		}
		room := &s.room
		if p.IsResponse() {
			room = &s.replyRoom
		}
		if *room == nil {
			*room = make(chan struct{})
		}
		told := *room
		s.collect() // there may be room since
		s.mu.Unlock()
		s.letOn()
		select {
		case <-told:
		case <-ctx.Done():
			return &Error{Code: CodeTimeout, Message: "no room in time: " + err.(*Error).Message, Retryable: true, Written: WrittenNever}
		}
	}
}

// errTooLate is the error of a call whose context has ended before it could begin.
func errTooLate(ctx context.Context) *Error {
	return &Error{Code: CodeTimeout, Message: "not sent: the time for it is over", Retryable: true, Written: WrittenNever, Cause: ctx.Err()}
}

// notify wakes those who wait for room.
func notify(room *chan struct{}) {
	if *room != nil {
		close(*room)
		*room = nil
	}
}

// ErrCallerGone is the cause to cancel the context of a [Session.Request] with whose caller cannot hear the answer any more.
var ErrCallerGone = errors.New("nobody is left to hear the answer")

// Request sends p and waits for its response, which no callback sees. The error is an *Error: queue_full,
// stopped, invalid_pdu, or timeout when ctx ends first or ResponseLimit passes. Its Written says whether
// the peer may have the request all the same. A response after the timeout is logged and counted as late.
//
// A callback that waits holds up the session: all other callbacks, and where the peer unbinds meanwhile, the answer to that,
// for what it has been sent it may answer still. When the peer has closed, none waits any more.
//
// When ctx ends with the cause [ErrCallerGone], the request goes on as one that Send accepted: its send result and its end are
// the handler's to hear. The error is one of that cause.
func (s *Session) Request(ctx context.Context, p *pdu.PDU) (*pdu.PDU, error) {
	if _, ok := p.CommandID().Response(); !ok {
		return nil, &Error{Code: CodeInvalidPDU, Message: p.CommandID().String() + " has no response to wait for", Written: WrittenNever}
	}
	if err := s.cfg.refusal(p); err != nil {
		return nil, errInvalid(err)
	}
	if ctx.Err() != nil {
		return nil, errTooLate(ctx)
	}
	w := newWaiter()
	w.gone = func() bool { return context.Cause(ctx) == ErrCallerGone }
	if err := s.try(func(now time.Time) error { return s.m.Send(now, p, w) }); err != nil {
		return nil, err
	}
	s.letOn()
	select {
	case a := <-w.answer:
		return a.pdu, a.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	gone, written := w.gone(), WrittenUnknown
	if !gone {
		written = s.m.Cancel(w)
	}
	s.passOn() // there may be room in the queue now
	select {
	case a := <-w.answer: // it came at the same moment
		return a.pdu, a.err
	default:
		if gone {
			return nil, &Error{Code: CodeStopped, Message: ErrCallerGone.Error(), Written: written, Cause: ErrCallerGone}
		}
		return nil, &Error{Code: CodeTimeout, Message: "no response in time", Retryable: written == WrittenNever, Written: written, Cause: ctx.Err()}
	}
}
