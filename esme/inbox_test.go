package esme

import (
	"errors"
	"testing"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// What fills by what a peer or a script does has a bound.
func TestBoundsOfTheMachine(t *testing.T) {
	full := &Error{Code: CodeQueueFull}
	for _, c := range []struct {
		name string
		run  func(t *testing.T)
	}{
		{"deferred answers", func(t *testing.T) {
			r := boundRig(t, Config{Mailbox: 2})
			for seq := range uint32(3) {
				r.receive(build(t, "deliver_sm", seq+1, pdu.ESME_ROK))
			}
			r.events()
			for i, in := range r.in {
				if err := r.m.Defer(r.now, in, 0); errors.Is(err, full) != (i == 2) {
					t.Fatalf("%d: %v", i, err)
				}
			}
			if err := r.m.Defer(r.now, r.in[0], time.Minute); err != nil {
				t.Fatalf("a new limit for one that is deferred: %v", err)
			}
		}},
		{"replies to a peer that does not read: ESME_RX_T_APPN is what is left to say", func(t *testing.T) {
			r := boundRig(t, Config{Backlog: 100})
			for seq := range uint32(10) {
				r.receive(build(t, "deliver_sm", seq+1, pdu.ESME_ROK))
			}
			r.events()
			accepted := 0
			for _, in := range r.in {
				err := r.m.Reply(r.now, in, build(t, "deliver_sm_resp", 0, pdu.ESME_ROK))
				if err == nil {
					accepted++
				} else if !errors.Is(err, full) {
					t.Fatal(err)
				}
				r.m.Handled(r.now, in, nil)
			}
			if accepted != 6 { // of 17 octets
				t.Fatalf("%d accepted", accepted)
			}
			if err := r.m.SendRaw(r.now, make([]byte, 16)); !errors.Is(err, full) {
				t.Fatalf("octets as they are: %v", err)
			}
			if err := r.m.Send(r.now, build(t, "deliver_sm_resp", 99, pdu.ESME_ROK), nil); !errors.Is(err, full) {
				t.Fatalf("an answer by hand: %v", err)
			}
			r.flush()
			for seq := uint32(1); len(r.wire) > 0; seq++ {
				n, _ := pdu.FrameLength(r.wire, 1<<16)
				p := new(pdu.PDU)
				if err := p.Decode(r.wire[:n]); err != nil {
					t.Fatal(err)
				}
				r.wire = r.wire[n:]
				if p.CommandID() == pdu.CmdBindTransceiver {
					seq--
					continue
				}
				if want := map[bool]pdu.Status{true: pdu.ESME_ROK, false: pdu.ESME_RX_T_APPN}[seq <= 6]; p.SequenceNumber() != seq || p.CommandStatus() != want {
					t.Fatalf("answer %v, want %d %s", p, seq, want)
				}
			}
		}},
		{"PDUs that cannot be sent, behind a write that does not end", func(t *testing.T) {
			r := boundRig(t, Config{Window: Unlimited, Queue: 5})
			r.send(r.submit("1"))
			r.m.TakeOutput(nil)
			r.send(r.submit("2"))
			accepted := 0
			for range 2 * maxMarks {
				if r.m.Send(r.now, r.submit("123456789012345678901"), nil) == nil {
					accepted++
				}
			}
			if accepted > maxMarks+5 {
				t.Fatalf("%d accepted", accepted)
			}
		}},
		{"notes", func(t *testing.T) {
			var x inbox
			for range 100 {
				x.add(&Event{Kind: EventNote, Note: "a"})
			}
			batch := x.take(nil)
			if n := len(batch); n != maxNotes+1 || batch[maxNotes].event.Note != "84 more like these" {
				t.Fatalf("%d notes, the last is %q", n, batch[n-1].event.Note)
			}
			x.add(&Event{Kind: EventNote, Note: "b"})
			if batch := x.take(nil); len(batch) != 1 || batch[0].event.Note != "b" {
				t.Fatalf("then %v", batch)
			}
		}},
	} {
		t.Run(c.name, c.run)
	}
}

// The limit for a response begins when the request has left, not when it was put into a buffer.
func TestResponseLimitBeginsWithTheWrite(t *testing.T) {
	r := boundRig(t, Config{EnquireLinkLimit: Infinity})
	r.send(r.submit("a"))
	b := r.m.TakeOutput(nil)
	r.now = r.now.Add(59 * time.Second)
	r.m.Written(r.now, len(b), nil)
	r.expect("written(2)")
	r.advance(60*time.Second - 1)
	r.expect()
	r.advance(1)
	r.expect("timeout(2)")
}
