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
	r.octets(p.AppendTo(nil))
}

// octets lets the peer send one whole PDU that nobody built.
func (r *rig) octets(b []byte) {
	got := new(pdu.PDU)
	if err := got.Decode(b); err != nil {
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
	more := false // a Finish leads to more
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
			more = true
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
	if more {
		words = append(words, r.events()...)
	}
	return words
}

func (r *rig) expect(want ...string) {
	r.t.Helper()
	got := r.events()
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

func TestMachine(t *testing.T) {
	tests := []scenario{
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
