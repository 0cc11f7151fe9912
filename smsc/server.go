// Package smsc is a simulator of the other side: it accepts binds, answers messages, sends receipts after
// a delay and mobile-originated traffic. It serves `esmehost sim`, the demo, tests and benchmarks.
//
// A [Server] reads many PDUs at once and writes the answers to them in one call, so that as a plain sink
// it costs little beside what it is to measure.
package smsc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// Config says how the simulator behaves. The zero value answers everything at once.
type Config struct {
	Accounts []Account // none: any system_id and password may bind

	Latency      time.Duration // before each answer to a message; the order is kept
	ErrorRate    float64       // share of submit_sm answered ESME_RSUBMITFAIL, 0 to 1
	ThrottleRate float64       // share answered ESME_RTHROTTLED
	DropRate     float64       // share not answered at all
	ReceiptDelay time.Duration // after the answer, for messages that ask for a receipt

	MORate  float64  // mobile-originated messages per second to each session that receives
	MOTexts []string // what they say, in turn; none: "hello"
	MOFrom  string   // their sender; empty: 491700000001 and on, in turn
	MOTo    string   // their destination; empty: 12345

	Window int // deliver_sm without answer per session; 0 = 10
	// Observe is called for each PDU that passes, on the session's goroutine. The PDU is borrowed. nil costs nothing.
	Observe func(Event)
	Log     *slog.Logger
}

// Account is who may bind.
type Account struct{ SystemID, Password string }

// Event is a PDU that passed.
type Event struct {
	Session  int
	SystemID string
	Received bool // by the simulator
	PDU      *pdu.PDU
}

// SessionInfo describes a session.
type SessionInfo struct {
	Session  int
	SystemID string
	Mode     string // the command it was bound with, without "bind_"
	Peer     string
}

// Server is the simulator.
type Server struct {
	cfg Config
	log *slog.Logger

	// mu is taken before a session's lock, never inside it.
	mu       sync.Mutex
	sessions map[*session]struct{}
	opened   int
	outbox   map[string][]*delivery // by system_id: what waits for a session that receives
	clock    schedule
	closing  bool

	messages atomic.Uint64
}

// maxOutbox bounds what waits for an account without a session.
const maxOutbox = 100_000

// New returns a server for the configuration.
func New(cfg Config) *Server {
	if cfg.Window == 0 {
		cfg.Window = 10
	}
	if len(cfg.MOTexts) == 0 {
		cfg.MOTexts = []string{"hello"}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, log: cfg.Log, sessions: map[*session]struct{}{}, outbox: map[string][]*delivery{}}
	s.clock.init()
	return s
}

// Serve accepts sessions on l, which may be one of crypto/tls, until ctx ends; then it unbinds and closes them and waits for all to end.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	var running sync.WaitGroup
	defer running.Wait()
	clock, stopClock := context.WithCancel(context.Background())
	running.Go(func() { s.clock.run(clock) })
	defer stopClock()
	defer context.AfterFunc(ctx, func() {
		l.Close()
		s.closeAll()
	})()
	for {
		conn, err := l.Accept()
		if err != nil {
			s.closeAll()
			s.waitForSessions()
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		sess := s.open(conn)
		if sess == nil {
			conn.Close()
			continue
		}
		running.Go(sess.run)
	}
}

func (s *Server) open(conn net.Conn) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil
	}
	s.opened++
	sess := newSession(s, conn, s.opened)
	s.sessions[sess] = struct{}{}
	return sess
}

func (s *Server) closeAll() {
	s.mu.Lock()
	s.closing = true
	var all []*session
	for sess := range s.sessions {
		all = append(all, sess)
	}
	s.mu.Unlock()
	for _, sess := range all {
		sess.unbind()
	}
}

// waitForSessions gives the sessions a moment to unbind before they are cut.
func (s *Server) waitForSessions() {
	s.mu.Lock()
	var all []*session
	for sess := range s.sessions {
		all = append(all, sess)
	}
	s.mu.Unlock()
	deadline := time.After(unbindLimit)
	for _, sess := range all {
		select {
		case <-sess.done:
		case <-deadline:
			for _, sess := range all {
				sess.conn.Close()
			}
			return
		}
	}
}

// unbindLimit is how long the peer's unbind_resp is awaited.
const unbindLimit = time.Second

