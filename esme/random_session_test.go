package esme_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// careless is a handler that takes its time, and answers, defers, fails, sends and stops as it comes. It keeps the books.
type careless struct {
	esme.Base
	t       *testing.T
	chance  *rand.Rand // of the owner
	session *esme.Session
	later   sync.WaitGroup

	mu            sync.Mutex
	inits, stops  int
	results, ends map[string]int
	accepted      []string
	handled       map[uint32]int
}

func (h *careless) enter(callback string) {
	if h.mu.Lock(); h.inits != 1 || h.stops > 0 {
		h.t.Errorf("%s after %d inits and %d stops", callback, h.inits, h.stops)
	}
	h.mu.Unlock()
	if h.chance.IntN(4) == 0 {
		time.Sleep(time.Duration(h.chance.IntN(40)) * time.Millisecond)
	}
}

func (h *careless) Init(s *esme.Session) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inits++
	h.session = s
	return nil
}

func (h *careless) send(name string) {
	if h.session.Send(submit(name)) == nil {
		h.mu.Lock()
		h.accepted = append(h.accepted, name)
		h.mu.Unlock()
	}
}

func (h *careless) HandlePDU(in *esme.Inbound) error {
	h.enter("handle_pdu")
	seq := in.SequenceNumber()
	h.mu.Lock()
	h.handled[seq]++
	h.mu.Unlock()
	answer := newPDU(h.t, "deliver_sm_resp", 0, pdu.ESME_ROK)
	switch h.chance.IntN(8) {
	case 0:
		return errors.New("boom")
	case 1:
		h.session.Reply(in, answer)
	case 2:
		if h.session.Defer(in, 0) == nil {
			after := time.Duration(h.chance.IntN(100)) * time.Millisecond
			h.later.Go(func() { time.Sleep(after); h.session.Reply(in, answer) })
		}
	case 3:
		h.send(fmt.Sprint("90", seq))
	}
	return nil
}

func (h *careless) end(name, what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.results[name] != 1 || h.ends[name] != 0 {
		h.t.Errorf("%s of %s after %d send results and %d ends", what, name, h.results[name], h.ends[name])
	}
	h.ends[name]++
}

func (h *careless) HandleResp(_, original *pdu.PDU) {
	h.enter("handle_resp")
	h.end(original.Str(pdu.FieldDestinationAddr), "a response")
}

func (h *careless) HandleRespTimeout(original *pdu.PDU) {
	h.enter("handle_resp_timeout")
	h.end(original.Str(pdu.FieldDestinationAddr), "a timeout")
}

func (h *careless) HandleSendPDUResult(p *pdu.PDU, err error) {
	h.enter("handle_send_pdu_result")
	if p.IsResponse() {
		return
	}
	name := p.Str(pdu.FieldDestinationAddr)
	h.mu.Lock()
	h.results[name]++
	h.mu.Unlock()
	if err != nil {
		h.end(name, "a send error")
	}
}

func (h *careless) HandleCast(any) { h.enter("handle_cast") }

func (h *careless) HandleInfo(any) { h.enter("handle_info") }

func (h *careless) HandleStop(_ esme.Reason, lost []*pdu.PDU) string {
	h.enter("handle_stop")
	for _, p := range lost {
		h.end(p.Str(pdu.FieldDestinationAddr), "a loss")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stops++
	return "normal"
}

// moody is an SMSC that answers late, or not, or that it has too much.
type moody struct {
	p      *peer
	chance *rand.Rand  // of its reader
	out    chan []byte // in its order
	all    sync.WaitGroup

	mu       sync.Mutex
	sent     uint32 // messages
	answered map[uint32]int
	unbound  bool
}

func (m *moody) write(octets []byte) { m.out <- octets }

// deliver sends n messages in one piece, unless the ESME has unbound.
func (m *moody) deliver(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.unbound {
		return
	}
	var octets []byte
	for range n {
		octets = append(octets, m.p.make("deliver_sm", m.sent+1000, pdu.ESME_ROK)...)
		m.sent++
	}
	m.write(octets)
}

func (m *moody) run() {
	over := make(chan struct{})
	m.all.Go(func() {
		for {
			select {
			case octets := <-m.out:
				m.p.conn.Write(octets)
			case <-over:
				return
			}
		}
	})
	for {
		got, err := m.p.read()
		if err != nil {
			m.p.conn.Close()
			close(over)
			return
		}
		seq := got.SequenceNumber()
		switch got.CommandID() {
		case pdu.CmdBindTransceiver, pdu.CmdEnquireLink:
			id, _ := got.CommandID().Response()
			m.write(m.p.make(id.String(), seq, pdu.ESME_ROK))
		case pdu.CmdUnbind:
			m.mu.Lock()
			m.unbound = true
			m.mu.Unlock()
			m.write(m.p.make("unbind_resp", seq, pdu.ESME_ROK))
		case pdu.CmdDeliverSMResp:
			m.mu.Lock()
			m.answered[seq]++
			m.mu.Unlock()
		case pdu.CmdSubmitSM:
			status := []pdu.Status{pdu.ESME_ROK, pdu.ESME_ROK, pdu.ESME_ROK, pdu.ESME_RTHROTTLED, pdu.ESME_RSUBMITFAIL}[m.chance.IntN(5)]
			after := time.Duration(m.chance.IntN(150)) * time.Millisecond
			if m.chance.IntN(8) > 0 {
				m.all.Go(func() { time.Sleep(after); m.write(m.p.make("submit_sm_resp", seq, status)) })
			}
		}
	}
}

// Random sessions, with both goroutines, the inbox, batches and writes of the real thing: what the machine promises holds for who
// uses it. Each ends in one of the ways there are, while messages wait for a handler that is slow.
func TestRandomSessions(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { randomSession(t, seed) })
		})
	}
}

