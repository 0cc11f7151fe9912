package esme

import (
	"context"
	"fmt"
	"sync/atomic"
)

// From is the handle of a caller who waits for the reply to a call.
type From struct {
	replied atomic.Bool
	gone    atomic.Bool // the caller has given up
	reply   chan callResult
}

type callResult struct {
	value any
	err   error
}

// Reply answers the caller. It reports false when the caller has had its answer.
func (f *From) Reply(value any) bool { return f.settle(callResult{value: value}) }

// Fail answers the caller with an error.
func (f *From) Fail(err error) bool { return f.settle(callResult{err: err}) }

func (f *From) settle(r callResult) bool {
	if !f.replied.CompareAndSwap(false, true) {
		return false
	}
	f.reply <- r
	if f.gone.Load() {
		f.drop()
	}
	return true
}

// giveUp is for a caller who waits no more: an answer is not kept for as long as somebody keeps the handle.
func (f *From) giveUp() {
	f.gone.Store(true)
	f.drop()
}

func (f *From) drop() {
	select {
	case <-f.reply:
	default:
	}
}

// Call asks the handler (HandleCall) and waits for its reply. The error is an *Error: stopped, queue_full
// (the mailbox), timeout, or what [From.Fail] gave.
func (s *Session) Call(ctx context.Context, request any) (any, error) {
	from := &From{reply: make(chan callResult, 1)}
	if err := s.post(func() { s.handler.HandleCall(request, from) }, false); err != nil {
		return nil, err
	}
	select {
	case r := <-from.reply:
		return r.value, r.err
	case <-s.done:
		select {
		case r := <-from.reply:
			return r.value, r.err
		default:
			from.giveUp()
			return nil, &Error{Code: CodeStopped, Message: "the session ended before the reply"} // the handler may have done it
		}
	case <-ctx.Done():
		from.giveUp()
		return nil, &Error{Code: CodeTimeout, Message: "no reply in time", Cause: ctx.Err()}
	}
}

// Cast gives the handler a request that nobody waits for.
func (s *Session) Cast(request any) error {
	return s.post(func() { s.handler.HandleCast(request) }, false)
}

// Info gives the handler a message.
func (s *Session) Info(message any) error {
	return s.post(func() { s.handler.HandleInfo(message) }, false)
}

// Do runs fn on the owner goroutine, between two callbacks. It is not refused by a full mailbox: timers
// and reloads, of which there are few, must not be lost.
func (s *Session) Do(fn func()) error { return s.post(fn, true) }

func (s *Session) post(fn func(), always bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.m.Done() {
		return errStopped("the session has ended")
	}
	if !always && s.cfg.Mailbox >= 0 && s.inbox.messages >= s.cfg.Mailbox {
		return &Error{Code: CodeQueueFull, Message: fmt.Sprintf("%d messages wait already (limits.mailbox)", s.inbox.messages), Retryable: true}
	}
	s.inbox.messages++
	s.inbox.items = append(s.inbox.items, item{message: fn, always: always})
	s.wakeOwner()
	return nil
}
