package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

// setting reads FAULT_TIME and FAULT_SEED.
func setting(t *testing.T) (time.Duration, uint64) {
	t.Helper()
	d, seed := 4*time.Second, uint64(time.Now().UnixNano())
	if s := os.Getenv("FAULT_TIME"); s != "" {
		var err error
		if d, err = time.ParseDuration(s); err != nil {
			t.Fatalf("FAULT_TIME: %v", err)
		}
	}
	if s := os.Getenv("FAULT_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("FAULT_SEED: %v", err)
		}
	}
	return d, seed
}

// heap is what is in use, after a collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// oneRound bounds a round, and with it the books: they have a page for each request.
const oneRound = 10 * time.Second

// Whatever the network does: each accepted request ends once, by its number, and truly; each message of the SMSC is
// handled; and when all is over nothing is left behind. Long runs are made of rounds.
func TestFaults(t *testing.T) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // some of toxiproxy's toxics log by a logger of their own
	lasting, seed := setting(t)
	t.Logf("FAULT_TIME=%v FAULT_SEED=%d", lasting, seed)
	before, goroutines := heap(), runtime.NumGoroutine()
	for n := uint64(0); lasting > 0 && !t.Failed(); n++ {
		round(t, min(lasting, oneRound), seed+n)
		lasting -= oneRound
		goleak.VerifyNone(t, ignoreProxies...)
		forgotten := uint64(runtime.NumGoroutine() - goroutines)
		after := heap()
		t.Logf("heap before %d KiB, after %d KiB; toxiproxy forgot %d goroutines", before>>10, after>>10, forgotten)
		if after > before+(4<<20)+forgotten*(64<<10) {
			t.Error("the heap is not back where it was")
		}
	}
}

const proxyCode = "github.com/Shopify/toxiproxy/v2"

// Toxiproxy forgets goroutines of its own, with their buffers, in what it cut off while it was full: not ours.
var ignoreProxies = []goleak.Option{
	goleak.IgnoreAnyFunction(proxyCode + "/toxics.(*ToxicStub).Run"),
	goleak.IgnoreAnyFunction(proxyCode + ".(*ToxicLink).read"),
	goleak.IgnoreAnyFunction(proxyCode + ".(*ToxicLink).write"),
}

func round(t *testing.T, lasting time.Duration, seed uint64) {
	const binds = 8
	all := make([]*books, binds)
	byName := map[string]*books{}
	for i := range all {
		all[i] = newBooks(fmt.Sprintf("b%d", i))
		byName[all[i].name] = all[i]
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	simulator := smsc.New(smsc.Config{DropRate: 0.001, ErrorRate: 0.01, Observe: func(e smsc.Event) {
		if e.Received && e.PDU.CommandID() == pdu.CmdSubmitSM {
			id := e.PDU.Str(pdu.FieldDestinationAddr)
			name, _, _ := strings.Cut(id, "-")
			byName[name].saw(id)
		}
	}})
	var running sync.WaitGroup
	serving, stopServing := context.WithCancel(context.Background())
	running.Go(func() { simulator.Serve(serving, l) })

	through := newProxies(t, binds, l.Addr().String())
	clients := make([]*esme.Client, binds)
	for i, b := range all {
		cfg := esme.Config{SystemID: b.name, Timeout: time.Second, SessionInitLimit: time.Second, EnquireLinkLimit: 300 * time.Millisecond,
			EnquireLinkRespLimit: 300 * time.Millisecond, ResponseLimit: time.Second, UnbindLimit: 300 * time.Millisecond, Window: 20, Queue: 50}
		c := &esme.Client{Config: cfg, Addresses: []string{through.all[i].Listen},
			Backoff:    esme.Backoff{Min: 20 * time.Millisecond, Max: 200 * time.Millisecond, AlreadyBound: time.Millisecond, Good: time.Second},
			NewSession: func(string) *esme.Session { return esme.NewSession(cfg, &handler{books: b}, nil) }}
		clients[i] = c
		running.Go(func() { c.Run(context.Background()) })
	}

	// The load and the trouble.
	time1, stopTrouble := context.WithTimeout(context.Background(), lasting)
	defer stopTrouble()
	working, stopWork := context.WithCancel(context.Background())
	var loads, troubles sync.WaitGroup
	var mu sync.Mutex
	happened := map[string]int{}
	for i, b := range all {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		loads.Go(func() { load(working, clients[i], b) })
		troubles.Go(func() {
			mine := map[string]int{}
			through.trouble(time1, i, r, mine)
			mu.Lock()
			defer mu.Unlock()
			for name, n := range mine {
				happened[name] += n
			}
		})
	}
	var delivered sync.WaitGroup
	messages := 0
	tick := time.NewTicker(5 * time.Millisecond)
	for ; time1.Err() == nil; messages++ {
		select {
		case <-tick.C:
		case <-time1.Done():
		}
		name, text := all[messages%binds].name, strconv.Itoa(messages)
		delivered.Add(1)
		if err := simulator.Deliver(name, smsc.MO{From: "1", To: "2", Text: text}.PDU(), func(pdu.Status) { delivered.Done() }); err != nil {
			t.Fatal(err)
		}
	}
	tick.Stop()
	troubles.Wait()

	// It is quiet again: all binds come back, and what is open comes to its end.
	for _, c := range clients {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		if _, err := c.Bound(ctx); err != nil {
			t.Errorf("a bind does not come back: %v", err)
		}
		cancel()
	}
	stopWork()
	loads.Wait()
	delivered.Wait()
	for i, c := range clients {
		all[i].balance()
		c.Stop()
	}
	stopServing()
	running.Wait()
	for _, p := range through.all {
		p.Stop()
	}

	total, figures := 0, map[string]int{}
	for i, b := range all {
		b.audit(t)
		total += len(b.pages)
		for name, n := range b.figures {
			figures[name] += n
		}
		for n := i; n < messages; n += binds {
			if b.handled[strconv.Itoa(n)] == 0 {
				t.Errorf("%s: the message %d was answered, and never handled", b.name, n)
			}
		}
	}
	t.Logf("seed %d: %d requests accepted, %d messages delivered; ends and stops %v", seed, total, messages, figures)
	t.Logf("faults %v", happened)
	if total < 1000 || figures["lost"]+figures["refused"] == 0 {
		t.Error("that was no load, or no trouble")
	}
}
