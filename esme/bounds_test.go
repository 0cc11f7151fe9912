package esme_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// O5: a handler that is stuck while the peer floods it. Responses and link checks go on; what there is no room for is
// refused, each request is answered once, and what was not refused is handled.
func TestAFloodRefusesRequestsAndHoldsUpNoResponse(t *testing.T) {
	stuck := make(chan struct{})
	var handled atomic.Int64
	w, p := beginBound(t, esme.Config{Backlog: 100 << 10}, func(w *witness) {
		w.pdu = func(*esme.Inbound) error { <-stuck; handled.Add(1); return nil }
	})
	const all = 20_000
	answers := map[uint32]pdu.Status{}
	links, submits := 0, make(chan *pdu.PDU, 1)
	answered := make(chan error, 1)
	go func() {
		for len(answers) < all || links < 1 {
			got, err := p.read()
			if err != nil {
				answered <- err
				return
			}
			switch got.CommandID() {
			case pdu.CmdSubmitSM:
				submits <- got
			case pdu.CmdEnquireLinkResp:
				links++
			case pdu.CmdDeliverSMResp:
				if _, twice := answers[got.SequenceNumber()]; twice {
					answered <- fmt.Errorf("a second answer to %d", got.SequenceNumber())
					return
				}
				answers[got.SequenceNumber()] = got.CommandStatus()
			}
		}
		answered <- nil
	}()
	response := make(chan error, 1)
	go func() {
		_, err := w.session.Request(t.Context(), submit("1"))
		response <- err
	}()
	req := <-submits
	var flood []byte
	for seq := range uint32(all) {
		flood = append(flood, p.make("deliver_sm", seq+100, pdu.ESME_ROK, "short_message", strings.Repeat("x", 100))...)
	}
	p.raw(flood)
	p.answer(req, pdu.ESME_ROK)
	p.send("enquire_link", 1, pdu.ESME_ROK)
	if err := <-response; err != nil {
		t.Fatal(err)
	}
	refused := w.session.Status().Counters.Refused
	close(stuck)
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	taken := 0
	for seq, status := range answers {
		switch status {
		case pdu.ESME_ROK:
			taken++
		case pdu.ESME_RX_T_APPN:
		default:
			t.Fatalf("%d is answered %s", seq, status)
		}
	}
	if refused == 0 || taken < 300 || int64(taken) != handled.Load() || uint64(taken) != all-refused {
		t.Fatalf("%d answered, %d handled, %d refused while it was stuck, of %d", taken, handled.Load(), refused, all)
	}
	p.send("deliver_sm", 1, pdu.ESME_ROK) // and it goes on
	if got := p.expect("deliver_sm_resp"); got.CommandStatus() != pdu.ESME_ROK {
		t.Fatalf("afterwards: %v", got)
	}
}

// O5: others send while the handler is stuck. What it is to hear of that is bounded, and nothing of it is left out.
func TestReportsAreBounded(t *testing.T) {
	stuck := make(chan struct{})
	w, p := beginBound(t, esme.Config{Mailbox: 100, Queue: 10}, func(w *witness) {
		w.any = func(_ *witness, callback string) {
			if callback == "cast" {
				<-stuck
			}
		}
	})
	go func() {
		for {
			req, err := p.read()
			if err != nil {
				return
			}
			if id, ok := req.CommandID().Response(); ok {
				if _, err := p.conn.Write(newPDU(t, id.String(), req.SequenceNumber(), pdu.ESME_ROK).AppendTo(nil)); err != nil {
					return
				}
			}
		}
	}()
	w.session.Cast(1)
	w.expect("cast 1")
	accepted := 0
	for {
		err := w.session.Send(submit("1"))
		if err == nil {
			accepted++
			continue
		}
		if !isCode(err, esme.CodeQueueFull) {
			t.Fatal(err)
		}
		if strings.Contains(err.Error(), "the handler is behind") {
			break
		}
		if _, err := w.session.Request(t.Context(), submit("1")); err != nil && !isCode(err, esme.CodeQueueFull) { // the window moves
			t.Fatal(err)
		}
	}
	if accepted > 200 {
		t.Fatalf("%d accepted", accepted)
	}
	close(stuck)
	if err := w.session.SendWait(t.Context(), submit("1")); err != nil {
		t.Fatal(err)
	}
	written, responses := 0, 0
	for written <= accepted || responses <= accepted {
		switch line := w.expectPrefix(""); {
		case strings.HasPrefix(line, "written"):
			written++
		case strings.HasPrefix(line, "resp"):
			responses++
		}
	}
}