func randomSession(t *testing.T, seed uint64) {
	chance := rand.New(rand.NewPCG(seed, 1))
	cfg := esme.Config{Window: 1 + chance.IntN(5), Queue: 1 + chance.IntN(5), ResponseLimit: 100 * time.Millisecond, EnquireLinkLimit: 70 * time.Millisecond,
		UnbindLimit: time.Hour, RetryThrottled: chance.IntN(2), Backlog: []int{0, 1 << 10}[chance.IntN(2)]}
	mine, theirs := net.Pipe()
	h := &careless{t: t, chance: rand.New(rand.NewPCG(seed, 2)), results: map[string]int{}, ends: map[string]int{}, handled: map[uint32]int{}}
	smsc := &moody{p: &peer{t: t, conn: theirs}, chance: rand.New(rand.NewPCG(seed, 3)), answered: map[uint32]int{}, out: make(chan []byte, 10_000)}
	s := esme.NewSession(cfg, h, nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	over := make(chan esme.Exit)
	go func() { over <- s.Run(ctx, mine) }()
	smsc.all.Go(smsc.run)
	if err := s.Bound(t.Context()); err != nil {
		t.Fatal(err)
	}
	var asking sync.WaitGroup
	for i := range 20 + chance.IntN(40) {
		switch chance.IntN(7) {
		case 0, 1:
			h.send(fmt.Sprint("10", i))
		case 2:
			smsc.deliver(1 + chance.IntN(20))
		case 3:
			s.Cast(i)
		case 4:
			waits, enough := context.WithTimeout(ctx, time.Duration(chance.IntN(200))*time.Millisecond)
			asking.Go(func() { s.Request(waits, submit(fmt.Sprint("20", i))); enough() })
		case 5:
			tuned := cfg
			tuned.Window, tuned.Queue = 1+chance.IntN(5), 1+chance.IntN(5)
			s.Tune(tuned)
		case 6:
			time.Sleep(time.Duration(chance.IntN(30)) * time.Millisecond)
		}
	}
	smsc.deliver(5)
	way := seed % 5
	switch way {
	case 0:
		s.Stop(custom)
	case 1:
		cancel()
	case 2:
		s.Abort(custom)
	case 3:
		smsc.write(smsc.p.make("unbind", 7, pdu.ESME_ROK))
	case 4:
		theirs.Close()
	}
	<-over
	asking.Wait()
	h.later.Wait()
	theirs.Close()
	smsc.all.Wait()
	if h.inits != 1 || h.stops != 1 {
		t.Errorf("%d inits, %d stops", h.inits, h.stops)
	}
	for _, name := range h.accepted {
		if h.results[name] != 1 || h.ends[name] != 1 {
			t.Errorf("%s has %d send results and %d ends", name, h.results[name], h.ends[name])
		}
	}
	for name := range h.results {
		if len(h.accepted) < len(h.results) {
			t.Errorf("%d were accepted, and %d told of: %s", len(h.accepted), len(h.results), name)
		}
	}
	for seq := range smsc.sent {
		if n := h.handled[seq+1000]; n > 1 {
			t.Errorf("message %d was handled %d times", seq, n)
		}
		switch n := smsc.answered[seq+1000]; {
		case n > 1:
			t.Errorf("message %d was answered %d times", seq, n)
		case n == 0 && way < 2:
			t.Errorf("an own stop left message %d of %d unanswered (handled: %d)", seq, smsc.sent, h.handled[seq+1000])
		}
	}
}
