package esme

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

var own = Reason{Kind: KindCustom}

// await sends a request for somebody who waits.
func (r *rig) await() *Waiter {
	r.t.Helper()
	w := newWaiter()
	if err := r.m.Send(r.now, r.submit("w"), w); err != nil {
		r.t.Fatal(err)
	}
	return w
}

// told takes the events, and returns how many of them are answers to who waits. The consumer does not come to them.
func (r *rig) told() (answers int) {
	for _, e := range r.m.TakeEvents(nil) {
		if e.Kind == EventAnswer {
			answers++
		}
	}
	return answers
}

// silent says that nothing waits to go out, or went.
func (r *rig) silent() {
	r.t.Helper()
	if r.flush(); len(r.wire) > 0 {
		r.t.Fatalf("sent % x", r.wire)
	}
}

func (r *rig) refused(err error, code string) {
	r.t.Helper()
	if !errors.Is(err, &Error{Code: code}) {
		r.t.Fatalf("error %v, want %s", err, code)
	}
}

// How a session ends, where one end meets another.
func TestMachineEnds(t *testing.T) {
	tests := []scenario{
		{"no bind goes out when the peer ended the session in Init", func(t *testing.T) {
			r := &rig{t: t, m: NewMachine(Config{}), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
			r.m.Connected(r.now)
			r.m.EndOfStream(r.now)
			r.m.Started(r.now)
			r.silent()
		}},
		{"an abort in a drain keeps its reason", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.m.Stop(r.now, own)
			r.m.Abort(r.now, Reason{Kind: KindScriptError})
			r.hangUp()
			r.expect("written(2)", "stop(custom [2])")
		}},
		{"a peer that does not read keeps a close for unbind_limit", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.m.TakeOutput(nil)
			r.m.Abort(r.now, own)
			if half, force := r.m.CloseWanted(); half || force {
				t.Fatal("closed while a write is under way")
			}
			r.advance(5 * time.Second)
			if _, force := r.m.CloseWanted(); !force {
				t.Fatal("not closed")
			}
		}},
		{"what is to go out goes before the close, which is half", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.m.Abort(r.now, own)
			if half, force := r.m.CloseWanted(); half || force {
				t.Fatal("closed before the last octets are out")
			}
			r.sent("submit_sm")
			if half, force := r.m.CloseWanted(); !half || force {
				t.Fatalf("half %t, force %t: the peer's end is to be waited for", half, force)
			}
		}},
		{"a FIN after the peer's unbind changes nothing", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.receive(build(t, "unbind", 7, pdu.ESME_ROK))
			r.m.EndOfStream(r.now)
			r.events() // and Finish
			r.sent("unbind_resp")
			r.expect("stop(unbound [])")
		}},
		{"a reset after the peer's unbind changes nothing", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.receive(build(t, "unbind", 7, pdu.ESME_ROK))
			r.m.Lost(r.now, Reason{Kind: KindSocketError})
			r.expect("stop(unbound [])")
		}},
		{"a FIN in a drain keeps the own reason", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.m.Stop(r.now, own)
			r.m.EndOfStream(r.now)
			r.expect("written(2)", "stop(custom [2])")
		}},
		{"a refused bind in a drain keeps the own reason", func(t *testing.T) {
			r := openRig(t, Config{})
			bind := r.sent("bind_transceiver")[0]
			r.m.Stop(r.now, own)
			r.receive(build(t, "bind_transceiver_resp", bind.SequenceNumber(), pdu.ESME_RBINDFAIL))
			r.hangUp()
			r.expect("stop(custom [])")
		}},
		{"both unbind at once: the answer waits for nobody", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.m.Stop(r.now, own)
			r.sent("unbind")
			r.receive(build(t, "unbind", 7, pdu.ESME_ROK))
			r.sent("unbind_resp")
		}},
		{"a stop waits for what the rate keeps back", func(t *testing.T) {
			r := boundRig(t, Config{TPS: 1})
			r.send(r.submit("a"))
			r.send(r.submit("b"))
			first := r.sent("submit_sm")[0]
			r.receive(build(t, "submit_sm_resp", first.SequenceNumber(), pdu.ESME_ROK))
			r.m.Stop(r.now, own)
			r.silent()
			r.advance(time.Second)
			second := r.sent("submit_sm")[0]
			r.receive(build(t, "submit_sm_resp", second.SequenceNumber(), pdu.ESME_ROK))
			r.sent("unbind")
		}},
		{"an unbind that is not automatic is the handler's", func(t *testing.T) {
			r := boundRig(t, Config{Automatic: AutoBind})
			r.m.Stop(r.now, own)
			r.silent()
			r.hangUp()
			r.expect("stop(custom [])")
		}},
		{"who waits hears at once that the stream ended, once", func(t *testing.T) {
			r := boundRig(t, Config{Window: 2})
			r.await()
			r.sent("submit_sm")
			r.await()
			b := r.m.TakeOutput(nil) // on its way
			r.await()                // in the queue
			r.m.EndOfStream(r.now)
			if n := r.told(); n != 2 {
				t.Fatalf("%d of those whose fate is known were told", n)
			}
			r.m.Written(r.now, len(b), nil)
			if n := r.told(); n != 1 {
				t.Fatalf("%d were told when the write was known", n)
			}
			r.m.Finish(r.now)
			if n := r.told(); n != 0 || !r.m.Done() {
				t.Fatalf("%d were told again; done: %t", n, r.m.Done())
			}
		}},
		{"who waits hears once that the write broke after the stream ended", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.await()
			r.m.TakeOutput(nil)
			r.m.EndOfStream(r.now)
			r.m.Written(r.now, 3, errors.New("broken pipe"))
			if n := r.told(); n != 1 {
				t.Fatalf("told %d times", n)
			}
			r.m.Finish(r.now)
			if n := r.told(); n != 0 || !r.m.Done() {
				t.Fatalf("told %d times more; done: %t", n, r.m.Done())
			}
		}},
		{"nothing leaves the queue after the peer's end", func(t *testing.T) {
			r := boundRig(t, Config{Window: 1})
			r.send(r.submit("a"))
			r.send(r.submit("b"))
			first := r.sent("submit_sm")[0]
			r.receive(build(t, "unbind", 7, pdu.ESME_ROK))
			r.receive(build(t, "submit_sm_resp", first.SequenceNumber(), pdu.ESME_ROK))
			r.silent()
		}},
		{"what comes after the end changes nothing", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.receive(build(t, "deliver_sm", 5, pdu.ESME_ROK))
			r.receive(build(t, "deliver_sm", 6, pdu.ESME_ROK))
			r.events()
			r.m.Abort(r.now, own)
			r.silent()
			r.m.Handled(r.now, r.in[0], nil)
			r.silent()
			r.refused(r.m.Reply(r.now, r.in[1], build(t, "deliver_sm_resp", 0, pdu.ESME_ROK)), CodeStopped)
			r.refused(r.m.Send(r.now, build(t, "deliver_sm_resp", 9, pdu.ESME_ROK), nil), CodeStopped)
			r.hangUp()
			r.expect("stop(custom [])")
			before := r.m.Counters()
			r.octets(headerWith(pdu.CmdQuerySM, 9))
			if r.expect(); r.m.Counters() != before {
				t.Fatalf("counted %+v, before %+v", r.m.Counters(), before)
			}
		}},
		{"the peer's requests and their answers are counted, and what it refuses", func(t *testing.T) {
			r := boundRig(t, Config{})
			for seq := range uint32(4) {
				r.receive(build(t, "deliver_sm", 5+seq, pdu.ESME_ROK))
			}
			r.receive(build(t, "alert_notification", 9, pdu.ESME_ROK)) // wants none
			r.receive(build(t, "enquire_link", 10, pdu.ESME_ROK))      // is not the handler's
			r.events()
			r.m.Handled(r.now, r.in[0], nil)
			r.m.Handled(r.now, r.in[1], errors.New("boom"))
			r.m.Reply(r.now, r.in[2], build(t, "deliver_sm_resp", 0, pdu.ESME_ROK))
			r.m.Reply(r.now, r.in[2], build(t, "deliver_sm_resp", 0, pdu.ESME_ROK)) // is no second answer
			r.m.Defer(r.now, r.in[3], time.Minute)
			if c := r.m.Counters(); c.Requests != 4 || c.Answered != 3 || c.Refused != 1 || c.TurnedAway != 0 {
				t.Fatalf("counters %+v", c)
			}
			for _, status := range []pdu.Status{pdu.ESME_ROK, pdu.ESME_RSUBMITFAIL, pdu.ESME_RTHROTTLED} {
				r.flush()
				r.wire = nil
				r.send(r.submit("a"))
				r.receive(build(t, "submit_sm_resp", r.sent("submit_sm")[0].SequenceNumber(), status))
			}
			if c := r.m.Counters(); c.Rejected != 1 || c.Throttled != 1 || c.Responses != 3 {
				t.Fatalf("counters %+v", c)
			}
			r.m.Stop(r.now, own) // what comes now is turned away
			r.receive(build(t, "deliver_sm", 11, pdu.ESME_ROK))
			if c := r.m.Counters(); c.Requests != 5 || c.Answered != 4 || c.Refused != 2 || c.TurnedAway != 1 {
				t.Fatalf("counters %+v", c)
			}
		}},
		{"one write at a time, and none after one that broke", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.m.TakeOutput(nil)
			r.send(r.submit("b"))
			if r.m.TakeOutput(nil) != nil {
				t.Fatal("a second write")
			}
			r.m.Written(r.now, 3, errors.New("broken pipe"))
			if r.m.TakeOutput(nil) != nil {
				t.Fatal("a write after one that broke")
			}
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK)) // to an old number: nobody has the whole request
			r.m.Lost(r.now, Reason{Kind: KindSocketError})
			r.expect("note", "refused(stopped unknown)", "refused(stopped never)", "stop(socket_error [])")
		}},
	}
	runAll(t, tests)
}

