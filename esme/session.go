package esme

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// maxUnread bounds the octets of requests that wait for the handler. Beyond it the reader stops.
const maxUnread = 1 << 20

// Session runs one [Machine] over a connection and hands its events to a [Handler]. All its methods
// may be called from any goroutine; those that send never wait, except where they say so.
type Session struct {
	cfg     Config
	handler Handler
	log     *slog.Logger
	outbind *pdu.PDU // the SMSC's, where it was the one to connect

	mu       sync.Mutex
	m        *Machine
	conn     net.Conn
	inbox    []item // for the owner, in order
	messages int    // items in the inbox that are messages
	unread   int    // octets of chunks that the owner has not released
	batching bool   // the owner runs callbacks: what they send goes out together
	ended    bool   // nothing is delivered any more
	half     bool   // the writer is to close the own side of the connection
	room     chan struct{}
	timerAt  time.Time

	lateFlush bool          // the timer late is armed
	boundNow  chan struct{} // closed when bound; nil while nobody asked

	wakeOwner, wakeWriter chan struct{}
	resume                sync.Cond // the reader waits for unread to shrink
	timer, late           *time.Timer
	done                  chan struct{}
}

// item is one thing for the owner: an event, a message, or a chunk that may be reused when all before
// it is handled.
type item struct {
	event   Event
	message func()
	free    *chunk
}

// NewSession returns a session that Run starts. A nil log discards.
func NewSession(cfg Config, h Handler, log *slog.Logger) *Session {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Session{
		cfg: cfg.withDefaults(), handler: h, log: log,
		m:         NewMachine(cfg),
		wakeOwner: make(chan struct{}, 1), wakeWriter: make(chan struct{}, 1),
		done: make(chan struct{}),
	}
	s.resume.L = &s.mu
	return s
}

// Exit is how a session ended.
type Exit struct {
	Reason  Reason
	Exit    string // what HandleStop returned
	Refused error  // Init's error; HandleStop was not called, and Exit is its ExitReason method's, if it has one
	Bound   bool   // a bind was accepted
}

// Run runs the session over conn until it has ended and everything is settled, and closes conn. The
// caller's goroutine is the owner: the handler's methods run on it. When ctx ends, the session is
// stopped in order with the reason shutdown.
func (s *Session) Run(ctx context.Context, conn net.Conn) Exit {
	s.mu.Lock()
	s.conn = conn
	s.m.Connected(time.Now())
	s.timer = time.AfterFunc(time.Hour, s.expire)
	s.late = time.AfterFunc(time.Hour, s.flushLate)
	s.arm()
	s.mu.Unlock()

	var io sync.WaitGroup
	io.Go(s.read)
	io.Go(s.write)
	unwatch := context.AfterFunc(ctx, func() { s.Stop(Reason{Kind: KindShutdown}) })

	exit := s.own()

	unwatch()
	close(s.done)
	conn.Close()
	s.mu.Lock()
	s.timer.Stop()
	s.late.Stop()
	s.resume.Broadcast()
	s.mu.Unlock()
	io.Wait()
	return exit
}

// own is the owner: it runs the handler, one event at a time, until the session has ended.
func (s *Session) own() Exit {
	if err := s.handler.Init(s); err != nil {
		return s.refused(err)
	}
	s.do(func(now time.Time) {
		s.m.Started(now)
		if s.outbind != nil {
			s.m.Received(now, s.outbind)
		}
	})
	var batch []item
	for {
		<-s.wakeOwner
		s.mu.Lock()
		batch, s.inbox = s.inbox, batch[:0]
		s.messages = 0
		s.batching = true
		s.mu.Unlock()
		for i := range batch {
			it := &batch[i]
			if stop := s.handle(it); stop != nil {
				s.end()
				return Exit{Reason: stop.Reason, Exit: s.handler.HandleStop(stop.Reason, stop.Lost), Bound: s.bound()}
			}
			*it = item{}
		}
		s.flush()
	}
}

