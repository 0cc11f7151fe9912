package esme

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// scenario is one that docs/guarantees.md lists, by the id at the start of its name.
type scenario struct {
	name string
	run  func(t *testing.T)
}

func runAll(t *testing.T, all []scenario) {
	for _, s := range all {
		t.Run(s.name, s.run)
	}
}

// manualConfig leaves the bind to the test, as a script with mode: manual does it.
var manualConfig = Config{Mode: Manual}

// The scenarios of a session's life, against the machine with made-up time.
func TestMachineScenariosA(t *testing.T) {
	runAll(t, []scenario{
		{"A05 a bind that is sent arrives with its fields", func(t *testing.T) {
			r := openRig(t, Config{Mode: Receiver, SystemID: "id", Password: "pw", SystemType: "type", AddressRange: "49*", AddrTON: 1, AddrNPI: 8})
			got := r.sent("bind_receiver")[0]
			if got.Str(pdu.FieldSystemID) != "id" || got.Str(pdu.FieldPassword) != "pw" || got.Str(pdu.FieldSystemType) != "type" ||
				got.Str(pdu.FieldAddressRange) != "49*" || got.Int(pdu.FieldInterfaceVersion) != 0x34 || got.Int(pdu.FieldAddrTON) != 1 || got.Int(pdu.FieldAddrNPI) != 8 {
				t.Fatalf("got %v", got)
			}
		}},
		{"A06 two sends are numbered 1 and 2", func(t *testing.T) {
			r := openRig(t, manualConfig)
			r.send(r.submit("a"))
			r.send(r.submit("b"))
			got := r.sent("submit_sm", "submit_sm")
			if got[0].SequenceNumber() != 1 || got[1].SequenceNumber() != 2 {
				t.Fatalf("numbers %d, %d", got[0].SequenceNumber(), got[1].SequenceNumber())
			}
			r.expect("written(1)", "written(2)")
		}},
		{"A07 a reply carries the request's number, and there is one", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.receive(build(t, "deliver_sm", 4321, pdu.ESME_ROK))
			r.expect("pdu(deliver_sm)")
			if err := r.m.Reply(r.now, r.in[0], build(t, "deliver_sm_resp", 0, pdu.ESME_ROK)); err != nil {
				t.Fatal(err)
			}
			if got := r.sent("deliver_sm_resp")[0].SequenceNumber(); got != 4321 {
				t.Fatalf("number %d", got)
			}
			r.expect("written(4321)")
			if err := r.m.Reply(r.now, r.in[0], build(t, "deliver_sm_resp", 0, pdu.ESME_ROK)); !errors.Is(err, &Error{Code: CodeAnswered}) {
				t.Fatalf("a second reply: %v", err)
			}
		}},
		{"A08 stop before anything: one stop, nothing lost", func(t *testing.T) {
			r := openRig(t, manualConfig)
			r.m.Stop(r.now, Reason{Kind: KindCustom})
			r.sent()
			r.hangUp()
			r.expect("stop(custom [])")
		}},
		{"A13 nothing happens", func(t *testing.T) {
			r := openRig(t, manualConfig)
			r.sent()
			r.expect()
		}},
		{"A15 a bind that comes in is handed over", func(t *testing.T) {
			r := openRig(t, manualConfig)
			r.receive(build(t, "bind_transceiver", 3, pdu.ESME_ROK, "system_id", "peer"))
			r.expect("pdu(bind_transceiver)")
			if got := r.in[0].PDU.Str(pdu.FieldSystemID); got != "peer" {
				t.Fatalf("system_id %q", got)
			}
		}},
		{"A16 a script's bind: send result, then response", func(t *testing.T) {
			r := openRig(t, manualConfig)
			r.send(build(t, "bind_transceiver", 0, pdu.ESME_ROK, "system_id", "a"))
			r.sent("bind_transceiver")
			r.receive(build(t, "bind_transceiver_resp", 1, pdu.ESME_ROK))
			r.expect("written(1)", "resp(1 ESME_ROK)")
		}},
		{"A17 then a submit_sm in the same way", func(t *testing.T) {
			r := openRig(t, manualConfig)
			r.send(build(t, "bind_transceiver", 0, pdu.ESME_ROK, "system_id", "a"))
			r.sent("bind_transceiver")
			r.receive(build(t, "bind_transceiver_resp", 1, pdu.ESME_ROK))
			r.expect("written(1)", "resp(1 ESME_ROK)")
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK, "message_id", "x"))
			r.expect("written(2)", "resp(2 ESME_ROK)")
		}},
		{"A18 a response with a wrong number is dropped, the session lives", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.receive(build(t, "submit_sm_resp", 77, pdu.ESME_ROK))
			r.expect("written(2)", "note")
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK))
			r.expect("resp(2 ESME_ROK)")
		}},
		{"A19 no response in time, and a late one: reported, not as a response", func(t *testing.T) {
			r := boundRig(t, Config{EnquireLinkLimit: Infinity})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.expect("written(2)")
			r.advance(time.Minute)
			r.expect("timeout(2)")
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK))
			r.expect("note")
			if c := r.m.Counters(); c.Late != 1 || c.Timeouts != 1 || c.Responses != 0 {
				t.Fatalf("counted %+v", c)
			}
		}},
		{"A20 a password of 17 characters: one send error, nothing on the wire", func(t *testing.T) {
			r := openRig(t, manualConfig)
			r.send(build(t, "bind_transceiver", 0, pdu.ESME_ROK, "password", strings.Repeat("x", 17)))
			r.sent()
			r.expect("refused(invalid_pdu never)")
			r.advance(9 * time.Second)
			r.expect()
		}},
		{"A21 silence of the peer: a ping", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.advance(30 * time.Second)
			r.sent("enquire_link")
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
		{"A24 a ping without answer: stop timers enquire_link", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.advance(30 * time.Second)
			r.sent("enquire_link")
			r.advance(30 * time.Second)
			r.hangUp()
			r.expect("stop(timers: enquire_link [])")
		}},
		{"A25 inactivity: stop, although the link answers", func(t *testing.T) {
			r := boundRig(t, Config{InactivityLimit: 45 * time.Second})
			r.advance(30 * time.Second)
			r.receive(build(t, "enquire_link_resp", r.sent("enquire_link")[0].SequenceNumber(), pdu.ESME_ROK))
			r.advance(15 * time.Second)
			r.receive(build(t, "unbind_resp", r.sent("unbind")[0].SequenceNumber(), pdu.ESME_ROK))
			r.hangUp()
			r.expect("stop(timers: inactivity [])")
		}},
		{"A26 a bind is refused: the machine's own", func(t *testing.T) {
			r := openRig(t, Config{})
			r.sent("bind_transceiver")
			r.receive(build(t, "bind_transceiver_resp", 1, pdu.ESME_RINVPASWD))
			r.hangUp()
			r.expect("stop(bind_failed: ESME_RINVPASWD [])")
		}},
		{"A26 a bind is refused: the script's", func(t *testing.T) {
			r := openRig(t, manualConfig)
			r.send(build(t, "bind_transceiver", 0, pdu.ESME_ROK))
			r.sent("bind_transceiver")
			r.receive(build(t, "bind_transceiver_resp", 1, pdu.ESME_RBINDFAIL))
			r.hangUp()
			r.expect("written(1)", "resp(1 ESME_RBINDFAIL)", "stop(bind_failed: ESME_RBINDFAIL [])")
		}},
		{"A27 a stop with unanswered requests: lost, in send order", func(t *testing.T) {
			r := boundRig(t, Config{})
			for range 3 {
				r.send(r.submit("a"))
			}
			r.sent("submit_sm", "submit_sm", "submit_sm")
			r.m.Stop(r.now, Reason{Kind: KindCustom})
			r.sent()
			r.receive(build(t, "submit_sm_resp", 3, pdu.ESME_ROK))
			r.advance(5 * time.Second)
			r.sent("unbind")
			r.advance(5 * time.Second)
			r.hangUp()
			r.expect("written(2)", "written(3)", "written(4)", "resp(3 ESME_ROK)", "stop(custom [2 4])")
		}},
		{"A29 the transport dies under a write: the whole goes down, and reports", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.send(r.submit("b"))
			r.send(r.submit("c"))
			r.m.TakeOutput(nil)
			r.m.Written(r.now, 1, errors.New("broken pipe"))
			r.m.Lost(r.now, Reason{Kind: KindSocketError, Detail: "broken pipe"})
			r.expect("written(2)", "refused(stopped unknown)", "refused(stopped never)", "stop(socket_error: broken pipe [2])")
		}},
	})
}

