package esme

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// What few sessions come to: each of these was wrong once, or would be noticed by no other test.
func TestMachineEdges(t *testing.T) {
	tests := []scenario{
		{"the own link check passes traffic, shown or not", func(t *testing.T) {
			for _, show := range []bool{false, true} {
				r := boundRig(t, Config{Window: Unlimited, Queue: Unlimited})
				r.m.cfg.ShowAutomatic = show
				for range 100 {
					r.send(r.submit("a"))
				}
				at, _ := r.m.Deadline()
				r.now = at
				r.m.Expire(r.now)
				names := append([]string{"enquire_link"}, strings.Fields(strings.Repeat("submit_sm ", 100))...)
				r.sent(names...)
				got := r.events()
				if first := got[0]; show != (first == "written(102)") {
					t.Fatalf("show_automatic %v: the first event is %s", show, first)
				}
				if want := map[bool]int{true: 101, false: 100}[show]; len(got) != want {
					t.Fatalf("show_automatic %v: %d results, want %d", show, len(got), want)
				}
			}
		}},
		{"a shown link check that did not go out is refused", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.m.cfg.ShowAutomatic = true
			r.send(r.submit("a"))
			r.m.TakeOutput(nil) // the peer does not read
			at, _ := r.m.Deadline()
			r.now = at
			r.m.Expire(r.now)
			r.m.Written(r.now, 3, errors.New("broken pipe"))
			r.m.Lost(r.now, Reason{Kind: KindSocketError})
			r.expect("refused(stopped unknown)", "refused(stopped never)", "stop(socket_error [])")
		}},
		{"stalled_limit goes on when the only request times out: that is no answer", func(t *testing.T) {
			r := boundRig(t, Config{Window: 1, StalledLimit: 90 * time.Second, ResponseLimit: 60 * time.Second, EnquireLinkLimit: Infinity})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.advance(time.Minute)
			r.expect("written(2)", "timeout(2)")
			r.send(r.submit("b"))
			r.sent("submit_sm")
			r.advance(30*time.Second - 1)
			r.expect("written(3)")
			r.advance(1)
			r.hangUp()
			r.expect("stop(timers: stalled [3])")
		}},
		{"stalled_limit does not run while all is answered", func(t *testing.T) {
			r := boundRig(t, Config{StalledLimit: 30 * time.Second, EnquireLinkLimit: Infinity})
			r.advance(time.Hour)
			r.send(r.submit("a"))
			r.receive(build(t, "submit_sm_resp", r.sent("submit_sm")[0].SequenceNumber(), pdu.ESME_ROK))
			r.advance(time.Hour)
			r.expect("written(2)", "resp(2 ESME_ROK)")
		}},
		{"stalled_limit as long as response_limit", func(t *testing.T) {
			r := boundRig(t, Config{StalledLimit: 10 * time.Second, ResponseLimit: 10 * time.Second, EnquireLinkLimit: Infinity})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.advance(10 * time.Second)
			r.hangUp()
			r.expect("written(2)", "timeout(2)", "stop(timers: stalled [])")
		}},
		{"requests stay in the queue while the peer does not read", func(t *testing.T) {
			r := boundRig(t, Config{Window: Unlimited, Queue: Unlimited})
			one := r.submit("a").Len()
			n := 2*maxOut/one + 1
			for range n {
				r.send(r.submit("a"))
			}
			if got := r.m.OutputLen(); got > maxOut+one || got < maxOut {
				t.Fatalf("%d octets wait to be written, want about %d", got, maxOut)
			}
			if r.m.Queued() == 0 || r.m.InFlight()+r.m.Queued() != n {
				t.Fatalf("%d in flight, %d in the queue, of %d", r.m.InFlight(), r.m.Queued(), n)
			}
			r.sent(strings.Fields(strings.Repeat("submit_sm ", n))...)
		}},
		{"a stop waits for answers that are deferred", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.receive(build(t, "deliver_sm", 5, pdu.ESME_ROK))
			r.expect("pdu(deliver_sm)")
			if err := r.m.Defer(r.now, r.in[0], time.Second); err != nil {
				t.Fatal(err)
			}
			r.m.Handled(r.now, r.in[0], nil)
			r.m.Stop(r.now, Reason{Kind: KindCustom})
			r.sent()
			if err := r.m.Reply(r.now, r.in[0], build(t, "deliver_sm_resp", 0, pdu.ESME_ROK)); err != nil {
				t.Fatal(err)
			}
			r.sent("deliver_sm_resp", "unbind")
		}},
		{"a request is answered in the session that it came in", func(t *testing.T) {
			a, b := boundRig(t, Config{}), boundRig(t, Config{})
			a.receive(build(t, "deliver_sm", 5, pdu.ESME_ROK))
			a.expect("pdu(deliver_sm)")
			if err := a.m.Defer(a.now, a.in[0], 0); err != nil {
				t.Fatal(err)
			}
			resp := build(t, "deliver_sm_resp", 0, pdu.ESME_ROK)
			invalid := &Error{Code: CodeInvalidPDU}
			if err := b.m.Reply(b.now, a.in[0], resp); !errors.Is(err, invalid) {
				t.Fatalf("reply: %v", err)
			}
			if err := b.m.Defer(b.now, a.in[0], 0); !errors.Is(err, invalid) {
				t.Fatalf("defer: %v", err)
			}
			b.sent()
			if err := a.m.Reply(a.now, a.in[0], resp); err != nil {
				t.Fatal(err)
			}
			a.sent("deliver_sm_resp")
		}},
		{"Z08 a bind that is answered after session_init", func(t *testing.T) {
			r := openRig(t, Config{})
			r.sent("bind_transceiver")
			r.advance(10 * time.Second)
			r.receive(build(t, "bind_transceiver_resp", 1, pdu.ESME_ROK))
			r.hangUp()
			r.expect("note", "stop(timers: session_init [])")
			if r.m.bound || r.m.Counters().Late != 1 {
				t.Fatalf("bound %v, %d late", r.m.bound, r.m.Counters().Late)
			}
		}},
		{"the first reason wins over an Init that takes too long", func(t *testing.T) {
			r := &rig{t: t, m: NewMachine(Config{}), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
			r.m.Connected(r.now)
			r.m.writing = true // so that it cannot end at once
			r.m.Lost(r.now, Reason{Kind: KindSocketError, Detail: "reset"})
			r.m.phase = opening
			r.advance(5 * time.Second)
			r.m.Written(r.now, 0, nil)
			r.expect("stop(socket_error: reset [])")
		}},
		{"what a peer sent and is sent on is a copy", func(t *testing.T) {
			r := boundRig(t, Config{Window: 1})
			for _, text := range []string{"first", "other"} {
				octets := build(t, "deliver_sm", 5, pdu.ESME_ROK, "destination_addr", text).AppendTo(nil)
				var in pdu.PDU
				if err := in.Decode(octets); err != nil {
					t.Fatal(err)
				}
				r.send(&in)
				clear(octets) // the next read
			}
			got := r.sent("deliver_sm")[0]
			r.receive(build(t, "deliver_sm_resp", got.SequenceNumber(), pdu.ESME_ROK))
			next := r.sent("deliver_sm")[0]
			if a, b := got.Str(pdu.FieldDestinationAddr), next.Str(pdu.FieldDestinationAddr); a != "first" || b != "other" {
				t.Fatalf("sent %q and %q", a, b)
			}
			for _, e := range r.m.TakeEvents(nil) {
				if e.Original != nil && e.Original.Str(pdu.FieldDestinationAddr) == "" {
					t.Fatalf("the original of event %d is overwritten", e.Kind)
				}
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.run)
	}
}