// refused ends a session that Init did not want: nothing was sent or received that anyone counts on,
// except by those who wait for an answer.
func (s *Session) refused(err error) Exit {
	s.do(func(now time.Time) {
		s.m.Abort(now, Reason{Kind: KindCustom, Detail: err.Error()})
		s.m.Kill(now)
	})
	s.end()
	exit := "refused"
	var e interface{ ExitReason() string }
	if errors.As(err, &e) {
		exit = e.ExitReason()
	}
	return Exit{Reason: Reason{Kind: KindCustom, Detail: err.Error()}, Exit: exit, Refused: err}
}

// connected says how much of Timeout the connecting took.
func (s *Session) connected(took time.Duration) {
	if s.m.cfg.Timeout > 0 {
		s.m.cfg.Timeout = max(1, s.m.cfg.Timeout-took)
	}
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

func (s *Session) bound() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m.bound
}

// end marks the mailbox closed; what is still in it is answered by nobody, and callers are told.
func (s *Session) end() {
	s.mu.Lock()
	s.ended = true
	s.notifyRoom()
	s.mu.Unlock()
}

// handle runs the callback for one item and does what follows it.
func (s *Session) handle(it *item) *Stop {
	switch e := &it.event; {
	case it.message != nil:
		it.message()
	case it.free != nil:
		s.mu.Lock()
		s.unread -= len(it.free.buf)
		it.free.release()
		s.resume.Signal()
		s.mu.Unlock()
	default:
		return s.handleEvent(e)
	}
	return nil
}

func (s *Session) handleEvent(e *Event) *Stop {
	switch e.Kind {
	case EventPDU:
		err := s.handler.HandlePDU(e.In)
		s.mu.Lock()
		if !e.In.answered {
			s.m.Handled(time.Now(), e.In, err)
		}
		s.mu.Unlock()
		e.In.PDU = nil // it was borrowed
	case EventResp:
		s.handler.HandleResp(e.PDU, e.Original)
	case EventRespTimeout:
		s.handler.HandleRespTimeout(e.Original)
	case EventSendResult:
		s.handler.HandleSendPDUResult(e.Original, e.Err)
	case EventUnparsed:
		s.handler.HandleUnparsedPDU(e.PDU.Raw(), e.Err)
		s.do(func(now time.Time) { s.m.Nack(now, e.PDU.SequenceNumber(), e.Err) })
	case EventBound:
		st := s.Status()
		s.handler.HandleInfo(Bound{Mode: st.Mode, Peer: st.Peer})
	case EventNote:
		s.log.Info(e.Note)
	case EventFinish:
		s.do(func(now time.Time) { s.m.Finish(now) })
	case EventStop:
		return e.Stop
	}
	return nil
}

// do gives the machine an input and passes on what comes out.
func (s *Session) do(input func(now time.Time)) {
	s.mu.Lock()
	input(time.Now())
	s.collect()
	s.mu.Unlock()
}

// flush lets out what the callbacks of a batch sent together.
func (s *Session) flush() {
	s.mu.Lock()
	s.batching = false
	s.collect()
	s.mu.Unlock()
}

// collect passes on what the machine has put out: events to the owner, octets to the writer, the
// deadline to the timer, the close to the connection. It is called with the lock held.
func (s *Session) collect() {
	if len(s.m.events) > 0 {
		for i := range s.m.events {
			e := &s.m.events[i]
			if e.Kind == EventAnswer {
				a := answer{err: e.Err}
				if e.PDU != nil {
					a.pdu = e.PDU.Clone()
				}
				e.waiter.answer <- a
				continue
			}
			s.inbox = append(s.inbox, item{event: *e})
		}
		clear(s.m.events)
		s.m.events = s.m.events[:0]
		s.m.notes = 0
		wake(s.wakeOwner)
	}
	switch n := s.m.OutputLen(); {
	case n == 0:
	case !s.batching || n > flushAt:
		wake(s.wakeWriter)
	case !s.lateFlush:
		// A callback may take long, and links are checked and others send meanwhile.
		s.lateFlush = true
		s.late.Reset(flushAfter)
	}
	if s.room != nil && s.m.QueueRoom() {
		s.notifyRoom()
	}
	if s.boundNow != nil && s.m.bound {
		select {
		case <-s.boundNow:
		default:
			close(s.boundNow)
		}
	}
	s.arm()
	s.closeIfWanted()
}

