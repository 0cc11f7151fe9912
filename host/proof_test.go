package host

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

// environ is a number that the environment may give a test.
func environ(name string, otherwise uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// Fifty binds under traffic both ways, whose ten scripts are saved in every way that editors have and broken in every
// way that people have, at random. No session ends, each message is taken once, each bind counts on and keeps its
// timer, and a request that old code has sent has its response in the new. RELOAD_CHANGES says how many changes,
// RELOAD_SEED repeats a run.
func TestChangesUnderTraffic(t *testing.T) {
	const scripts, bindsEach = 10, 5
	changes, seed := environ("RELOAD_CHANGES", 60), environ("RELOAD_SEED", rand.Uint64())
	t.Logf("RELOAD_SEED=%d RELOAD_CHANGES=%d", seed, changes)
	p := &proof{seen: map[string]*account{}}
	files := map[string]string{}
	yaml := "defaults: { error_intensity: { count: 1, within: 1h }, session_init_limit: 1h, enquire_link_resp_limit: 1h, response_limit: 1h, limits: { instructions: 20_000, load_instructions: 50_000, time: 1m, load_time: 1m, init_time: 1m } }\nbinds:\n"
	var editors []*editor
	for i := range scripts {
		e := newEditor(p, i, rand.New(rand.NewPCG(seed, uint64(i))))
		files[e.main()], files[e.part()] = e.source, e.module
		for j := range bindsEach {
			name := fmt.Sprintf("b%d-%d", i, j)
			e.binds = append(e.binds, name)
			p.seen[name] = newAccount()
			yaml += fmt.Sprintf("  %s: { smsc: SMSC, system_id: %s, script: %s, reload: %s }\n", name, name, e.main(), [...]string{reloadTogether, reloadEach}[i%2])
		}
		editors = append(editors, e)
	}
	minute := trialTime
	trialTime = time.Hour
	t.Cleanup(func() { trialTime = minute })
	began := time.Now()
	p.world = newWorldWith(t, files, yaml, smsc.Config{Latency: 3 * time.Millisecond, Window: 1000, Observe: p.observe})
	traffic, endTraffic := context.WithCancel(t.Context())
	var talking, editing sync.WaitGroup
	talking.Go(func() { p.talk(traffic, editors) })
	for i, e := range editors {
		n := changes / scripts
		if uint64(i) < changes%scripts {
			n++
		}
		editing.Go(func() {
			for range n {
				if !e.change() {
					t.Errorf("%s: change %d, %s, has not done what it should", e.folder, e.n, e.kind)
					return
				}
			}
		})
	}
	editing.Wait()
	endTraffic()
	talking.Wait()
	if t.Failed() {
		t.Log(p.world.log.String())
		return
	}
	p.quiet()
	crossed, done := 0, map[string]int{}
	for _, e := range editors {
		for k, n := range e.done {
			done[k] += n
		}
		for _, bind := range e.binds {
			crossed += p.check(e, bind, time.Since(began))
		}
	}
	t.Logf("%d messages in, %d out, %d responses in newer code than their request's; %v", p.delivered.Load(), p.submitted.Load(), crossed, done)
	if crossed == 0 {
		t.Error("no request was in flight over a change: this proves nothing")
	}
}

// proof is what the simulator saw.
type proof struct {
	world                *world
	delivered, submitted atomic.Int64

	mu   sync.Mutex
	seen map[string]*account
}

// account is what passed between the simulator and one bind.
type account struct {
	sessions  int
	open      map[uint32]string // messages to the bind without an answer, by sequence number
	tries     map[string]int    // by text
	taken     map[string]bool
	waiting   int // messages to the bind that were not answered even once
	submitted int // messages from it; its script numbers them
	wrong     []string
}

func newAccount() *account {
	return &account{open: map[uint32]string{}, tries: map[string]int{}, taken: map[string]bool{}}
}

func (p *proof) observe(e smsc.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := e.SystemID
	if name == "" {
		name = e.PDU.Str(pdu.FieldSystemID) // it is binding
	}
	a, seq := p.seen[name], e.PDU.SequenceNumber()
	wrong := func(format string, args ...any) { a.wrong = append(a.wrong, fmt.Sprintf(format, args...)) }
	switch e.PDU.CommandID() {
	case pdu.CmdBindTransceiver:
		a.sessions++
	case pdu.CmdDeliverSM:
		p.delivered.Add(1)
		text, _ := e.PDU.Text()
		a.open[seq] = text
		a.tries[text]++
	case pdu.CmdDeliverSMResp:
		text, ok := a.open[seq]
		delete(a.open, seq)
		switch {
		case !ok:
			wrong("an answer to number %d, which was answered already, or never sent", seq)
		case e.PDU.CommandStatus() == pdu.ESME_ROK:
			a.taken[text] = true
		case e.PDU.CommandStatus() != pdu.ESME_RX_T_APPN:
			wrong("answered %s", e.PDU.CommandStatus())
		}
	case pdu.CmdSubmitSM:
		p.submitted.Add(1)
		a.submitted++
		text, _ := e.PDU.Text()
		if n, _, _ := strings.Cut(text, " "); n != strconv.Itoa(a.submitted) {
			wrong("message %d says %q", a.submitted, text)
		}
	}
}

// talk sends messages to all binds in turn, a thousand a second if the machine has time for them.
func (p *proof) talk(ctx context.Context, editors []*editor) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, e := range editors {
			for j := range 2 {
				p.deliver(e.binds[(2*n+j)%len(e.binds)], strconv.Itoa(n))
			}
		}
	}
}