// forget takes an ended session out. What it had not delivered goes to another one, or waits.
func (s *Server) forget(sess *session, undelivered []*delivery) {
	s.mu.Lock()
	delete(s.sessions, sess)
	s.mu.Unlock()
	for _, d := range undelivered {
		s.deliver(sess.systemID, d)
	}
}

// Sessions returns those that are bound.
func (s *Server) Sessions() []SessionInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []SessionInfo
	for sess := range s.sessions {
		if info, ok := sess.info(); ok {
			all = append(all, info)
		}
	}
	return all
}

// Drop cuts the sessions of an account; all of them for "". With reset the peer sees a RST.
func (s *Server) Drop(systemID string, reset bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for sess := range s.sessions {
		if info, _ := sess.info(); systemID != "" && info.SystemID != systemID {
			continue
		}
		conn := sess.conn
		if t, ok := conn.(*tls.Conn); ok {
			conn = t.NetConn()
		}
		if tcp, ok := conn.(*net.TCPConn); ok && reset {
			tcp.SetLinger(0)
		}
		conn.Close()
	}
}

// MO is a mobile-originated message.
type MO struct{ From, To, Text string }

// PDU makes the deliver_sm.
func (m MO) PDU() *pdu.PDU {
	b := newBuilder(pdu.CmdDeliverSM)
	coding, octets := pdu.EncodeText(m.Text)
	b.SetString(pdu.FieldSourceAddr, m.From)
	b.SetString(pdu.FieldDestinationAddr, m.To)
	b.SetInt(pdu.FieldDataCoding, int64(coding))
	b.SetString(pdu.FieldShortMessage, string(octets))
	return b.Build()
}

func newBuilder(id pdu.CommandID) *pdu.Builder {
	cmd, _ := pdu.CommandByID(id)
	return pdu.NewBuilder(cmd)
}

// Deliver sends p, a deliver_sm or data_sm, to a session of the account that receives, or keeps it until
// there is one. answered, if not nil, gets the status of the answer, once; on the session's goroutine.
func (s *Server) Deliver(systemID string, p *pdu.PDU, answered func(pdu.Status)) error {
	if err := p.Err(); err != nil {
		return err
	}
	return s.deliver(systemID, &delivery{pdu: p, answered: answered})
}

// delivery is a message on its way to an ESME.
type delivery struct {
	pdu      *pdu.PDU
	tries    int
	answered func(pdu.Status)
}

func (s *Server) deliver(systemID string, d *delivery) error {
	s.mu.Lock()
	var to *session
	for sess := range s.sessions {
		if sess.receives(systemID) {
			to = sess
			break
		}
	}
	if to == nil {
		defer s.mu.Unlock()
		if len(s.outbox[systemID]) >= maxOutbox {
			return fmt.Errorf("%d messages wait for %s already", maxOutbox, systemID)
		}
		s.outbox[systemID] = append(s.outbox[systemID], d)
		return nil
	}
	s.mu.Unlock()
	to.deliver(d)
	return nil
}

// takeOutbox returns what waited for the account.
func (s *Server) takeOutbox(systemID string) []*delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.outbox[systemID]
	delete(s.outbox, systemID)
	return all
}

// mayBind checks an account.
func (s *Server) mayBind(systemID, password string) pdu.Status {
	if len(s.cfg.Accounts) == 0 {
		return pdu.ESME_ROK
	}
	for _, a := range s.cfg.Accounts {
		if a.SystemID == systemID {
			if a.Password != password {
				return pdu.ESME_RINVPASWD
			}
			return pdu.ESME_ROK
		}
	}
	return pdu.ESME_RINVSYSID
}

// fate decides what becomes of a message.
func (s *Server) fate() (status pdu.Status, answer bool) {
	c := &s.cfg
	if c.DropRate == 0 && c.ErrorRate == 0 && c.ThrottleRate == 0 {
		return pdu.ESME_ROK, true
	}
	switch x := rand.Float64(); {
	case x < c.DropRate:
		return 0, false
	case x < c.DropRate+c.ErrorRate:
		return pdu.ESME_RSUBMITFAIL, true
	case x < c.DropRate+c.ErrorRate+c.ThrottleRate:
		return pdu.ESME_RTHROTTLED, true
	}
	return pdu.ESME_ROK, true
}
