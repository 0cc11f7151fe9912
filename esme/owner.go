package esme

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// start calls Init, and what has come meanwhile. It reports false when the session is over with that.
func (s *Session) start() bool {
	var err error
	if crash := s.guard("Init", func() { err = s.handler.Init(s) }); crash != nil {
		err = crash
	}
	if err != nil {
		s.refuse(err)
		return !s.runCallbacks()
	}
	s.do(func(now time.Time) {
		s.m.Started(now)
		if s.outbind != nil {
			s.m.Received(now, s.outbind)
		}
	})
	return !s.runCallbacks()
}

// runCallbacks runs the handler, one event at a time, until nothing waits. The caller has made itself the owner, and is
// it no more after that. It reports true when the session has ended.
func (s *Session) runCallbacks() (ended bool) {
	var handled tally
	for {
		s.mu.Lock()
		batch := s.inbox.take(s.roles.slots)
		s.batching = len(batch) > 0
		if !s.batching {
			s.roles.slots = batch
			s.roles.owned, s.roles.inline = false, false
			s.mu.Unlock()
			return false
		}
		s.mu.Unlock()
		for i := range batch {
			it := &batch[i]
			if it.event.Stop != nil {
				s.end()
				s.finish(s.lastCall(it.event.Stop))
				return true
			}
			s.handle(it, &handled)
			*it = item{}
		}
		s.roles.slots = batch
		s.flush(&handled)
	}
}

// lastCall is the last call of the handler.
func (s *Session) lastCall(stop *Stop) Exit {
	exit := Exit{Reason: stop.Reason, Exit: exitPanic}
	exit.Bound, exit.boundFor = s.boundFor()
	if s.refusal != nil {
		exit.Exit, exit.Refused = "refused", s.refusal
		var e interface{ ExitReason() string }
		if errors.As(s.refusal, &e) {
			exit.Exit = e.ExitReason()
		}
		s.log.Info("the session ends with Init", "reason", stop.Reason.String(), "lost", len(stop.Lost))
		s.guard("HandleRefused", func() { s.handler.HandleRefused(stop.Reason, stop.Lost) })
		return exit
	}
	s.guard("HandleStop", func() { exit.Exit = s.handler.HandleStop(stop.Reason, stop.Lost) })
	return exit
}

// exitPanic is the exit reason of a handler that could not give one.
const exitPanic = "panic"

// refuse ends a session that Init did not want. What Init sent is accounted for all the same; what the peer sent is its
// own still, and is not handled.
func (s *Session) refuse(err error) {
	s.refusal = err
	s.dead.Store(true)
	s.do(func(now time.Time) {
		s.m.Abort(now, stopReason(err))
		s.m.Kill(now)
	})
}

// concerns reports whether the handler is told of it. One that is dead hears what became of its own PDUs, and nothing new.
func (s *Session) concerns(it *item) bool {
	switch {
	case !s.dead.Load():
		return true
	case it.message != nil:
		return it.always && s.refusal == nil
	}
	switch it.event.Kind {
	case EventPDU, EventUnparsed, EventBound, EventFinish:
		return false
	}
	return true
}

// end marks the mailbox closed; what is still in it is answered by nobody, and callers are told.
func (s *Session) end() {
	s.mu.Lock()
	s.ended = true
	notify(&s.room)
	notify(&s.replyRoom)
	s.resume.Broadcast()
	s.mu.Unlock()
}

// finish lets Run return.
func (s *Session) finish(exit Exit) {
	s.exit = exit
	close(s.done)
	s.cut() // whoever reads is to end too
}

// handle runs the callback for one item and does what follows it.
func (s *Session) handle(it *item, handled *tally) {
	handled.count(it)
	var crash error
	switch {
	case it.free != nil:
		s.mu.Lock()
		s.inbox.unread -= it.free.memory()
		it.free.release()
		s.mu.Unlock()
	case !s.concerns(it):
	case it.message != nil:
		crash = s.guard("a message", it.message)
	default:
		crash = s.handleEvent(&it.event)
	}
	if crash != nil {
		s.Abort(stopReason(crash))
	}
	if handled.reports >= tallyEvery {
		s.mu.Lock()
		s.inbox.done(handled)
		s.mu.Unlock()
	}
}

// tallyEvery is after how many reports of a batch those who wait to send are let on.
const tallyEvery = 256

// orCrashed is the panic of a method, or the error by which it says that the handler crashed; nil for any other.
func orCrashed(panicked, err error) error {
	if panicked == nil && err != nil && stopReason(err).Crashed() {
		return err
	}
	return panicked
}

func (s *Session) handleEvent(e *Event) (crash error) {
	h := s.handler
	switch e.Kind {
	case EventPDU:
		var err error
		crash = s.guard("HandlePDU", func() { err = h.HandlePDU(e.In) })
		if crash = orCrashed(crash, err); crash != nil {
			err = crash
		}
		s.mu.Lock()
		var now time.Time // of interest to a stop only
		if s.m.stopping() {
			now = time.Now()
		}
		s.m.Handled(now, e.In, err)
		if now.IsZero() {
			s.mu.Unlock()
		} else {
			s.passOn()
		}
		e.In.PDU = nil // it was borrowed
	case EventResp:
		crash = s.guard("HandleResp", func() { h.HandleResp(e.PDU, e.Original) })
	case EventRespTimeout:
		crash = s.guard("HandleRespTimeout", func() { h.HandleRespTimeout(e.Original) })
	case EventSendResult:
		crash = s.guard("HandleSendPDUResult", func() { h.HandleSendPDUResult(e.Original, e.Err) })
	case EventUnparsed:
		var err error
		crash = s.guard("HandleUnparsedPDU", func() { err = h.HandleUnparsedPDU(e.PDU.Raw(), e.Err) })
		crash = orCrashed(crash, err)
		s.do(func(now time.Time) { s.m.Nack(now, e.PDU.SequenceNumber(), e.Err) })
	case EventBound:
		st := s.Status()
		crash = s.guard("HandleInfo", func() { h.HandleInfo(Bound{Mode: st.Mode, Peer: st.Peer}) })
	case EventNote:
		s.log.Info(e.Note)
	case EventFinish:
		s.do(func(now time.Time) { s.m.Finish(now) })
	}
	return crash
}

// guard runs a callback. A panic in it is an error, which ends this session and nothing else.
func (s *Session) guard(callback string, fn func()) (crash error) {
	defer func() {
		if v := recover(); v != nil {
			crash = panicked(fmt.Sprintf("panic in %s: %v", callback, v))
			s.log.Error("the handler panicked; its session ends", "callback", callback, "error", fmt.Sprint(v), "stack", string(debug.Stack()))
		}
	}()
	fn()
	return nil
}

// panicked is the panic of a callback.
type panicked string

func (p panicked) Error() string { return string(p) }

func (p panicked) StopReason() Reason { return Reason{Kind: KindScriptError, Detail: string(p)} }

// stopReason is why a session ends by an error of its handler: an own stop, unless the error knows better.
func stopReason(err error) Reason {
	var e interface{ StopReason() Reason }
	if errors.As(err, &e) {
		return e.StopReason()
	}
	return Reason{Kind: KindCustom, Detail: err.Error()}
}
