package esme

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// Link checks and their answers pass by all that holds messages up.
func TestLinkChecksPassBy(t *testing.T) {
	for name, hold := range map[string]func(r *rig){
		"the window": func(r *rig) { r.m.cfg.Window = 1 },
		"the rate":   func(r *rig) { r.m.Tune(r.now, Config{TPS: 0.1, EnquireLinkLimit: 2 * time.Second}) },
		"the brake": func(r *rig) {
			r.send(r.submit("0"))
			r.sent("submit_sm")
			r.respond(2, pdu.ESME_RTHROTTLED)
		},
		"the handler": func(r *rig) { r.m.Hold(r.now, true); r.m.Busy(true) },
		"a stop":      func(r *rig) { r.send(r.submit("0")); r.m.Stop(r.now, Reason{Kind: KindCustom}) },
	} {
		t.Run(name, func(t *testing.T) {
			r := boundRig(t, Config{EnquireLinkLimit: 2 * time.Second, EnquireLinkRespLimit: time.Hour})
			hold(r)
			for range 20 {
				r.m.Send(r.now, r.submit("1"), nil)
			}
			r.now = r.now.Add(2 * time.Second)
			r.m.Expire(r.now)
			r.receive(build(t, "enquire_link", 9, pdu.ESME_ROK))
			b := r.m.TakeOutput(nil)
			var got []string
			for range 2 {
				p, n := new(pdu.PDU), int(b[3])
				if err := p.Decode(b[:n]); err != nil {
					t.Fatal(err)
				}
				got, b = append(got, p.CommandID().String()), b[n:]
			}
			if !slices.Equal(got, []string{"enquire_link", "enquire_link_resp"}) {
				t.Fatalf("what goes out begins with %v", got)
			}
		})
	}
}

// A session has one timer, which is left as it is while PDUs pass: what is due next only comes later by them.
func TestNoTimerIsArmedForAPDU(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mine, theirs := net.Pipe()
		s := NewSession(Config{InactivityLimit: time.Minute, StalledLimit: time.Minute}, silent{}, nil)
		over := make(chan struct{})
		go func() { s.Run(context.Background(), mine); close(over) }()
		answerBind(theirs, pdu.ESME_ROK, 0)
		s.Bound(t.Context())
		synctest.Wait()
		armed := func() time.Time {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.timerAt
		}
		before := armed()
		for i := range 1000 {
			go s.Send(headerOnly(pdu.CmdQuerySM, pdu.ESME_ROK))
			b := make([]byte, 64)
			n, err := theirs.Read(b)
			var p pdu.PDU
			if err != nil || p.Decode(b[:n]) != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
			resp := headerOnly(pdu.CmdQuerySMResp, pdu.ESME_ROK)
			resp.SetSequence(p.SequenceNumber())
			theirs.Write(resp.AppendTo(nil))
			if at := armed(); !at.Equal(before) {
				t.Fatalf("after %d requests the timer is armed for another time: %v and %v", i+1, before, at)
			}
		}
		theirs.Close()
		<-over
	})
}

// With nothing automatic a session does nothing by itself: all is the handler's.
func TestNothingIsAutomatic(t *testing.T) {
	r := openRig(t, Config{Automatic: AutoNone, EnquireLinkLimit: time.Second})
	r.sent()
	r.send(build(t, "bind_transceiver", 0, pdu.ESME_ROK))
	r.sent("bind_transceiver")
	r.receive(build(t, "bind_transceiver_resp", 1, pdu.ESME_ROK))
	r.expect("written(1)", "resp(1 ESME_ROK)")
	r.advance(5 * time.Second)
	for seq, command := range []string{"enquire_link", "deliver_sm", "unbind"} {
		r.receive(build(t, command, uint32(seq+1), pdu.ESME_ROK))
		r.expect("pdu(" + command + ")")
		r.m.Handled(r.now, r.in[seq], errors.New("boom"))
	}
	r.octets([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 7})
	r.expect("unparsed")
	r.sent()
	r.m.Stop(r.now, Reason{Kind: KindCustom})
	r.sent()
	r.hangUp()
	r.expect("stop(custom [])")
}

// A client starts again as its policy says.
func TestRestart(t *testing.T) {
	ended := func(exit string) Outcome { return Outcome{Exit: Exit{Exit: exit, Bound: true}} }
	for _, tt := range []struct {
		last                            Outcome
		permanent, transient, temporary bool
	}{
		{ended("normal"), true, false, false},
		{ended("shutdown"), true, false, false},
		{ended("something else"), true, true, false},
		{ended(exitPanic), true, true, false},
		{Outcome{Err: errors.New("refused")}, true, true, false},
	} {
		for policy, want := range map[Restart]bool{"": tt.permanent, Permanent: tt.permanent, Transient: tt.transient, Temporary: tt.temporary} {
			if got := policy.Again(tt.last); got != want {
				t.Errorf("%q after %+v: again %t", policy, tt.last, got)
			}
		}
	}
}

// A context ends what waits, and nothing of it is left in the session. That no goroutine is left either, each run of these
// tests checks at its end.
func TestContextsEndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mine, theirs := net.Pipe()
		cfg := Config{Window: 1, Queue: 2, EnquireLinkLimit: Infinity, ResponseLimit: Infinity, UnbindLimit: time.Millisecond}
		s := NewSession(cfg, mute{}, nil)
		run, end := context.WithCancel(context.Background())
		over := make(chan Exit)
		go func() { over <- s.Run(run, mine) }()
		answerBind(theirs, pdu.ESME_ROK, 0)
		s.Bound(t.Context())
		go func() { // reads, and answers nothing
			for b := make([]byte, 4096); ; {
				if _, err := theirs.Read(b); err != nil {
					theirs.Close()
					return
				}
			}
		}()
		query := func() *pdu.PDU { return headerOnly(pdu.CmdQuerySM, pdu.ESME_ROK) }
		ctx, cancel := context.WithCancel(context.Background())
		errs := make(chan error, 7)
		wait := func(fn func() error) {
			go func() { errs <- fn() }()
			synctest.Wait()
		}
		for range 3 { // one in flight, two in the queue
			wait(func() error { _, err := s.Request(ctx, query()); return err })
		}
		wait(func() error { return s.SendWait(ctx, query()) })
		wait(func() error { _, err := s.Call(ctx, 1); return err })
		unbound := &Client{Addresses: []string{"a:1"}}
		wait(func() error { _, err := unbound.Bound(ctx); return err })
		wait(func() error {
			_, err := NewSession(cfg, silent{}, nil).Call(ctx, 1) // one that does not run
			return err
		})
		cancel()
		for range 7 {
			if err := <-errs; !errors.Is(err, &Error{Code: CodeTimeout}) {
				t.Errorf("got %v", err)
			}
		}
		if st := s.Status(); st.Queued != 0 || st.InFlight != 1 { // that one's response is still to come, and is late then
			t.Errorf("%d wait, %d in flight", st.Queued, st.InFlight)
		}
		end()
		if exit := <-over; exit.Reason.Kind != KindShutdown {
			t.Errorf("exit %+v", exit)
		}
	})
}

// mute answers no call.
type mute struct{ silent }

func (mute) HandleCall(any, *From) {}
