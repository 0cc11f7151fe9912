package faults

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

// within is the time for which the most tries are told.
const within = 100 * time.Millisecond

// clockwork notes when connections were tried.
type clockwork struct {
	mu    sync.Mutex
	tried []time.Time
}

func (c *clockwork) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c.mu.Lock()
	c.tried = append(c.tried, time.Now())
	c.mu.Unlock()
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

// since returns how many tries there were after from, and the most of them within a time.
func (c *clockwork) since(from time.Time) (n, peak int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := 0
	for i, at := range c.tried {
		if at.Before(from) {
			first = i + 1
			continue
		}
		n++
		for c.tried[first].Before(at.Add(-within)) {
			first++
		}
		peak = max(peak, i-first+1)
	}
	return n, peak
}

// sims is an SMSC at one address that can die and return.
type sims struct {
	t       *testing.T
	address string
	observe func(smsc.Event)
	now     *smsc.Server
	stop    func()
}

func (s *sims) up() {
	s.t.Helper()
	var l net.Listener
	var err error
	if s.address == "" {
		s.address = "127.0.0.1:0"
	}
	if l, err = net.Listen("tcp", s.address); err != nil {
		s.t.Fatal(err)
	}
	s.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	s.now = smsc.New(smsc.Config{DropRate: 0.5, Observe: s.observe})
	ended := make(chan struct{})
	go func() { s.now.Serve(ctx, l); close(ended) }()
	s.stop = func() { cancel(); <-ended }
}

// die cuts all connections, without unbind.
func (s *sims) die() {
	s.now.Drop("", true)
	s.stop()
}

// A thousand binds of one process lose their SMSC, with requests under way, and come back when it does: all of them,
// and nothing is unsettled. The figures say how they spread; with made-up time esme's own test asserts that.
func TestAThousandBindsLoseTheirSMSC(t *testing.T) {
	const binds = 1000
	all := make([]*books, binds)
	byName := map[string]*books{}
	for i := range all {
		all[i] = newBooks(fmt.Sprintf("b%d", i))
		byName[all[i].name] = all[i]
	}
	sim := &sims{t: t, observe: func(e smsc.Event) {
		if e.Received && e.PDU.CommandID() == pdu.CmdSubmitSM {
			id := e.PDU.Str(pdu.FieldDestinationAddr)
			name, _, _ := strings.Cut(id, "-")
			byName[name].saw(id)
		}
	}}
	sim.up()
	clock := &clockwork{}
	dialer := &esme.Dialer{DialContext: clock.dial}
	var running sync.WaitGroup
	clients := make([]*esme.Client, binds)
	for i, b := range all {
		cfg := esme.Config{SystemID: b.name, ResponseLimit: time.Second, UnbindLimit: time.Second}
		c := &esme.Client{Config: cfg, Addresses: []string{sim.address}, Dialer: dialer, Backoff: esme.Backoff{Max: 4 * time.Second},
			NewSession: func(string) *esme.Session { return esme.NewSession(cfg, &handler{books: b}, nil) }}
		clients[i] = c
		running.Go(func() { c.Run(context.Background()) })
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	round := func(n int) {
		for i, c := range clients {
			s, err := c.Bound(ctx)
			if err != nil {
				t.Fatalf("%s is not bound: %v", all[i].name, err)
			}
			for k := range 5 {
				id := fmt.Sprintf("%s-%d", all[i].name, n*5+k)
				cmd, _ := pdu.CommandByID(pdu.CmdSubmitSM)
				b := pdu.NewBuilder(cmd)
				b.SetString(pdu.FieldDestinationAddr, id)
				all[i].accept(id, false)
				if err := s.Send(b.Build()); err != nil {
					all[i].refuse(id)
				}
			}
		}
	}
	began := time.Now()
	round(0)
	tries, peak := clock.since(began.Add(-time.Minute))
	t.Logf("start: %d tries, all bound after %v, at most %d tries within 100 ms", tries, time.Since(began).Round(time.Millisecond), peak)

	died := time.Now()
	sim.die()
	for i, b := range all { // every bind knows by its lost requests
		b.mu.Lock()
		for b.stops == 0 {
			b.settled.Wait()
		}
		b.mu.Unlock()
		all[i].balance()
	}
	<-time.After(time.Until(died.Add(2 * time.Second))) // the outage
	tries, peak = clock.since(died)
	t.Logf("outage of %v: %d tries, at most %d within 100 ms", time.Since(died).Round(time.Millisecond), tries, peak)
	if tries == 0 {
		t.Error("nobody tries")
	}

	returned := time.Now()
	sim.up()
	round(1)
	back := time.Since(returned)
	for i, c := range clients {
		all[i].balance()
		c.Stop()
	}
	tries, peak = clock.since(returned)
	t.Logf("return: all bound after %v, %d tries, at most %d within 100 ms", back.Round(time.Millisecond), tries, peak)
	running.Wait()
	sim.stop()
	accepted := 0
	for _, b := range all {
		b.audit(t)
		accepted += len(b.pages)
		if b.stops < 2 { // one more where a bind was let in at the last moment
			t.Errorf("%s had %d sessions, want 2", b.name, b.stops)
		}
	}
	t.Logf("%d requests accepted, each with its end", accepted)
	goleak.VerifyNone(t, ignoreProxies...)
}