// flushAt is how much a batch gathers before it goes out, flushAfter how long.
const (
	flushAt    = 16 << 10
	flushAfter = time.Millisecond
)

func (s *Session) flushLate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lateFlush = false
	if s.m.OutputLen() > 0 {
		wake(s.wakeWriter)
	}
}

// arm makes sure that the timer fires no later than the machine's deadline. One that is armed for
// earlier is left: when it fires, it finds the next.
func (s *Session) arm() {
	at, ok := s.m.Deadline()
	if !ok || (!s.timerAt.IsZero() && !at.Before(s.timerAt)) {
		return
	}
	s.timerAt = at
	s.timer.Reset(time.Until(at))
}

func (s *Session) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.timerAt = time.Time{}
	if at, ok := s.m.Deadline(); ok && !now.Before(at) {
		s.m.Expire(now)
	}
	s.collect()
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

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

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

// Send accepts p, or returns an *Error with the code queue_full, stopped or invalid_pdu. What becomes
// of an accepted PDU is told to the handler: see the package's accounting.
func (s *Session) Send(p *pdu.PDU) error {
	return s.try(func(now time.Time) error { return s.m.Send(now, p, nil) })
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

// TLS reports whether the connection is encrypted.
func (s *Session) TLS() bool {
	_, ok := s.conn.(*tls.Conn)
	return ok
}

// Defer says that the answer to in comes later: within limit (0 = 10 s), or ESME_RX_T_APPN is sent.
func (s *Session) Defer(in *Inbound, limit time.Duration) error {
	return s.try(func(now time.Time) error { return s.m.Defer(now, in, limit) })
}

// Stop ends the session in order: see [Machine.Stop]. A second stop changes nothing.
func (s *Session) Stop(reason Reason) { s.do(func(now time.Time) { s.m.Stop(now, reason) }) }

// Abort ends the session without drain or unbind.
func (s *Session) Abort(reason Reason) { s.do(func(now time.Time) { s.m.Abort(now, reason) }) }

func (s *Session) try(input func(now time.Time) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.conn == nil {
		return errStopped("the session has ended")
	}
	err := input(time.Now())
	s.collect()
	return err
}

// SendWait is Send that waits for room in the queue, until ctx ends (code timeout).
func (s *Session) SendWait(ctx context.Context, p *pdu.PDU) error {
	for {
		err := s.Send(p)
		if e, ok := err.(*Error); !ok || e.Code != CodeQueueFull {
			return err
		}
		s.mu.Lock()
		if s.room == nil {
			s.room = make(chan struct{})
		}
		room := s.room
		s.collect() // there may be room since
		s.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return &Error{Code: CodeTimeout, Message: "no room in the queue", Retryable: true, Written: WrittenNever}
		}
	}
}

func (s *Session) notifyRoom() {
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
}

// Request sends p and waits for its response, which no callback sees. The error is an *Error: queue_full,
// stopped, invalid_pdu, or timeout when ctx ends first or ResponseLimit passes. Its Written says whether
// the peer may have the request all the same.
func (s *Session) Request(ctx context.Context, p *pdu.PDU) (*pdu.PDU, error) {
	if _, ok := p.CommandID().Response(); !ok {
		return nil, &Error{Code: CodeInvalidPDU, Message: p.CommandID().String() + " has no response to wait for", Written: WrittenNever}
	}
	if err := s.cfg.refusal(p); err != nil {
		return nil, errInvalid(err)
	}
	w := newWaiter()
	if err := s.try(func(now time.Time) error { return s.m.Send(now, p, w) }); err != nil {
		return nil, err
	}
	select {
	case a := <-w.answer:
		return a.pdu, a.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	written := s.m.Cancel(w)
	s.mu.Unlock()
	select {
	case a := <-w.answer: // it came at the same moment
		return a.pdu, a.err
	default:
		return nil, &Error{Code: CodeTimeout, Message: "no response in time", Retryable: written == WrittenNever, Written: written, Cause: ctx.Err()}
	}
}

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
	st := Status{State: "binding", Mode: s.m.mode, InFlight: s.m.InFlight(), Queued: s.m.Queued(), Mailbox: len(s.inbox),
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