// Each limit, a millisecond before its end and one after it.
func TestMachineScenariosE(t *testing.T) {
	edge := func(r *rig, limit time.Duration, before, after func()) {
		r.t.Helper()
		r.advance(limit - time.Millisecond)
		before()
		r.advance(2 * time.Millisecond)
		after()
	}
	silent := func(r *rig) func() {
		return func() { r.t.Helper(); r.sent(); r.expect() }
	}
	runAll(t, []scenario{
		{"E01 session_init_limit", func(t *testing.T) {
			r := openRig(t, Config{SessionInitLimit: 7 * time.Second})
			r.sent("bind_transceiver")
			edge(r, 7*time.Second, silent(r), func() { r.hangUp(); r.expect("stop(timers: session_init [])") })
		}},
		{"E02 enquire_link_limit", func(t *testing.T) {
			r := boundRig(t, Config{EnquireLinkLimit: 500 * time.Millisecond})
			edge(r, 500*time.Millisecond, silent(r), func() { r.sent("enquire_link"); r.expect() })
		}},
		{"E03 enquire_link_resp_limit", func(t *testing.T) {
			r := boundRig(t, Config{EnquireLinkRespLimit: 3 * time.Second})
			r.advance(30 * time.Second)
			r.sent("enquire_link")
			edge(r, 3*time.Second, silent(r), func() { r.hangUp(); r.expect("stop(timers: enquire_link [])") })
		}},
		{"E04 inactivity_limit", func(t *testing.T) {
			r := boundRig(t, Config{InactivityLimit: 20 * time.Second})
			edge(r, 20*time.Second, silent(r), func() { r.sent("unbind") })
		}},
		{"E05 response_limit", func(t *testing.T) {
			r := boundRig(t, Config{ResponseLimit: 4 * time.Second})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.expect("written(2)")
			edge(r, 4*time.Second, silent(r), func() { r.sent(); r.expect("timeout(2)") })
		}},
		{"E06 unbind_limit", func(t *testing.T) {
			r := boundRig(t, Config{UnbindLimit: 2 * time.Second})
			r.m.Stop(r.now, Reason{Kind: KindShutdown})
			r.sent("unbind")
			edge(r, 2*time.Second, func() {
				if half, force := r.m.CloseWanted(); half || force {
					t.Fatal("it closes before the limit")
				}
			}, func() { r.hangUp(); r.expect("stop(shutdown [])") })
		}},
	})
}