// What waits, for what, and what does not.
func TestMachineWaits(t *testing.T) {
	bad := strings.Repeat("1", 30)
	deferred := func(r *rig, seq uint32) *Inbound {
		r.receive(build(r.t, "deliver_sm", seq, pdu.ESME_ROK))
		r.events()
		return r.in[len(r.in)-1]
	}
	tests := []scenario{
		{"notes are bounded", func(t *testing.T) {
			r := boundRig(t, Config{})
			for range 100 {
				r.receive(build(t, "submit_sm_resp", 99, pdu.ESME_ROK))
			}
			if n := len(r.events()); n != 16 {
				t.Fatalf("%d notes", n)
			}
		}},
		{"what cannot be built waits for what is to be sent again, and no message overtakes that", func(t *testing.T) {
			r := boundRig(t, Config{RetryThrottled: 1})
			r.send(r.submit("a"))
			first := r.sent("submit_sm")[0]
			r.receive(build(t, "submit_sm_resp", first.SequenceNumber(), pdu.ESME_RTHROTTLED))
			r.send(r.submit(bad))
			r.expect("written(2)", "note")
			r.advance(2 * time.Second)
			r.sent("submit_sm")
			r.expect("refused(invalid_pdu never)")
		}},
		{"neither what cannot be built nor what has no response waits for the window", func(t *testing.T) {
			r := boundRig(t, Config{Window: 1})
			r.send(r.submit("a"))
			r.send(build(t, "alert_notification", 0, pdu.ESME_ROK))
			r.send(r.submit(bad))
			r.sent("submit_sm", "alert_notification")
			r.expect("written(2)", "written(3)", "refused(invalid_pdu never)")
		}},
		{"what is beyond the room of a peer that does not read is refused", func(t *testing.T) {
			r := boundRig(t, Config{Backlog: 100})
			in := deferred(r, 5)
			if err := r.m.SendRaw(r.now, make([]byte, 101)); err != nil {
				t.Fatal(err)
			}
			r.refused(r.m.SendRaw(r.now, make([]byte, 1)), CodeQueueFull)
			r.refused(r.m.Send(r.now, build(t, "deliver_sm_resp", 9, pdu.ESME_ROK), nil), CodeQueueFull)
			r.refused(r.m.Reply(r.now, in, build(t, "deliver_sm_resp", 0, pdu.ESME_ROK)), CodeQueueFull)
			r.m.out = r.m.out[:0]
			r.m.Handled(r.now, in, nil)
			if p := r.sent("deliver_sm_resp")[0]; p.CommandStatus() != pdu.ESME_RX_T_APPN {
				t.Fatal(p)
			}
		}},
		{"marks are bounded", func(t *testing.T) {
			r := boundRig(t, Config{Backlog: 1 << 30, Queue: 10})
			r.send(r.submit("a"))
			r.m.TakeOutput(nil)
			accepted := 0
			for ; accepted < 2*maxMarks && r.m.Send(r.now, r.submit(bad), nil) == nil; accepted++ {
			}
			if accepted != maxMarks-1+10 {
				t.Errorf("%d that cannot be built were accepted", accepted)
			}
			for accepted = 0; accepted < 2*maxMarks && r.m.Send(r.now, build(t, "deliver_sm_resp", 9, pdu.ESME_ROK), nil) == nil; accepted++ {
			}
			if accepted > 1 {
				t.Errorf("%d answers more were accepted", accepted)
			}
		}},
		{"the number of what was to be sent again is free when it is given up", func(t *testing.T) {
			for _, giveUp := range []func(r *rig, w *Waiter){
				func(r *rig, w *Waiter) { r.m.Cancel(w) },
				func(r *rig, _ *Waiter) { r.m.Stop(r.now, own) },
			} {
				r := boundRig(t, Config{RetryThrottled: 1})
				w := r.await()
				first := r.sent("submit_sm")[0]
				r.receive(build(t, "submit_sm_resp", first.SequenceNumber(), pdu.ESME_RTHROTTLED))
				if r.m.window.find(first.SequenceNumber()) == nil {
					t.Fatal("its number is free while it waits")
				}
				if giveUp(r, w); r.m.window.find(first.SequenceNumber()) != nil {
					t.Fatal("its number is kept")
				}
			}
		}},
		{"a second word within the second holds all until it is over", func(t *testing.T) {
			r := boundRig(t, Config{Window: 200, EnquireLinkLimit: Infinity})
			for range 100 {
				r.send(r.submit("a"))
			}
			for _, p := range r.sent(strings.Fields(strings.Repeat("submit_sm ", 100))...) {
				status := pdu.ESME_ROK
				if p.SequenceNumber() == 101 {
					status = pdu.ESME_RTHROTTLED
				}
				r.receive(build(t, "submit_sm_resp", p.SequenceNumber(), status))
			}
			r.send(r.submit("b"))
			r.advance(100 * time.Millisecond)
			second := r.sent("submit_sm")[0]
			r.receive(build(t, "submit_sm_resp", second.SequenceNumber(), pdu.ESME_RTHROTTLED))
			r.send(r.submit("c"))
			r.advance(800 * time.Millisecond)
			r.silent()
			r.advance(200 * time.Millisecond)
			r.sent("submit_sm")
		}},
		{"what is sent is activity", func(t *testing.T) {
			r := boundRig(t, Config{InactivityLimit: 10 * time.Second, EnquireLinkLimit: Infinity})
			r.advance(9 * time.Second)
			r.send(r.submit("a"))
			r.advance(9 * time.Second)
			r.sent("submit_sm")
			r.expect("written(2)")
		}},
		{"one answer of two, and no more: stalled", func(t *testing.T) {
			r := boundRig(t, Config{StalledLimit: 10 * time.Second, ResponseLimit: Infinity, EnquireLinkLimit: Infinity})
			r.send(r.submit("a"))
			r.send(r.submit("b"))
			r.sent("submit_sm", "submit_sm")
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK))
			r.advance(11 * time.Second)
			r.hangUp()
			r.expect("written(2)", "written(3)", "resp(2 ESME_ROK)", "stop(timers: stalled [3])")
		}},
		{"a deferred answer has 10 s unless told, the latest word counts, and they are bounded", func(t *testing.T) {
			r := boundRig(t, Config{Mailbox: 1, EnquireLinkLimit: Infinity})
			first, second := deferred(r, 5), deferred(r, 6)
			if err := r.m.Defer(r.now, first, time.Second); err != nil {
				t.Fatal(err)
			}
			r.refused(r.m.Defer(r.now, second, 0), CodeQueueFull)
			if err := r.m.Defer(r.now, first, 0); err != nil {
				t.Fatal(err)
			}
			r.advance(10*time.Second - 1)
			r.silent()
			r.advance(1)
			if p := r.sent("deliver_sm_resp")[0]; p.CommandStatus() != pdu.ESME_RX_T_APPN || p.SequenceNumber() != 5 || p.Len() != pdu.HeaderLen {
				t.Fatal(p)
			}
		}},
	}
	runAll(t, tests)
}

