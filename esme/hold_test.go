package esme

import (
	"errors"
	"strings"
	"testing"

	"github.com/esmehost/esmehost/pdu"
)

// heavy is a request of n times 60,000 octets.
func (r *rig) heavy(n int) *pdu.PDU {
	cmd, _ := pdu.CommandByName("submit_sm")
	b := pdu.NewBuilder(cmd)
	for range n {
		b.AddTLV(0x1401, strings.Repeat("x", 60_000))
	}
	return b.Build()
}

// O5: a consumer that has enough before it of what became of its PDUs gets no more of it than is on its way.
func TestMachineHolds(t *testing.T) {
	full := &Error{Code: CodeQueueFull, Written: WrittenNever}
	runAll(t, []scenario{
		{"what is accepted stays in the queue, in its order, and goes when it is let go", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.m.Hold(r.now, true)
			r.send(r.submit("b"))
			r.send(build(t, "alert_notification", 0, pdu.ESME_ROK))
			r.sent()
			r.respond(2, pdu.ESME_ROK)
			r.expect("written(2)", "resp(2 ESME_ROK)")
			r.m.Hold(r.now, false)
			r.sent("submit_sm", "alert_notification")
			r.expect("written(3)", "written(4)")
		}},
		{"who waits goes on, as long as nothing is before him that stays", func(t *testing.T) {
			r := boundRig(t, Config{Window: 1})
			r.m.Hold(r.now, true)
			r.ask("a")
			r.ask("b") // for the window
			r.send(r.submit("c"))
			r.ask("d")
			r.sent("submit_sm")
			r.expect()
			r.respond(2, pdu.ESME_ROK)
			r.sent("submit_sm")
			r.expect("answer(<nil>)", "answer("+errBehind.Error()+")")
			r.respond(3, pdu.ESME_ROK)
			r.sent()
			r.expect("answer(<nil>)")
			if n := r.m.Queued(); n != 1 {
				t.Fatalf("%d wait", n)
			}
		}},
		{"who waits already, behind what stays, is turned away", func(t *testing.T) {
			r := boundRig(t, Config{Window: 1})
			for _, to := range []string{"a", "b"} {
				r.send(r.submit(to))
			}
			r.ask("c")
			r.sent("submit_sm")
			r.m.Hold(r.now, true)
			r.expect("written(2)", "answer("+errBehind.Error()+")")
		}},
		{"who waits is turned away when the one before what stays gives up", func(t *testing.T) {
			r := boundRig(t, Config{Window: 1})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			first := r.ask("b")
			r.send(r.submit("c"))
			r.ask("d")
			r.m.Hold(r.now, true)
			r.expect("written(2)")
			r.m.Cancel(first)
			r.expect("answer(" + errBehind.Error() + ")")
		}},
		{"who waits is turned away when nobody waits any more for the one before what stays", func(t *testing.T) {
			r := boundRig(t, Config{Window: 1})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			first := r.ask("b")
			r.send(r.submit("c"))
			r.ask("d")
			r.m.Hold(r.now, true)
			r.expect("written(2)")
			first.gone = goes
			r.respond(2, pdu.ESME_ROK)
			r.expect("resp(2 ESME_ROK)", "answer("+errBehind.Error()+")")
		}},
		{"who comes to wait behind what stays is turned away", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.m.Hold(r.now, true)
			r.send(r.submit("a"))
			r.ask("b")
			r.expect("answer(" + errBehind.Error() + ")")
		}},
		{"one who left stays: the response is the consumer's", func(t *testing.T) {
			r := boundRig(t, Config{Window: 1})
			r.send(r.submit("a"))
			w := r.ask("b")
			w.gone = goes
			r.sent("submit_sm")
			r.m.Hold(r.now, true)
			r.respond(2, pdu.ESME_ROK)
			r.sent()
			r.expect("written(2)", "resp(2 ESME_ROK)")
		}},
		{"a reply is refused, and the peer keeps its message", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.receive(build(t, "deliver_sm", 9, pdu.ESME_ROK))
			r.expect("pdu(deliver_sm)")
			r.m.Hold(r.now, true)
			if err := r.m.Reply(r.now, r.in[0], build(t, "deliver_sm_resp", 0, pdu.ESME_ROK)); !errors.Is(err, full) {
				t.Fatalf("a reply: %v", err)
			}
			if err := r.m.Send(r.now, build(t, "deliver_sm_resp", 9, pdu.ESME_ROK), nil); !errors.Is(err, full) {
				t.Fatalf("a response by hand: %v", err)
			}
			r.m.Handled(r.now, r.in[0], nil)
			if got := r.sent("deliver_sm_resp")[0].CommandStatus(); got != pdu.ESME_RX_T_APPN {
				t.Fatalf("answered %s", got)
			}
		}},
		{"an own stop does not wait for it for ever", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.m.Hold(r.now, true)
			r.send(r.submit("a"))
			r.m.Stop(r.now, Reason{Kind: KindCustom})
			r.sent()
			r.advance(r.m.cfg.UnbindLimit)
			r.sent("unbind")
			r.advance(r.m.cfg.UnbindLimit)
			r.hangUp()
			r.expect("refused(stopped never)", "stop(custom [])")
		}},
	})
}

// O5: a queue and a window hold a PDU a place, or as many octets as are 64 KiB for each.
func TestPlacesAreOctetsToo(t *testing.T) {
	r := boundRig(t, Config{Window: 10, Queue: 10, MaxPDUSize: 1 << 20})
	count := func() (n int) {
		for {
			err := r.m.Send(r.now, r.heavy(5), nil)
			if err != nil {
				if !errors.Is(err, &Error{Code: CodeQueueFull}) {
					t.Fatal(err)
				}
				return n
			}
			n++
			for b := r.m.TakeOutput(nil); b != nil; b = r.m.TakeOutput(nil) {
				r.m.Written(r.now, len(b), nil)
			}
		}
	}
	if n := count(); n != 6 || r.m.InFlight() != 3 || r.m.Queued() != 3 {
		t.Fatalf("%d of 300,000 octets are accepted: %d in flight, %d wait", n, r.m.InFlight(), r.m.Queued())
	}
	r.respond(2, pdu.ESME_ROK)
	if n := count(); n != 1 {
		t.Fatalf("%d more in the place of one", n)
	}
	who := boundRig(t, Config{Window: 1, Queue: 1})
	who.ask("a")
	who.m.Cancel(who.ask("b"))
	if who.m.queued != 0 {
		t.Fatalf("%d octets of what was taken out", who.m.queued)
	}
	r.m.Stop(r.now, Reason{Kind: KindCustom})
	r.m.Kill(r.now)
	if r.m.window.octets < 0 || r.m.queued < 0 {
		t.Fatalf("octets are counted wrongly: %d, %d", r.m.window.octets, r.m.queued)
	}
}
