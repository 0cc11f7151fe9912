package esme

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

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
