package esme_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

type scenario struct {
	name string
	run  func(t *testing.T)
}

func runAll(t *testing.T, all []scenario) {
	for _, s := range all {
		t.Run(s.name, s.run)
	}
}

const overTLS = "TLS"

// runOver runs the scenarios over plain TCP, and with TLS on it.
func runOver(t *testing.T, all []scenario) {
	t.Run("TCP", func(t *testing.T) { runAll(t, all) })
	t.Run(overTLS, func(t *testing.T) { runAll(t, all) })
}

var (
	manual = esme.Config{Mode: esme.Manual}
	custom = esme.Reason{Kind: esme.KindCustom}
)

func isCode(err error, code string) bool { return errors.Is(err, &esme.Error{Code: code}) }

// The scenarios of a session's life, over loopback TCP and TLS against a peer that the test plays.
func TestTCPScenariosA(t *testing.T) {
	connects := func(listenAt, host string) func(t *testing.T) {
		return func(t *testing.T) {
			l, err := net.Listen("tcp", listenAt)
			if err != nil {
				t.Skipf("this machine has no %s: %v", listenAt, err)
			}
			defer l.Close()
			_, port, _ := net.SplitHostPort(l.Addr().String())
			conn, err := esme.Dial(t.Context(), net.JoinHostPort(host, port), esme.Config{})
			if err != nil {
				t.Fatal(err)
			}
			w := newWitness(t)
			w.run(esme.Config{}, conn)
			acceptFrom(t, l).accept()
			w.expect("init", "bound transceiver")
		}
	}
	runOver(t, []scenario{
		{"A01 connect by IPv4", connects("127.0.0.1:0", "127.0.0.1")},
		{"A02 connect by IPv6", connects("[::1]:0", "::1")},
		{"A03 connect by host name", connects("127.0.0.1:0", "localhost")},
		{"A04 nothing listens: the error is ECONNREFUSED", func(t *testing.T) {
			l := listen(t, "127.0.0.1:0")
			l.Close()
			_, err := esme.Dial(t.Context(), l.Addr().String(), esme.Config{})
			if !errors.Is(err, syscall.ECONNREFUSED) || !isCode(err, esme.CodeConnect) {
				t.Fatalf("got %v", err)
			}
		}},
		{"A05 a bind that is sent arrives with its fields", func(t *testing.T) {
			_, p := begin(t, esme.Config{Mode: esme.Transmitter, SystemID: "id", Password: "pw", SystemType: "type", InterfaceVersion: 0x50, AddressRange: "49*"})
			got := p.expect("bind_transmitter")
			if got.Str(pdu.FieldSystemID) != "id" || got.Str(pdu.FieldPassword) != "pw" || got.Str(pdu.FieldSystemType) != "type" ||
				got.Int(pdu.FieldInterfaceVersion) != 0x50 || got.Str(pdu.FieldAddressRange) != "49*" {
				t.Fatalf("got %v", got)
			}
		}},
		{"A06 two sends are numbered 1 and 2", func(t *testing.T) {
			_, p := begin(t, manual, func(w *witness) {
				w.init = func(s *esme.Session) error { return errors.Join(s.Send(submit("a")), s.Send(submit("b"))) }
			})
			for want := range uint32(2) {
				if got := p.expect("submit_sm").SequenceNumber(); got != want+1 {
					t.Fatalf("number %d", got)
				}
			}
		}},
		{"A07 a reply carries the request's number", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{}, func(w *witness) {
				w.pdu = func(in *esme.Inbound) error {
					return w.session.Reply(in, newPDU(w.t, "deliver_sm_resp", 99, pdu.ESME_RX_P_APPN))
				}
			})
			p.send("deliver_sm", 4321, pdu.ESME_ROK)
			if got := p.expect("deliver_sm_resp"); got.SequenceNumber() != 4321 || got.CommandStatus() != pdu.ESME_RX_P_APPN {
				t.Fatalf("got %v", got)
			}
			w.expect("pdu deliver_sm 4321", "written 4321")
		}},
		{"A08 stop: init, then the stop, nothing lost", func(t *testing.T) {
			w, p := begin(t, manual, func(w *witness) { w.init = func(s *esme.Session) error { s.Stop(custom); return nil } })
			p.expectEnd()
			p.close()
			w.expect("init")
			if exit := w.ended("stop custom []"); exit.Exit != "normal" || exit.Reason != custom {
				t.Fatalf("exit %+v", exit)
			}
		}},
		{"A09 cast", func(t *testing.T) {
			w, _ := beginBound(t, esme.Config{})
			if err := w.session.Cast("hello"); err != nil {
				t.Fatal(err)
			}
			w.expect("cast hello")
		}},
		{"A10 call", func(t *testing.T) {
			w, _ := beginBound(t, esme.Config{})
			if v, err := w.session.Call(t.Context(), 42); err != nil || v != 42 {
				t.Fatalf("%v, %v", v, err)
			}
			w.expect("call 42")
		}},
		{"A11 a call that is answered later", func(t *testing.T) {
			from := make(chan *esme.From, 1)
			w, _ := beginBound(t, esme.Config{}, func(w *witness) { w.call = func(_ any, f *esme.From) { from <- f } })
			go func() { (<-from).Reply("later") }()
			if v, err := w.session.Call(t.Context(), 1); err != nil || v != "later" {
				t.Fatalf("%v, %v", v, err)
			}
		}},
		{"A12 info", func(t *testing.T) {
			w, _ := beginBound(t, esme.Config{})
			if err := w.session.Info("hello"); err != nil {
				t.Fatal(err)
			}
			w.expect("info hello")
		}},
		{"A13 nothing happens: init, and nothing goes out", func(t *testing.T) {
			w, p := begin(t, manual)
			w.expect("init")
			w.session.Stop(custom)
			p.expectEnd()
			p.close()
			w.ended("stop custom []")
		}},
		{"A14 init refuses: the socket is closed, and no stop", func(t *testing.T) {
			w, p := begin(t, esme.Config{}, func(w *witness) { w.init = func(*esme.Session) error { return errors.New("not today") } })
			p.expectEnd()
			w.expect("init")
			if exit := w.ended(); exit.Refused == nil || exit.Refused.Error() != "not today" {
				t.Fatalf("exit %+v", exit)
			}
		}},
		{"A15 a bind that comes in is handed over", func(t *testing.T) {
			w, p := begin(t, manual)
			p.send("bind_transceiver", 3, pdu.ESME_ROK, "system_id", "peer")
			w.expect("init", "pdu bind_transceiver 3")
		}},
		{"A16 a bind by hand: init, send result, response", func(t *testing.T) {
			w, p := begin(t, manual, func(w *witness) {
				w.init = func(s *esme.Session) error {
					return s.Send(newPDU(w.t, "bind_transceiver", 0, pdu.ESME_ROK, "system_id", "x"))
				}
			})
			p.accept()
			w.expect("init", "written 1", "resp 1 ESME_ROK")
		}},
		{"A17 then a submit_sm in the same way", func(t *testing.T) {
			w, p := begin(t, manual, func(w *witness) {
				w.init = func(s *esme.Session) error { return s.Send(newPDU(w.t, "bind_transmitter", 0, pdu.ESME_ROK)) }
			})
			p.answer(p.expect("bind_transmitter"), pdu.ESME_ROK)
			w.expect("init", "written 1", "resp 1 ESME_ROK")
			if err := w.session.Send(submit("1")); err != nil {
				t.Fatal(err)
			}
			p.answer(p.expect("submit_sm"), pdu.ESME_ROK, "message_id", "abc")
			w.expect("written 2", "resp 2 ESME_ROK abc")
		}},
		{"A18 a response with a wrong number is dropped, the session lives", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			p.send("submit_sm_resp", 4711, pdu.ESME_ROK, "message_id", "x")
			p.send("deliver_sm", 1, pdu.ESME_ROK)
			p.expect("deliver_sm_resp")
			w.expect("pdu deliver_sm 1")
			if c := w.session.Status().Counters; c.Late != 1 {
				t.Fatalf("counted %+v", c)
			}
		}},
		{"A20 a password of 17 characters: one send error, nothing on the wire", func(t *testing.T) {
			w, p := begin(t, manual, func(w *witness) {
				w.init = func(s *esme.Session) error {
					return s.Send(newPDU(w.t, "bind_transceiver", 0, pdu.ESME_ROK, "password", strings.Repeat("x", 17)))
				}
			})
			w.expect("init", "refused invalid_pdu never")
			w.session.Stop(custom)
			p.expectEnd()
		}},
		{"A26 the bind is refused: bind_failed with the status", func(t *testing.T) {
			w, p := begin(t, esme.Config{})
			p.answer(p.expect("bind_transceiver"), pdu.ESME_RINVPASWD)
			p.expectEnd()
			p.close()
			w.expect("init")
			if exit := w.ended("stop bind_failed: ESME_RINVPASWD []"); exit.Bound {
				t.Fatalf("exit %+v", exit)
			}
		}},
		{"A27 a stop with an unanswered request: it is lost", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{UnbindLimit: 20 * time.Millisecond})
			if err := w.session.Send(submit("1")); err != nil {
				t.Fatal(err)
			}
			p.expect("submit_sm")
			w.session.Stop(custom)
			p.answer(p.expect("unbind"), pdu.ESME_ROK)
			p.expectEnd()
			p.close()
			w.expect("written 2")
			w.ended("stop custom [2]")
		}},
		{"A29 the transport is closed under the session: it goes down whole, and reports", func(t *testing.T) {
			conn, p := meet(t, esme.Config{})
			w := newWitness(t)
			w.run(esme.Config{}, conn)
			p.accept()
			w.expect("init", "bound transceiver")
			if err := w.session.Send(submit("1")); err != nil {
				t.Fatal(err)
			}
			p.expect("submit_sm")
			w.expect("written 2")
			conn.Close()
			w.ended("stop socket_error: closed [2]")
		}},
	})
}

