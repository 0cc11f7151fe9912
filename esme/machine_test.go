package esme

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// rig drives a Machine with made-up time and keeps a transcript of what came out, one word an event.
type rig struct {
	t   *testing.T
	m   *Machine
	now time.Time
	in  []*Inbound
	// wire is what was put out and not yet taken by peer.
	wire []byte
}

// boundRig is a machine whose own bind was accepted.
func boundRig(t *testing.T, cfg Config) *rig {
	t.Helper()
	r := openRig(t, cfg)
	bind := r.sent("bind_transceiver")[0]
	r.receive(build(t, "bind_transceiver_resp", bind.SequenceNumber(), pdu.ESME_ROK))
	r.expect("bound")
	return r
}

// openRig is a machine that is connected and through with Init.
func openRig(t *testing.T, cfg Config) *rig {
	t.Helper()
	r := &rig{t: t, m: NewMachine(cfg), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	r.m.Connected(r.now)
	r.m.Started(r.now)
	return r
}

// build makes a PDU with the given fields, as name, value pairs.
func build(t *testing.T, command string, seq uint32, status pdu.Status, fields ...string) *pdu.PDU {
	t.Helper()
	cmd, ok := pdu.CommandByName(command)
	if !ok {
		t.Fatalf("no command %q", command)
	}
	b := pdu.NewBuilder(cmd)
	b.SetStatus(status)
	b.SetSequence(seq)
	for i := 0; i+1 < len(fields); i += 2 {
		f, ok := pdu.FieldByName(fields[i])
		if !ok {
			t.Fatalf("no field %q", fields[i])
		}
		b.SetString(f, fields[i+1])
	}
	return b.Build()
}

func (r *rig) submit(text string) *pdu.PDU {
	return build(r.t, "submit_sm", 0, pdu.ESME_ROK, "destination_addr", text)
}

func (r *rig) send(p *pdu.PDU) {
	r.t.Helper()
	if err := r.m.Send(r.now, p, nil); err != nil {
		r.t.Fatalf("send: %v", err)
	}
}

// receive lets the peer send p: it goes over the wire, as octets.
func (r *rig) receive(p *pdu.PDU) {
	r.t.Helper()
	got := new(pdu.PDU)
	if err := got.Decode(p.AppendTo(nil)); err != nil {
		r.m.Unparsed(r.now, got, err)
		return
	}
	r.m.Received(r.now, got)
}

// flush lets the transport take everything.
func (r *rig) flush() {
	for {
		b := r.m.TakeOutput(nil)
		if b == nil {
			return
		}
		r.wire = append(r.wire, b...)
		r.m.Written(r.now, len(b), nil)
	}
}

// sent flushes and returns what went over the wire, which must be just these commands.
func (r *rig) sent(commands ...string) []*pdu.PDU {
	r.t.Helper()
	r.flush()
	var got []*pdu.PDU
	var names []string
	for len(r.wire) > 0 {
		n, err := pdu.FrameLength(r.wire, 0x20000)
		if err != nil || n > len(r.wire) {
			r.t.Fatalf("what was sent is no PDU: %v % x", err, r.wire)
		}
		p := new(pdu.PDU)
		if err := p.Decode(r.wire[:n]); err != nil {
			r.t.Fatalf("what was sent cannot be decoded: %v", err)
		}
		got = append(got, p.Clone())
		names = append(names, p.CommandID().String())
		r.wire = r.wire[n:]
	}
	if g, w := strings.Join(names, " "), strings.Join(commands, " "); g != w {
		r.t.Fatalf("sent %q, want %q", g, w)
	}
	return got
}

// advance lets the time pass, stopping at each deadline on the way.
func (r *rig) advance(d time.Duration) {
	end := r.now.Add(d)
	for range 10_000 {
		at, ok := r.m.Deadline()
		if !ok || at.After(end) {
			break
		}
		if at.After(r.now) {
			r.now = at
		}
		r.m.Expire(r.now)
		r.flush()
	}
	r.now = end
}

// events takes the events so far, a word each.
func (r *rig) events() []string {
	var words []string
	for _, e := range r.m.TakeEvents(nil) {
		switch e.Kind {
		case EventPDU:
			r.in = append(r.in, e.In)
			words = append(words, fmt.Sprintf("pdu(%s)", e.In.CommandID()))
		case EventResp:
			words = append(words, fmt.Sprintf("resp(%d %s)", e.Original.SequenceNumber(), e.PDU.CommandStatus()))
		case EventRespTimeout:
			words = append(words, fmt.Sprintf("timeout(%d)", e.Original.SequenceNumber()))
		case EventSendResult:
			var err *Error
			if errors.As(e.Err, &err) {
				words = append(words, fmt.Sprintf("refused(%s %s)", err.Code, err.Written))
			} else {
				words = append(words, fmt.Sprintf("written(%d)", e.Original.SequenceNumber()))
			}
		case EventUnparsed:
			words = append(words, "unparsed")
			r.m.Nack(r.now, e.PDU.SequenceNumber(), e.Err)
		case EventBound:
			words = append(words, "bound")
		case EventFinish:
			r.m.Finish(r.now)
		case EventNote:
			words = append(words, "note")
		case EventStop:
			var lost []string
			for _, p := range e.Stop.Lost {
				lost = append(lost, fmt.Sprint(p.SequenceNumber()))
			}
			words = append(words, fmt.Sprintf("stop(%s [%s])", e.Stop.Reason, strings.Join(lost, " ")))
		case EventAnswer:
			words = append(words, fmt.Sprintf("answer(%v)", e.Err))
		}
	}
	return words
}

func (r *rig) expect(want ...string) {
	r.t.Helper()
	var got []string
	for { // a Finish can lead to more
		w := r.events()
		if len(w) == 0 {
			break
		}
		got = append(got, w...)
	}
	if g, w := strings.Join(got, ", "), strings.Join(want, ", "); g != w {
		r.t.Fatalf("events\n got: %s\nwant: %s", g, w)
	}
}

// hangUp is what the shell does when the machine wants the transport closed.
func (r *rig) hangUp() {
	r.t.Helper()
	r.flush()
	half, _ := r.m.CloseWanted()
	if !half && !r.m.Done() {
		r.t.Fatal("the machine does not want to close")
	}
	r.m.EndOfStream(r.now)
}

func TestMachineScenarios(t *testing.T) {
	manual := Config{Mode: Manual}
	tests := []struct {
		name string
		run  func(t *testing.T)
	}{
		{"A06 two sends are numbered 1 and 2", func(t *testing.T) {
			r := openRig(t, manual)
			r.send(r.submit("a"))
			r.send(r.submit("b"))
			got := r.sent("submit_sm", "submit_sm")
			if got[0].SequenceNumber() != 1 || got[1].SequenceNumber() != 2 {
				t.Fatalf("numbers %d, %d", got[0].SequenceNumber(), got[1].SequenceNumber())
			}
			r.expect("written(1)", "written(2)")
		}},
		{"A07 Z25 a reply carries the request's number, above 0x7FFFFFFF too", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.receive(build(t, "deliver_sm", 0xFFFFFFF0, pdu.ESME_ROK))
			r.expect("pdu(deliver_sm)")
			if err := r.m.Reply(r.now, r.in[0], build(t, "deliver_sm_resp", 0, pdu.ESME_ROK)); err != nil {
				t.Fatal(err)
			}
			if got := r.sent("deliver_sm_resp")[0].SequenceNumber(); got != 0xFFFFFFF0 {
				t.Fatalf("number %d", got)
			}
			r.expect("written(4294967280)")
			if err := r.m.Reply(r.now, r.in[0], build(t, "deliver_sm_resp", 0, pdu.ESME_ROK)); !errors.Is(err, &Error{Code: CodeAnswered}) {
				t.Fatalf("a second reply: %v", err)
			}
		}},
		{"A08 Z14 own stop: unbind, wait, close", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.m.Stop(r.now, Reason{Kind: KindCustom, Detail: "enough"})
			unbind := r.sent("unbind")[0]
			r.receive(build(t, "unbind_resp", unbind.SequenceNumber(), pdu.ESME_ROK))
			r.hangUp()
			r.expect("stop(custom: enough [])")
		}},
		{"A13 nothing happens", func(t *testing.T) {
			r := openRig(t, manual)
			r.expect()
		}},
		{"A16 A17 a script binds, then submits", func(t *testing.T) {
			r := openRig(t, manual)
			r.send(build(t, "bind_transceiver", 0, pdu.ESME_ROK, "system_id", "a"))
			r.sent("bind_transceiver")
			r.receive(build(t, "bind_transceiver_resp", 1, pdu.ESME_ROK))
			r.expect("written(1)", "resp(1 ESME_ROK)")
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK, "message_id", "x"))
			r.expect("written(2)", "resp(2 ESME_ROK)")
		}},
		{"A18 a response with a wrong number is dropped", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.receive(build(t, "submit_sm_resp", 77, pdu.ESME_ROK))
			r.expect("written(2)", "note")
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK))
			r.expect("resp(2 ESME_ROK)")
		}},
		{"A19 no response in time, and a late one", func(t *testing.T) {
			r := boundRig(t, Config{EnquireLinkLimit: Infinity})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.expect("written(2)")
			r.advance(60*time.Second - time.Millisecond)
			r.expect()
			r.advance(2 * time.Millisecond)
			r.expect("timeout(2)")
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK))
			r.expect("note")
		}},
		{"A20 Z11 Z15 a PDU that cannot be built: one send error, nothing on the wire", func(t *testing.T) {
			r := openRig(t, manual)
			r.send(build(t, "bind_transceiver", 0, pdu.ESME_ROK, "password", strings.Repeat("x", 17)))
			r.send(build(t, "bind_transceiver", 0, pdu.ESME_ROK, "system_id", "a\x00b"))
			r.sent()
			r.expect("refused(invalid_pdu never)", "refused(invalid_pdu never)")
			r.advance(9 * time.Second)
			r.expect()
		}},
		{"A21 silence: ping; A24 no answer: stop", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.advance(30*time.Second - time.Millisecond)
			r.sent()
			r.advance(2 * time.Millisecond)
			r.sent("enquire_link")
			r.advance(30 * time.Second)
			r.hangUp()
			r.expect("stop(timers: enquire_link [])")
		}},
		{"A22 the peer acts in between: no ping", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.advance(29 * time.Second)
			r.receive(build(t, "enquire_link", 9, pdu.ESME_ROK))
			r.sent("enquire_link_resp")
			r.advance(29 * time.Second)
			r.sent()
		}},
		{"A23 a ping, then any PDU: stays", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.advance(30 * time.Second)
			r.sent("enquire_link")
			r.receive(build(t, "deliver_sm", 5, pdu.ESME_ROK))
			r.advance(29 * time.Second)
			r.sent()
			r.expect("pdu(deliver_sm)")
			r.advance(time.Second)
			r.sent("enquire_link")
		}},
		{"A25 inactivity: stop", func(t *testing.T) {
			r := boundRig(t, Config{InactivityLimit: 45 * time.Second})
			r.advance(30 * time.Second)
			r.receive(build(t, "enquire_link_resp", r.sent("enquire_link")[0].SequenceNumber(), pdu.ESME_ROK))
			r.advance(15*time.Second - time.Millisecond)
			r.sent()
			r.advance(2 * time.Millisecond)
			r.receive(build(t, "unbind_resp", r.sent("unbind")[0].SequenceNumber(), pdu.ESME_ROK))
			r.hangUp()
			r.expect("stop(timers: inactivity [])")
		}},
		{"A26 the own bind is refused", func(t *testing.T) {
			r := openRig(t, Config{})
			r.sent("bind_transceiver")
			r.receive(build(t, "bind_transceiver_resp", 1, pdu.ESME_RINVPASWD))
			r.hangUp()
			r.expect("stop(bind_failed: ESME_RINVPASWD [])")
		}},
		{"A26 a script's bind is refused", func(t *testing.T) {
			r := openRig(t, manual)
			r.send(build(t, "bind_transceiver", 0, pdu.ESME_ROK))
			r.sent("bind_transceiver")
			r.receive(build(t, "bind_transceiver_resp", 1, pdu.ESME_RBINDFAIL))
			r.hangUp()
			r.expect("written(1)", "resp(1 ESME_RBINDFAIL)", "stop(bind_failed: ESME_RBINDFAIL [])")
		}},
		{"A27 a stop with an unanswered request", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.m.Stop(r.now, Reason{Kind: KindCustom})
			r.sent()
			r.advance(5 * time.Second)
			r.sent("unbind")
			r.advance(5 * time.Second)
			r.hangUp()
			r.expect("written(2)", "stop(custom [2])")
		}},
		{"Z03 a generic_nack with the number resolves the request", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.receive(build(t, "generic_nack", 2, pdu.ESME_RINVCMDID))
			r.expect("written(2)", "resp(2 ESME_RINVCMDID)")
		}},
		{"Z04 an unknown command_id: nack, stays", func(t *testing.T) {
			r := boundRig(t, Config{})
			p := new(pdu.PDU)
			if err := p.Decode([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 7}); err != nil {
				t.Fatal(err)
			}
			r.m.Received(r.now, p)
			r.expect("unparsed")
			nack := r.sent("generic_nack")[0]
			if nack.CommandStatus() != pdu.ESME_RINVCMDID || nack.SequenceNumber() != 7 {
				t.Fatalf("nack %v", nack)
			}
		}},
		{"Z06 framing is lost", func(t *testing.T) {
			r := boundRig(t, Config{})
			_, err := pdu.FrameLength([]byte("HTTP/1.1 400 Bad"), 0x20000)
			if err == nil {
				t.Fatal("HTTP passes for SMPP")
			}
			r.m.ParseError(r.now, err)
			if got := r.sent("generic_nack")[0].CommandStatus(); got != pdu.ESME_RINVCMDLEN {
				t.Fatalf("status %v", got)
			}
			words := r.events()
			r.hangUp()
			words = append(words, r.events()...)
			if got := strings.Join(words, " "); !strings.Contains(got, "parse_error") || !strings.Contains(got, "HTTP") {
				t.Fatalf("events %s", got)
			}
		}},
		{"Z07 a response of another type is not matched", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.receive(build(t, "query_sm_resp", 2, pdu.ESME_ROK))
			r.expect("written(2)", "note")
			if r.m.InFlight() != 1 {
				t.Fatal("the request is gone")
			}
		}},
		{"Z08 a late bind_resp during a stop: unbind, no zombie", func(t *testing.T) {
			r := openRig(t, Config{})
			r.sent("bind_transceiver")
			r.m.Stop(r.now, Reason{Kind: KindShutdown})
			r.sent()
			r.receive(build(t, "bind_transceiver_resp", 1, pdu.ESME_ROK))
			r.receive(build(t, "unbind_resp", r.sent("unbind")[0].SequenceNumber(), pdu.ESME_ROK))
			r.hangUp()
			r.expect("bound", "stop(shutdown [])")
		}},
		{"Z09 numbers wrap to 1 and skip those in flight", func(t *testing.T) {
			r := boundRig(t, Config{Window: 10})
			r.send(r.submit("a")) // 2
			r.m.window.last = maxSequence - 1
			r.send(r.submit("b"))
			r.send(r.submit("c"))
			r.send(r.submit("d"))
			var got []uint32
			for _, p := range r.sent("submit_sm", "submit_sm", "submit_sm", "submit_sm") {
				got = append(got, p.SequenceNumber())
			}
			if want := []uint32{2, maxSequence, 1, 3}; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("numbers %v, want %v", got, want)
			}
		}},
		{"Z10 a paused reader: the session lives, no response is late", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.expect("written(2)")
			r.m.Pause(r.now)
			r.advance(5 * time.Minute)
			r.expect()
			r.m.Resume(r.now)
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK))
			r.expect("resp(2 ESME_ROK)")
		}},
		{"Z12 a send after the stop is refused", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.m.Stop(r.now, Reason{Kind: KindCustom})
			if err := r.m.Send(r.now, r.submit("a"), nil); !errors.Is(err, &Error{Code: CodeStopped}) {
				t.Fatalf("got %v", err)
			}
		}},
		{"Z13 the peer unbinds", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.receive(build(t, "deliver_sm", 4, pdu.ESME_ROK))
			r.receive(build(t, "unbind", 5, pdu.ESME_ROK))
			r.expect("pdu(deliver_sm)")
			r.sent("unbind_resp")
			r.hangUp()
			r.expect("stop(unbound [])")
		}},
		{"Z16 twelve time out at once: in send order", func(t *testing.T) {
			r := boundRig(t, Config{Window: 20, EnquireLinkLimit: Infinity})
			var want []string
			for i := range 12 {
				r.send(r.submit("a"))
				want = append(want, fmt.Sprintf("timeout(%d)", i+2))
			}
			r.flush()
			r.events()
			r.advance(time.Minute)
			r.expect(want...)
		}},
		{"Z17 RST told from FIN", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.m.Lost(r.now, Reason{Kind: KindSocketError, Detail: "connection reset by peer"})
			r.expect("written(2)", "stop(socket_error: connection reset by peer [2])")
		}},
		{"Z18 infinity limits", func(t *testing.T) {
			r := boundRig(t, Config{SessionInitLimit: Infinity, EnquireLinkLimit: Infinity, ResponseLimit: Infinity, UnbindLimit: Infinity})
			r.send(r.submit("a"))
			r.flush()
			if at, ok := r.m.Deadline(); ok {
				t.Fatalf("a deadline at %v", at)
			}
		}},
		{"Z19 never bound", func(t *testing.T) {
			r := openRig(t, Config{})
			r.sent("bind_transceiver")
			r.advance(10 * time.Second)
			r.hangUp()
			r.expect("stop(timers: session_init [])")
		}},
		{"Z23 stop twice: the first reason counts", func(t *testing.T) {
			r := openRig(t, manual)
			r.m.Stop(r.now, Reason{Kind: KindCustom, Detail: "one"})
			r.m.Stop(r.now, Reason{Kind: KindCustom, Detail: "two"})
			r.hangUp()
			r.expect("stop(custom: one [])")
		}},
		{"O2 a refusal waits for the results before it", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.send(r.submit(strings.Repeat("1", 30)))
			r.expect()
			r.sent("submit_sm")
			r.expect("written(2)", "refused(invalid_pdu never)")
		}},
		{"O2 a response that overtakes the report of the write", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			b := r.m.TakeOutput(nil)
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK))
			r.m.Written(r.now, len(b), nil)
			r.expect("written(2)", "resp(2 ESME_ROK)")
		}},
		{"O4 a write that breaks: written, unknown, never", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.send(r.submit("b"))
			one := len(r.m.out) / 2
			r.m.TakeOutput(nil)
			r.send(r.submit("c"))
			r.m.Written(r.now, one+3, io.ErrClosedPipe)
			r.m.Lost(r.now, Reason{Kind: KindSocketError})
			r.expect("written(2)", "refused(stopped unknown)", "refused(stopped never)", "stop(socket_error [2])")
		}},
		{"window and queue: order kept, full is an error", func(t *testing.T) {
			r := boundRig(t, Config{Window: 1, Queue: 2})
			for _, to := range []string{"a", "b", "c"} {
				r.send(r.submit(to))
			}
			if err := r.m.Send(r.now, r.submit("d"), nil); !errors.Is(err, &Error{Code: CodeQueueFull}) {
				t.Fatalf("got %v", err)
			}
			var order string
			for seq := uint32(2); seq < 5; seq++ {
				order += r.sent("submit_sm")[0].Str(pdu.FieldDestinationAddr)
				r.receive(build(t, "submit_sm_resp", seq, pdu.ESME_ROK))
			}
			if order != "abc" {
				t.Fatalf("order %q", order)
			}
		}},
		{"what is sent before the bind waits for it", func(t *testing.T) {
			r := openRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("bind_transceiver")
			r.receive(build(t, "bind_transceiver_resp", 1, pdu.ESME_ROK))
			r.sent("submit_sm")
			r.expect("bound", "written(2)")
		}},
		{"queued requests are refused at the stop, never lost", func(t *testing.T) {
			r := boundRig(t, Config{Window: 1})
			r.send(r.submit("a"))
			r.send(r.submit("b"))
			r.flush()
			r.m.Lost(r.now, Reason{Kind: KindSocketError})
			r.expect("written(2)", "refused(stopped never)", "stop(socket_error [2])")
		}},
		{"a deferred answer that does not come: ESME_RX_T_APPN", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.receive(build(t, "deliver_sm", 5, pdu.ESME_ROK))
			r.expect("pdu(deliver_sm)")
			if err := r.m.Defer(r.now, r.in[0], 2*time.Second); err != nil {
				t.Fatal(err)
			}
			r.m.Handled(r.now, r.in[0], nil)
			r.sent()
			r.advance(2 * time.Second)
			if got := r.sent("deliver_sm_resp")[0].CommandStatus(); got != pdu.ESME_RX_T_APPN {
				t.Fatalf("status %v", got)
			}
		}},
		{"an unanswered deliver_sm: ESME_ROK, after an error ESME_RX_T_APPN", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.receive(build(t, "deliver_sm", 5, pdu.ESME_ROK))
			r.receive(build(t, "deliver_sm", 6, pdu.ESME_ROK))
			r.expect("pdu(deliver_sm)", "pdu(deliver_sm)")
			r.m.Handled(r.now, r.in[0], nil)
			r.m.Handled(r.now, r.in[1], errors.New("boom"))
			got := r.sent("deliver_sm_resp", "deliver_sm_resp")
			if got[0].CommandStatus() != pdu.ESME_ROK || got[1].CommandStatus() != pdu.ESME_RX_T_APPN {
				t.Fatalf("got %v, %v", got[0], got[1])
			}
		}},
		{"tps spaces requests, order kept", func(t *testing.T) {
			r := boundRig(t, Config{TPS: 2, Window: 100})
			for range 5 {
				r.send(r.submit("a"))
			}
			r.sent("submit_sm")
			r.advance(time.Second)
			r.sent("submit_sm", "submit_sm")
			r.advance(time.Second)
			r.sent("submit_sm", "submit_sm")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.run)
	}
}