// What the model of the behaviour got wrong, and what peers do.
func TestMachineScenariosZ(t *testing.T) {
	lose := func(detail string) Reason { return Reason{Kind: KindSocketError, Detail: detail} }
	runAll(t, []scenario{
		{"Z01 the handler dies with an unanswered request: it is lost once", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.m.Abort(r.now, Reason{Kind: KindScriptError, Detail: "boom"})
			r.hangUp()
			r.expect("written(2)", "stop(script_error: boom [2])")
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
			r.octets([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 7})
			r.expect("unparsed")
			nack := r.sent("generic_nack")[0]
			if nack.CommandStatus() != pdu.ESME_RINVCMDID || nack.SequenceNumber() != 7 {
				t.Fatalf("nack %v", nack)
			}
			r.receive(build(t, "deliver_sm", 8, pdu.ESME_ROK))
			r.expect("pdu(deliver_sm)")
		}},
		{"Z05 submit_sm_resp ESME_ROK with an empty body: a response without message_id", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.octets([]byte{0, 0, 0, 16, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 2})
			var resp *pdu.PDU
			for _, e := range r.m.TakeEvents(nil) {
				if e.Kind == EventResp {
					resp = e.PDU
				}
			}
			if resp == nil || resp.CommandStatus() != pdu.ESME_ROK || resp.Has(pdu.FieldMessageID) {
				t.Fatalf("response %v", resp)
			}
		}},
		{"Z06 framing is lost: nack, parse_error that names what it looks like", func(t *testing.T) {
			for octets, want := range map[string]string{
				"HTTP/1.1 400 Bad": "stop(parse_error: this is no SMPP but looks like HTTP [])",
				"\xff\xff\xff\xff": "stop(parse_error: command_length 4294967295 is more than max_pdu_size (131072) [])",
				"\x00\x00\x00\x0f": "stop(parse_error: command_length 15 is less than a header (16) [])",
			} {
				r := boundRig(t, Config{})
				_, err := pdu.FrameLength([]byte(octets), defaultMaxPDUSize)
				if err == nil {
					t.Fatalf("%q passes for SMPP", octets)
				}
				r.m.ParseError(r.now, err)
				if got := r.sent("generic_nack")[0].CommandStatus(); got != pdu.ESME_RINVCMDLEN {
					t.Fatalf("status %v", got)
				}
				r.expect()
				r.hangUp()
				r.expect(want)
			}
		}},
		{"Z07 a response of another type is not matched", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.receive(build(t, "query_sm_resp", 2, pdu.ESME_ROK))
			r.expect("written(2)", "note")
			if r.m.InFlight() != 1 || r.m.Counters().Mismatched != 1 {
				t.Fatal("the request is gone, or it was not counted")
			}
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK))
			r.expect("resp(2 ESME_ROK)")
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
		{"Z08 a bind_resp after session_init_limit: the session ends", func(t *testing.T) {
			r := openRig(t, Config{})
			r.sent("bind_transceiver")
			r.advance(10 * time.Second)
			r.receive(build(t, "bind_transceiver_resp", 1, pdu.ESME_ROK))
			if err := r.m.Send(r.now, r.submit("a"), nil); !errors.Is(err, &Error{Code: CodeStopped}) {
				t.Fatalf("a send to the zombie: %v", err)
			}
			r.hangUp()
			words := r.events()
			if got := words[len(words)-1]; got != "stop(timers: session_init [])" {
				t.Fatalf("events %v", words)
			}
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
		{"Z08 an answer that was read when all is settled changes nothing", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.send(r.submit("a"))
			w := newWaiter()
			if err := r.m.Send(r.now, r.submit("b"), w); err != nil {
				t.Fatal(err)
			}
			r.sent("submit_sm", "submit_sm")
			r.m.Kill(r.now)
			r.expect("written(2)", "answer(stopped: socket_error: closed)", "stop(socket_error: closed [2])")
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK))
			r.receive(build(t, "submit_sm_resp", 3, pdu.ESME_ROK))
			r.octets([]byte{0, 0, 0, 17, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 2, 'x'})
			r.m.Unparsed(r.now, build(t, "submit_sm_resp", 2, pdu.ESME_ROK), errors.New("garbled"))
			r.expect()
		}},
		{"Z09 a late answer does not settle a request of the same number that has not left yet", func(t *testing.T) {
			r := boundRig(t, Config{ResponseLimit: time.Second, EnquireLinkLimit: Infinity})
			r.send(r.submit("a")) // 2
			r.sent("submit_sm")
			r.advance(time.Second)
			r.expect("written(2)", "timeout(2)")
			r.m.window.last = 1
			r.send(r.submit("b")) // 2 again
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_RSUBMITFAIL))
			r.expect("note")
			if r.m.Counters().Late != 1 {
				t.Fatalf("counters %+v", r.m.Counters())
			}
			r.sent("submit_sm")
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK))
			r.expect("written(2)", "resp(2 ESME_ROK)")
		}},
		{"Z18 limits longer than any clock are off", func(t *testing.T) {
			const most = time.Duration(math.MaxInt64)
			r := openRig(t, Config{Timeout: most, SessionInitLimit: most, EnquireLinkLimit: most, EnquireLinkRespLimit: most, InactivityLimit: most,
				ResponseLimit: most, StalledLimit: most, UnbindLimit: most})
			r.advance(time.Hour)
			bind := r.sent("bind_transceiver")[0]
			r.receive(build(t, "bind_transceiver_resp", bind.SequenceNumber(), pdu.ESME_ROK))
			r.receive(build(t, "deliver_sm", 7, pdu.ESME_ROK))
			r.expect("bound", "pdu(deliver_sm)")
			if err := r.m.Defer(r.now, r.in[0], most); err != nil {
				t.Fatal(err)
			}
			r.m.Handled(r.now, r.in[0], nil)
			r.send(r.submit("a"))
			r.m.Tune(r.now, r.m.cfg)
			r.sent("submit_sm")
			r.advance(time.Hour)
			r.m.Stop(r.now, Reason{Kind: KindCustom})
			r.advance(time.Hour)
			r.sent()
			r.expect("written(2)")
			if at, ok := r.m.Deadline(); ok {
				t.Fatalf("due at %v", at)
			}
		}},
		{"Z10 auto_reply none: what is left unanswered stays so; an error, and a deferral that runs out, are ESME_RX_T_APPN", func(t *testing.T) {
			r := boundRig(t, Config{NoAutoReply: true})
			for seq := range uint32(3) {
				r.receive(build(t, "deliver_sm", 1+seq, pdu.ESME_ROK))
			}
			r.expect("pdu(deliver_sm)", "pdu(deliver_sm)", "pdu(deliver_sm)")
			r.m.Handled(r.now, r.in[0], nil)
			r.sent()
			r.m.Handled(r.now, r.in[1], errors.New("boom"))
			r.m.Defer(r.now, r.in[2], time.Second)
			r.m.Handled(r.now, r.in[2], nil)
			for _, want := range []uint32{2, 3} {
				got := r.sent("deliver_sm_resp")[0]
				if got.SequenceNumber() != want || got.CommandStatus() != pdu.ESME_RX_T_APPN {
					t.Fatalf("sent %v", got)
				}
				r.advance(time.Second)
			}
		}},
		{"Z10 a consumer that is behind: requests are refused, responses and link checks go on", func(t *testing.T) {
			r := boundRig(t, Config{NoAutoReply: true})
			r.send(r.submit("a"))
			r.sent("submit_sm")
			r.expect("written(2)")
			r.m.Busy(true)
			r.receive(build(t, "deliver_sm", 7, pdu.ESME_ROK))
			r.receive(build(t, "alert_notification", 8, pdu.ESME_ROK))
			r.receive(build(t, "enquire_link", 9, pdu.ESME_ROK))
			r.octets([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 10})
			r.receive(build(t, "submit_sm_resp", 2, pdu.ESME_ROK))
			got := r.sent("enquire_link_resp", "deliver_sm_resp", "generic_nack")
			if got[1].SequenceNumber() != 7 || got[1].CommandStatus() != pdu.ESME_RX_T_APPN || got[2].SequenceNumber() != 10 {
				t.Fatalf("sent %v", got)
			}
			r.expect("note", "note", "note", "resp(2 ESME_ROK)")
			if r.m.Counters().Refused != 2 {
				t.Fatalf("counters %+v", r.m.Counters())
			}
			r.m.Busy(false)
			r.receive(build(t, "deliver_sm", 11, pdu.ESME_ROK))
			r.expect("pdu(deliver_sm)")
		}},
		{"Z11 a PDU that cannot be built: one send error, and no timeout or loss after it", func(t *testing.T) {
			r := boundRig(t, Config{EnquireLinkLimit: Infinity})
			r.send(r.submit(strings.Repeat("1", 30)))
			r.expect("refused(invalid_pdu never)")
			r.advance(2 * time.Minute)
			r.sent()
			r.m.Lost(r.now, lose("gone"))
			r.expect("stop(socket_error: gone [])")
		}},
		{"Z12 a send after the stop is refused, and never heard of again", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.m.Stop(r.now, Reason{Kind: KindCustom})
			if err := r.m.Send(r.now, r.submit("a"), nil); !errors.Is(err, &Error{Code: CodeStopped}) {
				t.Fatalf("got %v", err)
			}
			r.receive(build(t, "unbind_resp", r.sent("unbind")[0].SequenceNumber(), pdu.ESME_ROK))
			r.hangUp()
			if err := r.m.Send(r.now, r.submit("a"), nil); !errors.Is(err, &Error{Code: CodeStopped}) {
				t.Fatalf("got %v", err)
			}
			r.expect("stop(custom [])")
		}},
		{"Z13 the peer unbinds: answered after what came before it", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.receive(build(t, "deliver_sm", 4, pdu.ESME_ROK))
			r.receive(build(t, "unbind", 5, pdu.ESME_ROK))
			for _, e := range r.m.TakeEvents(nil) {
				switch e.Kind {
				case EventPDU:
					r.m.Handled(r.now, e.In, nil)
				case EventFinish:
					r.m.Finish(r.now)
				}
			}
			got := r.sent("deliver_sm_resp", "unbind_resp")
			if got[0].SequenceNumber() != 4 || got[1].SequenceNumber() != 5 {
				t.Fatalf("sent %v", got)
			}
			r.hangUp()
			r.expect("stop(unbound [])")
		}},
		{"Z14 own stop: unbind, wait, close", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.m.Stop(r.now, Reason{Kind: KindCustom, Detail: "enough"})
			unbind := r.sent("unbind")[0]
			if half, _ := r.m.CloseWanted(); half {
				t.Fatal("it closes before the unbind_resp")
			}
			r.receive(build(t, "unbind_resp", unbind.SequenceNumber(), pdu.ESME_ROK))
			r.hangUp()
			r.expect("stop(custom: enough [])")
		}},
		{"Z15 a NUL inside a C-octet string is refused", func(t *testing.T) {
			r := openRig(t, manualConfig)
			r.send(build(t, "bind_transceiver", 0, pdu.ESME_ROK, "system_id", "a\x00b"))
			r.sent()
			r.expect("refused(invalid_pdu never)")
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
			for _, tt := range []struct {
				end  func(r *rig)
				want string
			}{
				{func(r *rig) { r.m.Lost(r.now, lose("connection reset by peer")) }, "stop(socket_error: connection reset by peer [2])"},
				{func(r *rig) { r.m.EndOfStream(r.now) }, "stop(socket_closed [2])"},
			} {
				r := boundRig(t, Config{})
				r.send(r.submit("a"))
				r.sent("submit_sm")
				r.expect("written(2)")
				tt.end(r)
				r.expect(tt.want)
			}
		}},
		{"Z18 infinity limits: nothing is ever due", func(t *testing.T) {
			r := boundRig(t, Config{SessionInitLimit: Infinity, EnquireLinkLimit: Infinity, EnquireLinkRespLimit: Infinity,
				InactivityLimit: Infinity, ResponseLimit: Infinity, UnbindLimit: Infinity})
			r.send(r.submit("a"))
			r.flush()
			if at, ok := r.m.Deadline(); ok {
				t.Fatalf("a deadline at %v", at)
			}
			r.m.Stop(r.now, Reason{Kind: KindCustom})
			if at, ok := r.m.Deadline(); ok {
				t.Fatalf("a deadline of the stop at %v", at)
			}
		}},
		{"Z19 never bound: session_init", func(t *testing.T) {
			r := openRig(t, Config{})
			r.send(r.submit("a"))
			r.sent("bind_transceiver")
			r.advance(10 * time.Second)
			r.hangUp()
			r.expect("refused(stopped never)", "stop(timers: session_init [])")
		}},
		{"Z20 a TLV twice: both kept, in order", func(t *testing.T) {
			r := boundRig(t, Config{})
			cmd, _ := pdu.CommandByName("deliver_sm")
			b := pdu.NewBuilder(cmd)
			b.AddTLV(0x1401, "one")
			b.AddTLV(0x1401, "two")
			b.SetSequence(3)
			r.receive(b.Build())
			r.expect("pdu(deliver_sm)")
			var got []string
			for tag, v := range r.in[0].PDU.TLVs() {
				got = append(got, fmt.Sprintf("%#x=%s", uint16(tag), v))
			}
			if fmt.Sprint(got) != "[0x1401=one 0x1401=two]" {
				t.Fatalf("got %v", got)
			}
		}},
		{"Z21 deliver_sm right behind bind_resp: handled after it", func(t *testing.T) {
			r := openRig(t, Config{})
			r.sent("bind_transceiver")
			r.receive(build(t, "bind_transceiver_resp", 1, pdu.ESME_ROK))
			r.receive(build(t, "deliver_sm", 1, pdu.ESME_ROK))
			r.expect("bound", "pdu(deliver_sm)")
		}},
		{"Z22 a stream that is cut anywhere: the same", func(t *testing.T) {
			stream := build(t, "deliver_sm", 1, pdu.ESME_ROK, "short_message", "hello").AppendTo(nil)
			stream = append(stream, 0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 2) // unknown
			stream = build(t, "submit_sm_resp", 2, pdu.ESME_ROK, "message_id", "x").AppendTo(stream)
			for cut := range stream {
				r := boundRig(t, Config{})
				r.send(r.submit("a"))
				r.sent("submit_sm")
				var rest []byte
				for _, part := range [][]byte{stream[:cut], stream[cut:]} {
					c := &chunk{buf: append(rest, part...)}
					used, _, lost := c.decode(len(c.buf), defaultMaxPDUSize)
					if lost != nil {
						t.Fatal(lost)
					}
					for i := range c.pdus {
						r.m.Received(r.now, &c.pdus[i])
					}
					rest = c.buf[used:]
				}
				r.expect("written(2)", "pdu(deliver_sm)", "unparsed", "resp(2 ESME_ROK)")
			}
		}},
		{"Z23 stop twice: the first reason counts", func(t *testing.T) {
			r := openRig(t, manualConfig)
			r.m.Stop(r.now, Reason{Kind: KindCustom, Detail: "one"})
			r.m.Stop(r.now, Reason{Kind: KindCustom, Detail: "two"})
			r.hangUp()
			r.m.Stop(r.now, Reason{Kind: KindCustom, Detail: "three"})
			r.expect("stop(custom: one [])")
		}},
		{"Z23 stop while init runs: what was sent is refused in its turn, nothing waits for a bind that will not come", func(t *testing.T) {
			r := &rig{t: t, m: NewMachine(Config{UnbindLimit: Infinity, SessionInitLimit: Infinity, Timeout: Infinity}), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
			r.m.Connected(r.now)
			r.receive(build(t, "enquire_link", 1, pdu.ESME_ROK)) // its answer is in the way
			r.m.SendRaw(r.now, build(t, "alert_notification", 1, pdu.ESME_ROK).AppendTo(nil))
			r.send(r.submit(strings.Repeat("1", 30))) // cannot be built
			r.send(r.submit("a"))
			r.ask("b")
			r.m.Stop(r.now, Reason{Kind: KindCustom})
			r.expect("answer(stopped: custom)")
			r.m.Started(r.now)
			r.sent("enquire_link_resp", "alert_notification")
			r.expect("refused(invalid_pdu never)", "refused(stopped never)")
			r.hangUp()
			r.expect("stop(custom [])")
		}},
		{"Z23 stop while the bind is out: what was sent goes out when it is accepted, and is refused when it is not", func(t *testing.T) {
			for status, want := range map[pdu.Status][]string{
				pdu.ESME_ROK:       {"bound", "written(2)"},
				pdu.ESME_RBINDFAIL: {"refused(stopped never)", "stop(custom [])"},
			} {
				r := openRig(t, Config{})
				r.send(r.submit("a"))
				bind := r.sent("bind_transceiver")[0]
				r.m.Stop(r.now, Reason{Kind: KindCustom})
				r.expect()
				r.receive(build(t, "bind_transceiver_resp", bind.SequenceNumber(), status))
				if r.flush(); status != pdu.ESME_ROK {
					r.hangUp()
				}
				r.expect(want...)
			}
		}},
		{"G02 the peer closes while init runs: no bind goes out any more, and the stop follows", func(t *testing.T) {
			r := &rig{t: t, m: NewMachine(Config{}), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
			r.m.Connected(r.now)
			r.m.EndOfStream(r.now)
			r.m.Started(r.now)
			r.sent()
			r.expect("stop(socket_closed [])")
		}},
		{"Z24 the peer closes while a callback runs: what came before is handled, then the stop", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.receive(build(t, "deliver_sm", 4, pdu.ESME_ROK))
			in := r.m.TakeEvents(nil)[0].In // the callback runs
			r.m.EndOfStream(r.now)
			if err := r.m.Reply(r.now, in, build(t, "deliver_sm_resp", 0, pdu.ESME_ROK)); err != nil {
				t.Fatal(err)
			}
			r.sent("deliver_sm_resp")
			r.expect("written(4)", "stop(socket_closed [])")
		}},
		{"Z25 a number above 0x7FFFFFFF from the peer is echoed exactly, and 0 too", func(t *testing.T) {
			r := boundRig(t, Config{})
			for _, seq := range []uint32{0xFFFFFFF0, 0x80000000, 0} {
				r.receive(build(t, "deliver_sm", seq, pdu.ESME_ROK))
				r.expect("pdu(deliver_sm)")
				r.m.Handled(r.now, r.in[len(r.in)-1], nil)
				if got := r.sent("deliver_sm_resp")[0].SequenceNumber(); got != seq {
					t.Fatalf("number %d, want %d", got, seq)
				}
			}
		}},
		{"Z26 own stop with PDUs of the peer in hand: all are answered, then unbind", func(t *testing.T) {
			r := boundRig(t, Config{})
			for seq := range uint32(3) {
				r.receive(build(t, "deliver_sm", 10+seq, pdu.ESME_ROK))
			}
			r.octets([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 14})
			events := r.m.TakeEvents(nil)
			r.m.Stop(r.now, Reason{Kind: KindCustom})
			r.receive(build(t, "deliver_sm", 15, pdu.ESME_ROK)) // the peer keeps it
			if got := r.sent("deliver_sm_resp")[0].CommandStatus(); got != pdu.ESME_RX_T_APPN {
				t.Fatalf("answered %s", got)
			}
			for _, e := range events[:3] {
				r.sent()
				r.m.Handled(r.now, e.In, nil)
				r.sent("deliver_sm_resp")
			}
			r.m.Nack(r.now, 14, events[3].Err)
			r.sent("generic_nack", "unbind")
		}},
		{"Z26 what the handler does not come to within unbind_limit holds up no stop", func(t *testing.T) {
			r := boundRig(t, Config{})
			r.receive(build(t, "deliver_sm", 10, pdu.ESME_ROK))
			r.expect("pdu(deliver_sm)")
			r.m.Stop(r.now, Reason{Kind: KindCustom})
			r.advance(5*time.Second - 1)
			r.sent()
			r.advance(1)
			r.sent("unbind")
			r.m.Handled(r.now, r.in[0], nil)
			r.sent("deliver_sm_resp")
		}},
		{"Z27 an end with a deferred answer open: ESME_RX_T_APPN, so that the peer keeps it", func(t *testing.T) {
			for name, end := range map[string]func(r *rig){
				"deliver_sm_resp unbind_resp": func(r *rig) { r.receive(build(t, "unbind", 6, pdu.ESME_ROK)); r.events() },
				"deliver_sm_resp":             func(r *rig) { r.m.EndOfStream(r.now); r.events() },
				"deliver_sm_resp unbind":      func(r *rig) { r.m.Stop(r.now, Reason{Kind: KindCustom}); r.advance(5 * time.Second) },
			} {
				r := boundRig(t, Config{EnquireLinkLimit: Infinity})
				r.receive(build(t, "deliver_sm", 5, pdu.ESME_ROK))
				r.expect("pdu(deliver_sm)")
				if err := r.m.Defer(r.now, r.in[0], time.Minute); err != nil {
					t.Fatal(err)
				}
				r.m.Handled(r.now, r.in[0], nil)
				end(r)
				if got := r.sent(strings.Fields(name)...)[0].CommandStatus(); got != pdu.ESME_RX_T_APPN {
					t.Fatalf("%s: answered %s", name, got)
				}
			}
		}},
	})
}