// Those who wait for their response.
func TestTCPScenariosS(t *testing.T) {
	runOver(t, []scenario{
		{"S01 a hundred requests at once: each gets its own response", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{Window: 100})
			var all sync.WaitGroup
			for i := range 100 {
				all.Go(func() {
					to := fmt.Sprint(i)
					resp, err := w.session.Request(t.Context(), submit(to))
					if err != nil || resp.Str(pdu.FieldMessageID) != to {
						t.Errorf("%s: %v, %v", to, resp, err)
					}
				})
			}
			var reqs []*pdu.PDU
			for range 100 {
				reqs = append(reqs, p.expect("submit_sm"))
			}
			for i := range reqs { // the last first
				r := reqs[len(reqs)-1-i]
				p.answer(r, pdu.ESME_ROK, "message_id", r.Str(pdu.FieldDestinationAddr))
			}
			all.Wait()
		}},
		{"S02 the peer closes in a request of a callback, which no limit ends: stopped", func(t *testing.T) {
			w, p, told := beginAsking(t)
			p.close()
			var e *esme.Error
			if err := <-told; !errors.As(err, &e) || e.Code != esme.CodeStopped || e.Written != esme.WrittenYes {
				t.Fatalf("got %+v", e)
			}
			w.ended("pdu deliver_sm 5", "stop socket_closed []")
		}},
		{"S02 the stream makes no sense any more in a request of a callback: stopped", func(t *testing.T) {
			w, p, told := beginAsking(t)
			p.raw(make([]byte, 16)) // a command_length of 0
			if err := <-told; !isCode(err, esme.CodeStopped) {
				t.Fatalf("got %v", err)
			}
			p.expect("generic_nack")
			p.expect("deliver_sm_resp")
			p.expectEnd()
			p.close()
			w.expect("pdu deliver_sm 5")
			w.expectPrefix("stop parse_error")
		}},
		{"S02 the peer closes in a request: stopped", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			go func() {
				p.read()
				p.close()
			}()
			var e *esme.Error
			if _, err := w.session.Request(t.Context(), submit("1")); !errors.As(err, &e) || e.Code != esme.CodeStopped || e.Written != esme.WrittenYes {
				t.Fatalf("got %+v", e)
			}
			w.ended("stop socket_closed []")
		}},
		{"S05 what cannot be built: an error at once, nothing on the wire", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			if _, err := w.session.Request(t.Context(), submit(strings.Repeat("1", 30))); !isCode(err, esme.CodeInvalidPDU) {
				t.Fatalf("got %v", err)
			}
			w.session.Stop(custom)
			p.expect("unbind")
		}},
		{"S05 a late response after the caller gave up: the next request gets its own", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			ctx, cancel := context.WithCancel(t.Context())
			gaveUp := make(chan error, 1)
			go func() {
				_, err := w.session.Request(ctx, submit("1"))
				gaveUp <- err
			}()
			first := p.expect("submit_sm")
			cancel()
			if err := <-gaveUp; !isCode(err, esme.CodeTimeout) {
				t.Fatalf("got %v", err)
			}
			p.answer(first, pdu.ESME_ROK, "message_id", "late")
			go func() {
				second, _ := p.read()
				p.answer(second, pdu.ESME_ROK, "message_id", "right")
			}()
			if resp, err := w.session.Request(t.Context(), submit("2")); err != nil || resp.Str(pdu.FieldMessageID) != "right" {
				t.Fatalf("%v, %v", resp, err)
			}
			if c := w.session.Status().Counters; c.Late != 1 || c.Responses != 1 {
				t.Fatalf("counted %+v", c)
			}
		}},
		{"S06 who waits is gone: the handler hears", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			ctx, cancel := context.WithCancelCause(t.Context())
			left := make(chan error, 1)
			go func() {
				_, err := w.session.Request(ctx, submit("1"))
				left <- err
			}()
			req := p.expect("submit_sm")
			cancel(esme.ErrCallerGone)
			if err := <-left; !errors.Is(err, esme.ErrCallerGone) {
				t.Fatalf("got %v", err)
			}
			p.answer(req, pdu.ESME_ROK, "message_id", "x")
			w.expect("written 2", "resp 2 ESME_ROK x")
		}},
		{"S07 a context that has ended: nothing goes out", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			var e *esme.Error
			if _, err := w.session.Request(ctx, submit("1")); !errors.As(err, &e) || e.Code != esme.CodeTimeout || e.Written != esme.WrittenNever {
				t.Fatalf("got %+v", err)
			}
			if err := w.session.SendWait(ctx, submit("1")); !isCode(err, esme.CodeTimeout) {
				t.Fatalf("got %v", err)
			}
			w.session.Stop(custom)
			p.expect("unbind")
		}},
		{"S08 one who waits gives up: another gets the room in the queue", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{Window: 1, Queue: 1, Timeout: esme.Infinity, SessionInitLimit: esme.Infinity,
				EnquireLinkLimit: esme.Infinity, ResponseLimit: esme.Infinity}) // no timer looks for room by the way
			w.session.Send(submit("1"))
			p.expect("submit_sm")
			ctx, cancel := context.WithCancel(t.Context())
			gaveUp, sent := make(chan error, 1), make(chan error, 1)
			go func() {
				_, err := w.session.Request(ctx, submit("2"))
				gaveUp <- err
			}()
			for w.session.Status().Queued == 0 {
				runtime.Gosched()
			}
			waits, enough := context.WithTimeout(t.Context(), patience)
			defer enough()
			go func() { sent <- w.session.SendWait(waits, submit("3")) }()
			if !esme.WaitsForRoom(w.session) {
				t.Fatal("it does not wait")
			}
			cancel()
			<-gaveUp
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
		}},
		{"S08 an answer that waits for a peer who does not read waits in peace, and goes out when it does", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{Backlog: 64 << 10, EnquireLinkLimit: esme.Infinity, ResponseLimit: esme.Infinity})
			fill := func() {
				for w.session.SendRaw(make([]byte, 1<<20)) == nil {
				}
			}
			fill()
			ctx, enough := context.WithTimeout(t.Context(), patience)
			defer enough()
			sent := make(chan error, 1)
			send := func() { sent <- w.session.SendWait(ctx, newPDU(t, "deliver_sm_resp", 7, pdu.ESME_ROK)) }
			go send()
			for !esme.Waiting(w.session) {
				select {
				case err := <-sent:
					if err != nil {
						t.Fatalf("it did not wait: %v", err)
					}
					fill() // the system has taken some meanwhile
					go send()
				default:
					runtime.Gosched()
				}
			}
			go io.Copy(io.Discard, p.conn)
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
		}},
	})
}