// deliver sends a message to a bind, unless a few wait for it already.
func (p *proof) deliver(bind, text string) {
	p.mu.Lock()
	a := p.seen[bind]
	busy := a.waiting == 3
	if !busy {
		a.waiting++
	}
	p.mu.Unlock()
	if busy {
		return
	}
	err := p.world.sim.Deliver(bind, smsc.MO{From: "1", To: "2", Text: text}.PDU(), func(pdu.Status) {
		p.mu.Lock()
		a.waiting--
		p.mu.Unlock()
	})
	if err != nil {
		p.world.t.Errorf("%s: %v", bind, err)
	}
}

// quiet waits until all that was sent is answered. What a script failed at is sent again by the simulator.
func (p *proof) quiet() {
	eventually(p.world.t, "every message is taken, every request answered", func() bool {
		for _, s := range p.world.host.Status() {
			if s.InFlight+s.Queued+s.Mailbox > 0 {
				return false
			}
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, a := range p.seen {
			for text, n := range a.tries {
				if !a.taken[text] && n < 5 { // then the simulator gives up, as an SMSC does
					return false
				}
			}
			if len(a.open) > 0 {
				return false
			}
		}
		return true
	})
}

// check compares what a bind says of itself with what the simulator saw of it.
func (p *proof) check(e *editor, bind string, ran time.Duration) (crossed int) {
	t := p.world.t
	numbers := e.numbers(bind)
	s := p.world.status(bind)
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.seen[bind]
	for _, w := range a.wrong[:min(3, len(a.wrong))] {
		t.Errorf("%s: %s", bind, w)
	}
	most := int(ran/(100*time.Millisecond)) + 1
	switch {
	case a.sessions != 1 || s.Session != 1 || s.State != "bound":
		t.Errorf("%s: %d sessions; %+v", bind, a.sessions, s)
	case numbers["n"] != a.submitted || numbers["results"] != a.submitted || numbers["responses"] != a.submitted:
		t.Errorf("%s: sent %d, and in its state: %v", bind, a.submitted, numbers)
	case numbers["n"] != len(a.taken):
		t.Errorf("%s: took %d messages, and in its state: %v", bind, len(a.taken), numbers)
	case numbers["ticks"] == 0 || numbers["ticks"] > most:
		t.Errorf("%s: %d ticks of its timer, at most %d would be right", bind, numbers["ticks"], most)
	case s.Generation != 1+e.taken:
		t.Errorf("%s: generation %d after %d changes of code", bind, s.Generation, e.taken)
	}
	return numbers["crossed"]
}

// numbers asks a bind for its state.
func (e *editor) numbers(bind string) map[string]int {
	all := map[string]int{}
	target, err := e.world.host.Target(bind)
	var v vm.Data
	if err == nil {
		v, err = target.Call(context.Background(), "numbers")
	}
	if err != nil {
		e.world.t.Errorf("%s: %v", bind, err)
		return all
	}
	for k, v := range v.(*vm.Table).Hash {
		all[k.(string)] = int(v.(float64))
	}
	return all
}
