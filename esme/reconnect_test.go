package esme

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// fakeSMSC answers binds over in-process pipes and cuts all of them at a word.
type fakeSMSC struct {
	mu     sync.Mutex
	status pdu.Status
	down   bool
	conns  []net.Conn
	dials  []dialled
	serves sync.WaitGroup
}

type dialled struct {
	at      time.Time
	address string
}

func (f *fakeSMSC) dial(_ context.Context, _, address string) (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dials = append(f.dials, dialled{time.Now(), address})
	if f.down {
		return nil, errors.New("connection refused")
	}
	mine, theirs := net.Pipe()
	f.conns = append(f.conns, mine)
	status := f.status
	f.serves.Go(func() {
		defer mine.Close()
		if answerBind(mine, status, 0) {
			io.Copy(io.Discard, mine)
		}
	})
	return theirs, nil
}

// answerBind reads a bind and answers it after a delay. It reports false when none came.
func answerBind(conn net.Conn, status pdu.Status, delay time.Duration) bool {
	b := make([]byte, 4096)
	n, err := conn.Read(b)
	var p pdu.PDU
	if err != nil || p.Decode(b[:n]) != nil {
		return false
	}
	time.Sleep(delay)
	resp, _ := p.CommandID().Response()
	answer := headerOnly(resp, status)
	answer.SetSequence(p.SequenceNumber())
	_, err = conn.Write(answer.AppendTo(nil))
	return err == nil
}

// fall cuts all sessions; rise takes new ones.
func (f *fakeSMSC) fall() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = true
	for _, c := range f.conns {
		c.Close()
	}
	f.conns = nil
}

func (f *fakeSMSC) rise() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = false
	f.dials = nil
}

func (f *fakeSMSC) client(cfg Config) *Client {
	c := &Client{Config: cfg, Addresses: []string{"a:1", "b:1"}, Dialer: &Dialer{DialContext: f.dial}}
	c.NewSession = func(string) *Session { return NewSession(c.Config, silent{}, nil) }
	return c
}

// quiet switches off what would make an idle session speak: the fake reads one PDU.
var quiet = Config{SystemID: "a", EnquireLinkLimit: Infinity, UnbindLimit: time.Millisecond}

func TestBindsThatFallTogetherDoNotRiseInStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeSMSC{}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var running sync.WaitGroup
		const binds = 1000
		all := make([]*Client, binds)
		for i := range all {
			all[i] = f.client(quiet)
			running.Go(func() { all[i].Run(ctx) })
		}
		for _, c := range all {
			if _, err := c.Bound(ctx); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute) // made-up time: the sessions are good ones
		f.fall()
		time.Sleep(2 * time.Minute)
		f.rise()
		began := time.Now()
		for _, c := range all {
			if _, err := c.Bound(ctx); err != nil {
				t.Fatal(err)
			}
		}
		buckets := map[time.Duration]int{}
		peak := 0
		for _, d := range f.dials {
			b := d.at.Sub(began).Truncate(time.Second)
			buckets[b]++
			peak = max(peak, buckets[b])
		}
		t.Logf("%d binds back in %v, at most %d connects in a second", binds, time.Since(began).Round(time.Millisecond), peak)
		if peak > binds/10 || len(f.dials) != binds || time.Since(began) > time.Minute {
			t.Errorf("%d connects in one second, %d connects, all back after %v", peak, len(f.dials), time.Since(began))
		}
		cancel()
		running.Wait()
		f.serves.Wait()
	})
}

func TestDelays(t *testing.T) {
	failed := Outcome{Err: errors.New("refused")}
	for name, tt := range map[string]struct {
		before       []Outcome
		last         Outcome
		floor, below time.Duration
	}{
		"the first failure": {nil, failed, 0, time.Second + 1},
		"the fourth":        {[]Outcome{failed, failed, failed}, failed, 0, 8*time.Second + 1},
		"very many": {[]Outcome{failed, failed, failed, failed, failed, failed, failed, failed, failed, failed}, failed,
			0, time.Minute + 1},
		"a short session is a failure":       {[]Outcome{failed, failed, failed}, Outcome{Exit: Exit{Bound: true}, Lived: 10*time.Second - 1}, 0, 8*time.Second + 1},
		"a session that was never bound too": {[]Outcome{failed, failed, failed}, Outcome{Lived: time.Hour}, 0, 8*time.Second + 1},
		"a good session starts anew":         {[]Outcome{failed, failed, failed}, Outcome{Exit: Exit{Bound: true}, Lived: 10 * time.Second}, 0, time.Second + 1},
		"already bound": {nil, Outcome{Exit: Exit{Reason: Reason{Kind: KindBindFailed, Detail: "ESME_RALYBND"}}},
			10 * time.Second, 11*time.Second + 1},
	} {
		t.Run(name, func(t *testing.T) {
			var upper, lower int
			for range 1000 {
				d := newDelays(Backoff{})
				for _, o := range tt.before {
					d.next(o)
				}
				got := d.next(tt.last)
				if got < tt.floor || got >= tt.below {
					t.Fatalf("a delay of %v, want %v to %v", got, tt.floor, tt.below)
				}
				if got < (tt.floor+tt.below)/2 {
					lower++
				} else {
					upper++
				}
			}
			if lower < 300 || upper < 300 { // full jitter: evenly over the whole of it
				t.Errorf("%d of 1000 delays in the lower half", lower)
			}
		})
	}
}