// What peers do to a stream, over loopback TCP.
func TestTCPScenariosZ(t *testing.T) {
	runOver(t, []scenario{
		{"Z01 the handler dies with an unanswered request: it is lost once", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{}, func(w *witness) {
				w.any = func(_ *witness, callback string) {
					if callback == "cast" {
						panic("boom")
					}
				}
			})
			w.session.Send(submit("1"))
			p.expect("submit_sm")
			w.expect("written 2")
			w.session.Cast(1)
			p.expectEnd()
			p.close()
			w.ended("cast 1", "stop script_error: panic in a message: boom [2]")
		}},
		{"Z03 a generic_nack with the number resolves the request", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			w.session.Send(submit("1"))
			p.send("generic_nack", p.expect("submit_sm").SequenceNumber(), pdu.ESME_RINVCMDID)
			w.expect("written 2", "resp 2 ESME_RINVCMDID")
		}},
		{"Z04 an unknown command_id: nack, stays", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			p.raw([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 7})
			if got := p.expect("generic_nack"); got.SequenceNumber() != 7 || got.CommandStatus() != pdu.ESME_RINVCMDID {
				t.Fatalf("got %v", got)
			}
			p.send("enquire_link", 8, pdu.ESME_ROK)
			p.expect("enquire_link_resp")
			w.expect("unparsed 16 octets")
		}},
		{"Z05 submit_sm_resp ESME_ROK with an empty body: a response without message_id", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			w.session.Send(submit("1"))
			seq := p.expect("submit_sm").SequenceNumber()
			p.raw([]byte{0, 0, 0, 16, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, byte(seq)})
			w.expect("written 2", "resp 2 ESME_ROK")
		}},
		{"Z06 framing is lost: nack, parse_error that names what it looks like", func(t *testing.T) {
			for octets, want := range map[string]string{
				"HTTP/1.1 400 Bad Request\r\n\r\n": "stop parse_error: this is no SMPP but looks like HTTP []",
				"\xff\xff\xff\xff12345678":         "stop parse_error: command_length 4294967295 is more than max_pdu_size (131072) []",
				"\x00\x00\x00\x0f12345678":         "stop parse_error: command_length 15 is less than a header (16) []",
			} {
				w, p := beginBound(t, esme.Config{})
				p.send("deliver_sm", 5, pdu.ESME_ROK)
				p.raw([]byte(octets))
				w.expect("pdu deliver_sm 5")
				answers := map[string]bool{} // the nack is not held up by the handler
				for range 2 {
					got, err := p.read()
					if err != nil {
						t.Fatal(err)
					}
					answers[fmt.Sprint(got.CommandID(), " ", got.CommandStatus())] = true
				}
				if !answers["deliver_sm_resp ESME_ROK"] || !answers["generic_nack ESME_RINVCMDLEN"] {
					t.Fatalf("answers %v", answers)
				}
				p.expectEnd()
				p.close()
				w.ended(want)
			}
		}},
		{"Z07 a response of another type is not matched", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			w.session.Send(submit("1"))
			seq := p.expect("submit_sm").SequenceNumber()
			p.send("query_sm_resp", seq, pdu.ESME_ROK)
			p.send("submit_sm_resp", seq, pdu.ESME_ROK, "message_id", "x")
			w.expect("written 2", "resp 2 ESME_ROK x")
		}},
		{"Z08 a bind_resp that comes in a stop: unbind, no zombie", func(t *testing.T) {
			w, p := begin(t, esme.Config{})
			bind := p.expect("bind_transceiver")
			w.session.Stop(custom)
			p.answer(bind, pdu.ESME_ROK)
			p.answer(p.expect("unbind"), pdu.ESME_ROK)
			p.expectEnd()
			p.close()
			w.expect("init", "bound transceiver")
			w.ended("stop custom []")
		}},
		{"Z09 numbers wrap to 1 and skip those in flight", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			w.session.Send(submit("1")) // 2
			first := p.expect("submit_sm")
			w.expect("written 2")
			esme.Number(w.session, 0x7FFFFFFE)
			for i, want := range []uint32{0x7FFFFFFF, 1, 3} {
				w.session.Send(submit(fmt.Sprint(i)))
				req := p.expect("submit_sm")
				if got := req.SequenceNumber(); got != want {
					t.Fatalf("number %d, want %d", got, want)
				}
				p.answer(req, pdu.ESME_ROK)
				w.expect(fmt.Sprint("written ", want), fmt.Sprint("resp ", want, " ESME_ROK"))
			}
			p.answer(first, pdu.ESME_ROK)
			w.expect("resp 2 ESME_ROK")
		}},
		{"Z11 a PDU that cannot be built: one send error, in its turn, nothing else", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			w.session.Send(submit("1"))
			w.session.Send(submit(strings.Repeat("1", 30)))
			w.session.Send(submit("2"))
			p.answer(p.expect("submit_sm"), pdu.ESME_ROK)
			if got := p.expect("submit_sm"); got.Str(pdu.FieldDestinationAddr) != "2" {
				t.Fatalf("got %v", got)
			}
			told := map[string]int{}
			for range 4 {
				told[w.expectPrefix("")]++
			}
			for _, want := range []string{"written 2", "refused invalid_pdu never", "written 3", "resp 2 ESME_ROK"} {
				if told[want] != 1 {
					t.Fatalf("the handler was told %v", told)
				}
			}
			p.close()
			w.ended("stop socket_closed [3]")
		}},
		{"Z12 a send after the stop is refused", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			w.session.Stop(custom)
			var stopped *esme.Error
			if err := w.session.Send(submit("1")); !errors.As(err, &stopped) || stopped.Code != esme.CodeStopped || !stopped.Retryable || stopped.Written != esme.WrittenNever {
				t.Fatalf("got %v", err)
			}
			p.answer(p.expect("unbind"), pdu.ESME_ROK)
			p.expectEnd()
			p.close()
			w.ended("stop custom []")
			for what, err := range map[string]error{"send": w.session.Send(submit("1")), "cast": w.session.Cast(1), "info": w.session.Info(1)} {
				if !isCode(err, esme.CodeStopped) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if _, err := w.session.Call(t.Context(), 1); !isCode(err, esme.CodeStopped) {
				t.Errorf("call: %v", err)
			}
			if _, err := w.session.Request(t.Context(), submit("1")); !isCode(err, esme.CodeStopped) {
				t.Errorf("request: %v", err)
			}
		}},
		{"Z13 the peer unbinds while a callback waits for its response: that first, then unbind_resp", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{}, func(w *witness) {
				w.pdu = func(*esme.Inbound) error {
					if _, err := w.session.Request(t.Context(), submit("1")); err != nil {
						t.Error(err)
					}
					return nil
				}
			})
			p.send("deliver_sm", 1, pdu.ESME_ROK)
			req := p.expect("submit_sm")
			p.raw(append(p.make("unbind", 2, pdu.ESME_ROK), p.make("submit_sm_resp", req.SequenceNumber(), pdu.ESME_ROK)...))
			p.expect("deliver_sm_resp")
			p.expect("unbind_resp")
			p.close()
			w.ended("pdu deliver_sm 1", "stop unbound []")
		}},
		{"Z13 the peer unbinds: unbind_resp behind the other answers, stop unbound", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			p.raw(append(p.make("deliver_sm", 4, pdu.ESME_ROK), p.make("unbind", 5, pdu.ESME_ROK)...))
			p.expect("deliver_sm_resp")
			if got := p.expect("unbind_resp"); got.SequenceNumber() != 5 || got.CommandStatus() != pdu.ESME_ROK {
				t.Fatalf("got %v", got)
			}
			p.expectEnd()
			p.close()
			w.expect("pdu deliver_sm 4")
			w.ended("stop unbound []")
		}},
		{"Z14 own stop: drain, unbind, wait, close", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			w.session.Send(submit("1"))
			req := p.expect("submit_sm")
			w.session.Stop(custom)
			p.answer(req, pdu.ESME_ROK, "message_id", "x")
			p.answer(p.expect("unbind"), pdu.ESME_ROK)
			p.expectEnd()
			p.close()
			w.expect("written 2", "resp 2 ESME_ROK x")
			w.ended("stop custom []")
		}},
		{"Z15 a NUL inside a C-octet string is refused", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			w.session.Send(submit("1\x002"))
			w.expect("refused invalid_pdu never")
			w.session.Stop(custom)
			p.expect("unbind")
		}},
		{"Z17 RST told from FIN", func(t *testing.T) {
			for want, end := range map[string]func(p *peer){
				"stop socket_closed [2]": (*peer).close,
				"stop socket_error: ":    (*peer).reset,
			} {
				w, p := beginBound(t, esme.Config{})
				w.session.Send(submit("1"))
				p.expect("submit_sm")
				w.expect("written 2")
				end(p)
				got := w.expectPrefix(want)
				w.ended()
				if strings.Contains(want, "error") != strings.Contains(got, "connection reset") {
					t.Fatalf("told %q", got)
				}
			}
		}},
		{"Z20 a TLV twice: both kept, in order", func(t *testing.T) {
			got := make(chan string, 1)
			_, p := beginBound(t, esme.Config{}, func(w *witness) {
				w.pdu = func(in *esme.Inbound) error {
					var all []string
					for tag, v := range in.PDU.TLVs() {
						all = append(all, fmt.Sprintf("%#x=%s", uint16(tag), v))
					}
					got <- strings.Join(all, " ")
					return nil
				}
			})
			octets := p.make("deliver_sm", 3, pdu.ESME_ROK)
			octets = append(octets, "\x14\x01\x00\x03one\x14\x01\x00\x03two"...)
			octets[3] = byte(len(octets))
			p.raw(octets)
			if all := <-got; all != "0x1401=one 0x1401=two" {
				t.Fatalf("got %s", all)
			}
		}},
		{"Z21 deliver_sm in the same segment as bind_resp: handled after it", func(t *testing.T) {
			w, p := begin(t, esme.Config{})
			bind := p.expect("bind_transceiver")
			p.raw(append(p.make("bind_transceiver_resp", bind.SequenceNumber(), pdu.ESME_ROK), p.make("deliver_sm", 1, pdu.ESME_ROK)...))
			w.expect("init", "bound transceiver", "pdu deliver_sm 1")
		}},
		{"Z22 any pieces: the same", func(t *testing.T) {
			for _, n := range []int{1, 2, 3, 5, 7, 15, 16, 17, 31, 100} {
				conn, p := meet(t, esme.Config{})
				w := newWitness(t)
				w.run(esme.Config{}, piecewise{conn, n})
				bind := p.expect("bind_transceiver")
				var stream bytes.Buffer
				stream.Write(p.make("bind_transceiver_resp", bind.SequenceNumber(), pdu.ESME_ROK, "system_id", "peer"))
				for seq := range uint32(20) {
					stream.Write(p.make("deliver_sm", seq+1, pdu.ESME_ROK, "short_message", strings.Repeat("x", int(seq)*7)))
				}
				stream.Write(p.make("enquire_link", 21, pdu.ESME_ROK))
				p.raw(stream.Bytes())
				p.close()
				w.expect("init", "bound transceiver")
				for seq := range uint32(20) {
					w.expect(strings.TrimSpace(fmt.Sprintf("pdu deliver_sm %d %s", seq+1, strings.Repeat("x", int(seq)*7))))
				}
				got := w.expectPrefix("stop ")
				if !strings.HasPrefix(got, "stop socket_") { // the answers may meet a closed socket, and be reset
					t.Fatalf("told %q", got)
				}
				w.ended()
			}
		}},
		{"Z22 the peer closes in the middle of a PDU: what was whole is handled", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{})
			p.raw(append(p.make("deliver_sm", 1, pdu.ESME_ROK), p.make("deliver_sm", 2, pdu.ESME_ROK)[:20]...))
			p.halfClose()
			p.expect("deliver_sm_resp")
			p.expectEnd()
			w.expect("pdu deliver_sm 1")
			w.ended("stop socket_closed []")
		}},
		{"Z23 stop inside any callback, or twice: one stop, the first reason", func(t *testing.T) {
			for _, at := range []string{"init", "bound", "pdu", "written", "resp", "refused", "unparsed", "cast", "call", "info"} {
				t.Run(at, func(t *testing.T) {
					w, p := begin(t, esme.Config{UnbindLimit: 20 * time.Millisecond}, func(w *witness) {
						w.any = func(w *witness, callback string) {
							if callback == at {
								w.session.Stop(esme.Reason{Kind: esme.KindCustom, Detail: at})
								w.session.Stop(esme.Reason{Kind: esme.KindCustom, Detail: "again"})
							}
						}
					})
					w.expect("init")
					go func() { // the peer answers all that comes
						for {
							req, err := p.read()
							if err != nil {
								p.conn.Close()
								return
							}
							if id, ok := req.CommandID().Response(); ok {
								cmd, _ := pdu.CommandByID(id)
								b := pdu.NewBuilder(cmd)
								b.SetSequence(req.SequenceNumber())
								p.conn.Write(b.Build().AppendTo(nil))
							}
						}
					}()
					s := w.session
					s.Cast(1)
					s.Info(1)
					s.Send(submit(strings.Repeat("1", 30)))
					s.Send(submit("1"))
					go s.Call(t.Context(), 1)
					p.conn.Write(append([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 7}, p.make("deliver_sm", 9, pdu.ESME_ROK)...))
					exit := <-w.exit
					w.exit <- exit // for the clean-up's sake nothing waits for it any more
					stops := 0
					for len(w.lines) > 0 {
						if l := <-w.lines; strings.HasPrefix(l, "stop") {
							stops++
							if !strings.HasPrefix(l, "stop custom: "+at) {
								t.Errorf("told %q", l)
							}
						}
					}
					if stops != 1 || exit.Reason.Detail != at {
						t.Errorf("%d stops, exit %+v", stops, exit)
					}
				})
			}
		}},
		{"Z23 stop in init or while it runs, after a send: it is refused, and the session ends at once", func(t *testing.T) {
			for _, foreign := range []bool{false, true} {
				w, p := begin(t, esme.Config{UnbindLimit: esme.Infinity, SessionInitLimit: esme.Infinity, Timeout: esme.Infinity}, func(w *witness) {
					w.init = func(s *esme.Session) error {
						if err := s.Send(submit("1")); err != nil {
							t.Error(err)
						}
						if !foreign {
							s.Stop(custom)
							return nil
						}
						asked := make(chan error)
						go func() {
							_, err := s.Request(t.Context(), submit("2"))
							asked <- err
						}()
						for s.Status().Queued < 2 {
							runtime.Gosched()
						}
						s.Stop(custom)
						if err := <-asked; !isCode(err, esme.CodeStopped) {
							t.Errorf("who asked is told %v", err)
						}
						return nil
					}
				})
				p.expectEnd()
				p.close()
				w.ended("init", "refused stopped never", "stop custom []")
			}
		}},
		{"Z23 stop before the session runs: it ends in order at once, and what is sent too early is refused", func(t *testing.T) {
			for _, abort := range []bool{false, true} {
				conn, p := meet(t, esme.Config{})
				w := newWitness(t)
				s := esme.NewSession(esme.Config{}, w, nil)
				if err := s.Send(submit("1")); !isCode(err, esme.CodeStopped) || !strings.Contains(err.Error(), "not begun") {
					t.Fatalf("sent before Run: %v", err)
				}
				stop := s.Stop
				if abort {
					stop = s.Abort
				}
				stop(custom)
				stop(esme.Reason{Kind: esme.KindShutdown})
				go func() { w.exit <- s.Run(t.Context(), conn) }()
				p.expectEnd()
				p.close()
				w.ended("init", "stop custom []")
			}
		}},
		{"Z24 the peer closes while a callback runs: the callback ends, then the stop", func(t *testing.T) {
			running, goOn := make(chan struct{}), make(chan struct{})
			w, p := beginBound(t, esme.Config{}, func(w *witness) {
				w.pdu = func(in *esme.Inbound) error {
					close(running)
					<-goOn
					w.lines <- "callback ended"
					return nil
				}
			})
			w.session.Send(submit("1"))
			p.expect("submit_sm")
			w.expect("written 2")
			p.send("deliver_sm", 1, pdu.ESME_ROK)
			<-running
			p.halfClose()
			close(goOn)
			p.expect("deliver_sm_resp") // the answer still goes out
			p.expectEnd()
			w.expect("pdu deliver_sm 1", "callback ended")
			w.ended("stop socket_closed [2]")
		}},
		{"Z25 a number above 0x7FFFFFFF from the peer is echoed exactly", func(t *testing.T) {
			_, p := beginBound(t, esme.Config{})
			for _, seq := range []uint32{0xFFFFFFFF, 0x80000000, 0} {
				for command, want := range map[string]string{"deliver_sm": "deliver_sm_resp", "enquire_link": "enquire_link_resp"} {
					p.send(command, seq, pdu.ESME_ROK)
					if got := p.expect(want).SequenceNumber(); got != seq {
						t.Fatalf("%s: number %d, want %d", command, got, seq)
					}
				}
			}
		}},
		{"G02 the peer closes while init runs: init ends, then the stop", func(t *testing.T) {
			running, goOn := make(chan struct{}), make(chan struct{})
			w, p := begin(t, esme.Config{}, func(w *witness) {
				w.init = func(*esme.Session) error { close(running); <-goOn; return nil }
			})
			<-running
			p.close()
			close(goOn)
			w.expect("init")
			if exit := w.ended("stop socket_closed []"); exit.Bound {
				t.Fatalf("exit %+v", exit)
			}
		}},
		{"Z26 own stop with PDUs of the peer in hand: all are answered, then unbind", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{}, func(w *witness) {
				w.pdu = func(in *esme.Inbound) error {
					w.session.Stop(custom)
					return w.session.Reply(in, newPDU(w.t, "deliver_sm_resp", 0, pdu.ESME_ROK))
				}
			})
			var all []byte
			for seq := range uint32(20) {
				all = append(all, p.make("deliver_sm", seq+1, pdu.ESME_ROK)...)
			}
			p.raw(all)
			for seq := range uint32(20) {
				if got := p.expect("deliver_sm_resp"); got.SequenceNumber() != seq+1 {
					t.Fatalf("got %v", got)
				}
			}
			p.answer(p.expect("unbind"), pdu.ESME_ROK)
			p.expectEnd()
			p.close()
			<-w.exit
		}},
		{"Z27 the peer unbinds while an answer is deferred: ESME_RX_T_APPN, then unbind_resp", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{}, func(w *witness) {
				w.pdu = func(in *esme.Inbound) error { return w.session.Defer(in, time.Minute) }
			})
			p.send("deliver_sm", 5, pdu.ESME_ROK)
			p.send("unbind", 6, pdu.ESME_ROK)
			if got := p.expect("deliver_sm_resp"); got.SequenceNumber() != 5 || got.CommandStatus() != pdu.ESME_RX_T_APPN {
				t.Fatalf("got %v", got)
			}
			p.expect("unbind_resp")
			p.expectEnd()
			p.close()
			w.expect("pdu deliver_sm 5")
			w.ended("stop unbound []")
		}},
		{"Z28 a handler that crashed is given nothing new, and hears what became of its own", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{}, func(w *witness) {
				w.pdu = func(in *esme.Inbound) error {
					w.session.Send(submit("1"))
					w.session.Cast("more")
					panic("boom")
				}
			})
			p.raw(append(p.make("deliver_sm", 1, pdu.ESME_ROK), append(p.make("deliver_sm", 2, pdu.ESME_ROK),
				0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 3)...))
			p.expect("submit_sm")
			if got := p.expect("deliver_sm_resp"); got.SequenceNumber() != 1 || got.CommandStatus() != pdu.ESME_RX_T_APPN {
				t.Fatalf("got %v", got)
			}
			p.expectEnd()
			p.close()
			w.expect("pdu deliver_sm 1", "written 2")
			w.ended("stop script_error: panic in HandlePDU: boom [2]")
		}},
		{"Z28 a handler that crashed at what cannot be decoded: it is refused", func(t *testing.T) {
			w, p := beginBound(t, esme.Config{}, func(w *witness) { w.unparsed = crash{} })
			p.raw(append([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 3}, p.make("deliver_sm", 4, pdu.ESME_ROK)...))
			if got := p.expect("generic_nack"); got.SequenceNumber() != 3 || got.CommandStatus() != pdu.ESME_RINVCMDID {
				t.Fatalf("got %v", got)
			}
			p.expectEnd()
			p.close()
			w.expect("unparsed 16 octets")
			w.ended("stop script_error: it crashed []")
		}},
	})
}

// crash is the error of a handler that its session does not outlive.
type crash struct{}

func (crash) Error() string { return "it crashed" }

func (crash) StopReason() esme.Reason {
	return esme.Reason{Kind: esme.KindScriptError, Detail: "it crashed"}
}

// beginAsking begins a session whose callback waits for the response to a request, which no limit ends. told is what it
// gets.
func beginAsking(t *testing.T) (w *witness, p *peer, told chan error) {
	t.Helper()
	told = make(chan error, 1)
	w, p = beginBound(t, esme.Config{ResponseLimit: esme.Infinity}, func(w *witness) {
		w.pdu = func(*esme.Inbound) error {
			_, err := w.session.Request(context.Background(), submit("1"))
			told <- err
			return nil
		}
	})
	p.send("deliver_sm", 5, pdu.ESME_ROK)
	p.expect("submit_sm")
	return w, p, told
}