// Who answers what, and by which way it is told.
func TestMachineAnswers(t *testing.T) {
	tests := []scenario{
		{"a response is told to who waits, and to nobody else", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.await()
			r.sent("submit_sm")
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK))
			r.expect("answer(<nil>)")
		}},
		{"a response that cannot be read is one all the same", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(build(t, "query_sm", 0, pdu.ESME_ROK))
			r.sent("query_sm")
			r.octets(append([]byte{0, 0, 0, 18, 0x80, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2}, "ab"...))
			r.expect("written(2)", "resp(2 ESME_ROK)")
		}},
		{"a bind by hand that is throttled is the handler's", func(t *testing.T) {
			r := openRig(t, Config{Mode: Manual, RetryThrottled: 3})
			r.send(build(t, "bind_transmitter", 0, pdu.ESME_ROK))
			r.sent("bind_transmitter")
			r.receive(build(t, "bind_transmitter_resp", 1, pdu.ESME_RTHROTTLED))
			r.hangUp()
			r.expect("written(1)", "resp(1 ESME_RTHROTTLED)", "stop(bind_failed: ESME_RTHROTTLED [])")
		}},
		{"a response for a handler that is behind is a copy", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.m.Busy(true)
			r.events()
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK))
			if e := r.m.TakeEvents(nil)[0]; e.Kind != EventResp || !e.own || e.PDU.Borrowed() {
				t.Fatalf("%+v", e)
			}
		}},
		{"a handler that is behind is not shown link checks", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.m.cfg.ShowAutomatic = true
			r.m.Busy(true)
			r.receive(build(t, "enquire_link", 5, pdu.ESME_ROK))
			r.sent("enquire_link_resp")
			r.expect()
		}},
		{"new work while stopping stays with the peer", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.m.Stop(r.now, own)
			r.receive(build(t, "deliver_sm", 5, pdu.ESME_ROK))
			if p := r.sent("deliver_sm_resp")[0]; p.CommandStatus() != pdu.ESME_RX_T_APPN {
				t.Fatal(p)
			}
			r.expect("written(2)")
		}},
		{"after a reply that cannot be sent the peer keeps its message", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.receive(build(t, "deliver_sm", 5, pdu.ESME_ROK))
			r.events()
			r.refused(r.m.Reply(r.now, r.in[0], build(t, "submit_sm_resp", 0, pdu.ESME_ROK)), CodeInvalidPDU)
			if err := r.m.Reply(r.now, r.in[0], build(t, "deliver_sm_resp", 0, pdu.ESME_ROK, "message_id", strings.Repeat("1", 80))); err != nil {
				t.Fatal(err)
			}
			r.m.Handled(r.now, r.in[0], nil)
			if p := r.sent("deliver_sm_resp")[0]; p.CommandStatus() != pdu.ESME_RX_T_APPN {
				t.Fatal(p)
			}
			r.expect("refused(invalid_pdu never)")
		}},
		{"what is not automatic is the handler's to answer", func(t *testing.T) {
			r := boundRig(t, Config{Automatic: AutoBind})
			r.receive(build(t, "deliver_sm", 5, pdu.ESME_ROK))
			r.octets([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 6})
			r.expect("pdu(deliver_sm)", "unparsed")
			r.m.Handled(r.now, r.in[0], nil)
			r.silent()
		}},
	}
	runAll(t, tests)
}