// A failure moves on to the next address; a good session stays at its own.
func TestAddressesAreTriedInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeSMSC{down: true}
		c := f.client(quiet)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan Outcome, 1)
		go func() { ended <- c.Run(ctx) }()
		for len(f.tried()) < 3 {
			time.Sleep(time.Second)
		}
		for i, a := range f.tried() {
			if want := []string{"a:1", "b:1"}[i%2]; a != want {
				t.Fatalf("try %d went to %s", i, a)
			}
		}
		f.rise()
		if _, err := c.Bound(ctx); err != nil {
			t.Fatal(err)
		}
		first := f.tried()
		time.Sleep(time.Minute)
		f.fall()
		synctest.Wait()
		f.rise()
		if _, err := c.Bound(ctx); err != nil {
			t.Fatal(err)
		}
		if again := f.tried(); again[0] != first[len(first)-1] {
			t.Errorf("after a good session at %v the first try went to %v", first, again)
		}
		cancel()
		if o := <-ended; !o.Exit.Bound || o.Exit.Reason.Kind != KindShutdown {
			t.Errorf("%+v", o)
		}
		if st := c.Status(); st.State != "stopped" || st.Sessions != 2 {
			t.Errorf("%+v", st)
		}
		if _, err := c.Bound(context.Background()); !errors.Is(err, &Error{Code: CodeStopped}) {
			t.Errorf("waiting for a client that has ended: %v", err)
		}
		f.serves.Wait()
	})
}

func (f *fakeSMSC) tried() (addresses []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range f.dials {
		addresses = append(addresses, d.address)
	}
	return addresses
}

// The limit of connecting and Init together: an Init that hangs is a session that ends.
func TestTimeoutIncludesInit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeSMSC{}
		c := f.client(quiet)
		c.Restart = Temporary
		c.NewSession = func(string) *Session { return NewSession(c.Config, slowInit{}, nil) }
		began := time.Now()
		o := c.Run(context.Background())
		if o.Exit.Reason != (Reason{Kind: KindTimers, Detail: "session_init"}) || time.Since(began) != 6*time.Second {
			t.Errorf("%+v after %v", o, time.Since(began))
		}
		f.fall()
		f.serves.Wait()
	})
}

// silent is Base without its log lines.
type silent struct{ Base }

func (silent) HandleStop(Reason, []*pdu.PDU) string { return "normal" }

type slowInit struct{ silent }

func (slowInit) Init(*Session) error { time.Sleep(6 * time.Second); return nil }

// slowSMSC answers the bind late and hangs up soon after that.
func slowSMSC(context.Context, string, string) (net.Conn, error) {
	mine, theirs := net.Pipe()
	go func() {
		defer mine.Close()
		if answerBind(mine, pdu.ESME_ROK, 9900*time.Millisecond) {
			time.Sleep(200 * time.Millisecond)
		}
	}()
	return theirs, nil
}

// A session lives from its bind on: one that took long to bind and ended at once is a failure.
func TestASessionLivesFromItsBindOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Client{Config: quiet, Addresses: []string{"a:1"}, Dialer: &Dialer{DialContext: slowSMSC}, Restart: Temporary}
		c.NewSession = func(string) *Session { return NewSession(c.Config, silent{}, nil) }
		o := c.Run(t.Context())
		if !o.Exit.Bound || o.Lived < 200*time.Millisecond || o.Lived > 2*time.Second {
			t.Fatalf("bound %v, lived %v, want 200 ms or little more", o.Exit.Bound, o.Lived)
		}
		if newDelays(Backoff{}).good(o) {
			t.Fatal("it passes for a good session")
		}
	})
}

// However late the process comes to a turn, those after it do not make up for that at once: a connect begins with the
// turn before, or after it, and what is saved meanwhile is no more than a start has.
func TestConnectsAreSpreadByABusyProcess(t *testing.T) {
	var p pace
	p.begin(0)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var begun []time.Time
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		for {
			wait := take(p.limiter, now)
			if wait == 0 {
				break
			}
			now = now.Add(wait)
			if random.IntN(50) == 0 { // nothing of the process runs
				now = now.Add(time.Duration(random.IntN(2000)) * time.Millisecond)
			}
		}
		begun = append(begun, now)
	}
	const within = 100 * time.Millisecond
	most := connectBurst + defaultConnectRate*int(within)/int(time.Second) + 1
	for i := most; i < len(begun); i++ {
		if d := begun[i].Sub(begun[i-most]); d < within {
			t.Fatalf("%d connects within %v", most+1, d)
		}
	}
}
