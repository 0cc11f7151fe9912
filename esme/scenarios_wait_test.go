package esme

import (
	"testing"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// ask sends a request that somebody waits for.
func (r *rig) ask(to string) *Waiter {
	r.t.Helper()
	w := newWaiter()
	if err := r.m.Send(r.now, r.submit(to), w); err != nil {
		r.t.Fatal(err)
	}
	return w
}

// goes is the word of a waiter who is gone.
func goes() bool { return true }

// The scenarios of callers who wait, against the machine with made-up time.
func TestMachineScenariosS(t *testing.T) {
	answer := func(r *rig, seq uint32) { r.receive(build(t, "submit_sm_resp", seq, pdu.ESME_ROK)) }
	runAll(t, []scenario{
		{"S01 two who wait: each gets its own response", func(t *testing.T) {
			r := boundRig(t, Config{})
			a, b := r.ask("a"), r.ask("b")
			r.sent("submit_sm", "submit_sm")
			answer(r, 3)
			answer(r, 2)
			if e := r.m.TakeEvents(nil); len(e) != 2 || e[0].waiter != b || e[1].waiter != a || e[0].PDU.SequenceNumber() != 3 {
				t.Fatalf("events %+v", e)
			}
		}},
		{"S02 the peer closes in a request: stopped, and it counts as lost", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.ask("a")
			r.sent("submit_sm")
			r.m.EndOfStream(r.now)
			r.expect("answer(stopped: socket_closed)", "stop(socket_closed [])")
			if c := r.m.Counters(); c.Lost != 1 {
				t.Fatalf("counted %+v", c)
			}
		}},
		{"S03 the caller's timeout comes first: a late response is logged and counted, and is none", func(t *testing.T) {
			r := boundRig(t, Config{})
			w := r.ask("a")
			r.sent("submit_sm")
			if far := r.m.Cancel(w); far != WrittenYes {
				t.Fatalf("written: %s", far)
			}
			answer(r, 2)
			r.expect("note")
			if c := r.m.Counters(); c.Late != 1 || c.Responses != 0 {
				t.Fatalf("counted %+v", c)
			}
		}},
		{"S04 response_limit comes first", func(t *testing.T) {
			r := boundRig(t, Config{EnquireLinkLimit: Infinity})
			r.ask("a")
			r.sent("submit_sm")
			r.advance(time.Minute)
			r.expect("answer(timeout: no response within response_limit)")
		}},
		{"S05 a late response: the next request gets its own", func(t *testing.T) {
			r := boundRig(t, Config{})
			w := r.ask("a")
			r.sent("submit_sm")
			r.m.Cancel(w)
			r.ask("b")
			r.sent("submit_sm")
			answer(r, 2)
			answer(r, 3)
			r.expect("note", "answer(<nil>)")
		}},
		{"S06 who waits is gone: the response is the handler's, after the send result", func(t *testing.T) {
			r := boundRig(t, Config{})
			w := r.ask("a")
			r.sent("submit_sm")
			r.expect()
			w.gone = goes
			answer(r, 2)
			r.expect("written(2)", "resp(2 ESME_ROK)")
		}},
		{"S06 who waits is gone: so is the timeout, and what has not gone out yet", func(t *testing.T) {
			r := boundRig(t, Config{Window: 1, EnquireLinkLimit: Infinity})
			a, b := r.ask("a"), r.ask("b")
			a.gone, b.gone = goes, goes
			r.sent("submit_sm")
			r.advance(time.Minute)
			r.sent("submit_sm")
			answer(r, 3)
			r.expect("written(2)", "timeout(2)", "written(3)", "resp(3 ESME_ROK)")
		}},
		{"S06 who waits is gone: the loss is the handler's", func(t *testing.T) {
			for _, end := range []func(r *rig){
				func(r *rig) { r.m.EndOfStream(r.now) },
				func(r *rig) { r.m.Abort(r.now, Reason{Kind: KindSocketClosed}); r.hangUp() },
			} {
				r := boundRig(t, Config{Window: 1})
				a, b := r.ask("a"), r.ask("b")
				r.sent("submit_sm")
				a.gone, b.gone = goes, goes
				end(r)
				r.expect("written(2)", "refused(stopped never)", "stop(socket_closed [2])")
			}
		}},
		{"S08 a caller who waits in the queue gives up: another gets the room", func(t *testing.T) {
			r := boundRig(t, Config{Window: 1, Queue: 1})
			r.ask("a")
			b := r.ask("b")
			if r.m.QueueRoom() {
				t.Fatal("there is room")
			}
			if far := r.m.Cancel(b); far != WrittenNever {
				t.Fatalf("written: %s", far)
			}
			r.ask("c")
			r.sent("submit_sm")
			answer(r, 2)
			if to := r.sent("submit_sm")[0].Str(pdu.FieldDestinationAddr); to != "c" {
				t.Fatalf("to %s", to)
			}
		}},
	})
}