// A handler that panics ends its session, with a reason, and hears of all that was accepted.
func TestAPanicEndsItsSessionOnly(t *testing.T) {
	for _, at := range []string{"init", "bound", "pdu", "written", "resp", "refused", "unparsed", "cast", "call", "info", "stop"} {
		t.Run(at, func(t *testing.T) {
			var log strings.Builder
			conn, p := meet(t, esme.Config{})
			w := newWitness(t)
			w.any = func(_ *witness, callback string) {
				if callback == at {
					panic("oops")
				}
			}
			s := esme.NewSession(esme.Config{}, w, slog.New(slog.NewTextHandler(&log, nil)))
			w.session = s
			exits := make(chan esme.Exit, 1)
			go func() { exits <- s.Run(context.Background(), conn) }()
			if at == "init" {
				p.expectEnd()
			} else {
				p.accept()
				s.Bound(t.Context())
				s.Cast(1)
				s.Info(1)
				go s.Call(t.Context(), 1)
				s.Send(submit(strings.Repeat("1", 30)))
				s.Send(submit("1"))
				p.raw(append([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 7}, p.make("deliver_sm", 9, pdu.ESME_ROK)...))
				for {
					req, err := p.read()
					if err != nil {
						break
					}
					if req.CommandID() == pdu.CmdSubmitSM {
						p.conn.Write(p.make("submit_sm_resp", req.SequenceNumber(), pdu.ESME_ROK))
					}
					if at == "stop" && req.CommandID() == pdu.CmdDeliverSMResp {
						s.Abort(custom)
					}
				}
			}
			p.close()
			exit := <-exits
			switch at {
			case "init":
				if exit.Refused == nil || exit.Reason != (esme.Reason{Kind: esme.KindScriptError, Detail: "panic in Init: oops"}) {
					t.Fatalf("exit %+v", exit)
				}
			case "stop":
				if exit.Reason != custom || exit.Exit != "panic" {
					t.Fatalf("exit %+v", exit)
				}
			default:
				if exit.Reason.Kind != esme.KindScriptError || !strings.HasSuffix(exit.Reason.Detail, ": oops") {
					t.Fatalf("exit %+v", exit)
				}
			}
			if !strings.Contains(log.String(), "bounds_test.go") {
				t.Fatalf("the log does not say where: %s", log.String())
			}
		})
	}
}

// O5: a peer whose responses are large, and a handler that is stuck. What is kept for it is bounded in octets, and nothing of
// it is left out.
func TestLargeReportsAreBounded(t *testing.T) {
	const backlog, window, size = 100 << 10, 5, 30_000
	stuck := make(chan struct{})
	goOn := sync.OnceFunc(func() { close(stuck) })
	w, p := beginBound(t, esme.Config{Backlog: backlog, Window: window, Queue: 50}, func(w *witness) {
		w.any = func(_ *witness, callback string) {
			if callback == "cast" {
				<-stuck
			}
		}
	})
	go func() {
		cmd, _ := pdu.CommandByName("submit_sm_resp")
		for {
			req, err := p.read()
			if err != nil {
				return
			}
			b := pdu.NewBuilder(cmd)
			b.SetSequence(req.SequenceNumber())
			b.AddTLV(0x1401, strings.Repeat("x", size))
			if _, err := p.conn.Write(b.Build().AppendTo(nil)); err != nil {
				return
			}
		}
	}()
	t.Cleanup(goOn)
	w.session.Cast(1)
	w.expect("cast 1")
	accepted := 0
	for {
		err := w.session.Send(submit("1"))
		if err == nil {
			accepted++
			continue
		}
		if !isCode(err, esme.CodeQueueFull) {
			t.Fatal(err)
		}
		if strings.Contains(err.Error(), "the handler is behind") && w.session.Status().InFlight == 0 {
			break
		}
		runtime.Gosched()
	}
	queued := w.session.Status().Queued
	if kept := (accepted - queued) * size; kept > 3*backlog+window*size+64<<10 { // what lies in read buffers, twice in copies, and what was on its way
		t.Fatalf("%d octets of responses are kept", kept)
	}
	if queued > 0 {
		if _, err := w.session.Request(t.Context(), submit("1")); !isCode(err, esme.CodeQueueFull) {
			t.Fatalf("who would wait behind what is held: %v", err)
		}
	}
	goOn()
	written, responses := 0, 0
	for written < accepted || responses < accepted {
		switch line := w.expectPrefix(""); {
		case strings.HasPrefix(line, "written"):
			written++
		case strings.HasPrefix(line, "resp"):
			responses++
		default:
			t.Fatalf("told %s", line)
		}
	}
}
