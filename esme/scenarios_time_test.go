package esme_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// inBubble runs a bound session over a pipe in a bubble where time stands still until all wait.
func inBubble(cfg esme.Config, run func(w *witness, p *peer), change ...func(w *witness)) func(t *testing.T) {
	return func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			mine, theirs := net.Pipe()
			w := newWitness(t)
			for _, c := range change {
				c(w)
			}
			w.run(cfg, mine)
			p := &peer{t: t, conn: theirs}
			t.Cleanup(func() { theirs.Close() })
			bind := p.expect("bind_transceiver")
			if cfg.SessionInitLimit != never {
				p.answer(bind, pdu.ESME_ROK)
				w.expect("init", "bound transceiver")
			}
			run(w, p)
		})
	}
}

// never marks a configuration whose bind is not answered.
const never = 9 * time.Second

// edge lets a limit pass, less and then more a millisecond.
func edge(limit time.Duration, before, after func()) {
	time.Sleep(limit - time.Millisecond)
	synctest.Wait()
	before()
	time.Sleep(2 * time.Millisecond)
	synctest.Wait()
	after()
}

// quiet says that the handler was told nothing more.
func (w *witness) quiet() {
	w.t.Helper()
	synctest.Wait()
	if len(w.lines) > 0 {
		w.t.Fatalf("the handler was told %q", <-w.lines)
	}
}

// The scenarios in which time passes, with the whole session in a bubble.
func TestTimeScenarios(t *testing.T) {
	submitted := func(w *witness, p *peer, n int) (reqs []*pdu.PDU) {
		w.t.Helper()
		for range n {
			if err := w.session.Send(submit("1")); err != nil {
				w.t.Fatal(err)
			}
			reqs = append(reqs, p.expect("submit_sm"))
			w.expectPrefix("written ")
		}
		return reqs
	}
	runAll(t, []scenario{
		{"A19 no response in time; the late one is counted", inBubble(esme.Config{EnquireLinkLimit: esme.Infinity}, func(w *witness, p *peer) {
			req := submitted(w, p, 1)[0]
			time.Sleep(time.Minute)
			w.expect("timeout 2")
			p.answer(req, pdu.ESME_ROK)
			w.quiet()
			if c := w.session.Status().Counters; c.Late != 1 {
				w.t.Fatalf("counted %+v", c)
			}
		})},
		{"A21 silence of the peer: a ping", inBubble(esme.Config{}, func(w *witness, p *peer) {
			began := time.Now()
			p.expect("enquire_link")
			if d := time.Since(began); d != 30*time.Second {
				w.t.Fatalf("after %v", d)
			}
		})},
		{"A22 the peer acts in between: no ping", inBubble(esme.Config{}, func(w *witness, p *peer) {
			time.Sleep(29 * time.Second)
			p.send("enquire_link", 1, pdu.ESME_ROK)
			p.expect("enquire_link_resp")
			began := time.Now()
			p.expect("enquire_link")
			if d := time.Since(began); d != 30*time.Second {
				w.t.Fatalf("after %v", d)
			}
		})},
		{"A23 a ping, then any PDU: stays", inBubble(esme.Config{}, func(w *witness, p *peer) {
			p.expect("enquire_link")
			time.Sleep(29 * time.Second)
			p.send("deliver_sm", 1, pdu.ESME_ROK)
			p.expect("deliver_sm_resp")
			w.expect("pdu deliver_sm 1")
			p.expect("enquire_link") // and not the end of the stream
		})},
		{"A24 a ping without answer: stop timers enquire_link", inBubble(esme.Config{}, func(w *witness, p *peer) {
			p.expect("enquire_link")
			p.expectEnd()
			w.ended("stop timers: enquire_link []")
		})},
		{"A25 inactivity: stop, although the link answers", inBubble(esme.Config{InactivityLimit: 45 * time.Second}, func(w *witness, p *peer) {
			p.answer(p.expect("enquire_link"), pdu.ESME_ROK)
			p.answer(p.expect("unbind"), pdu.ESME_ROK)
			p.expectEnd()
			w.ended("stop timers: inactivity []")
		})},
		{"E01 session_init_limit", inBubble(esme.Config{SessionInitLimit: never}, func(w *witness, p *peer) {
			w.expect("init")
			edge(never, w.quiet, func() { w.expect("stop timers: session_init []") })
		})},
		{"E02 enquire_link_limit, E03 enquire_link_resp_limit", inBubble(esme.Config{EnquireLinkLimit: 4 * time.Second, EnquireLinkRespLimit: 2 * time.Second}, func(w *witness, p *peer) {
			began := time.Now()
			p.expect("enquire_link")
			if d := time.Since(began); d != 4*time.Second {
				w.t.Fatalf("after %v", d)
			}
			edge(2*time.Second, w.quiet, func() { w.expect("stop timers: enquire_link []") })
		})},
		{"E04 inactivity_limit", inBubble(esme.Config{InactivityLimit: 4 * time.Second}, func(w *witness, p *peer) {
			began := time.Now()
			p.expect("unbind")
			if d := time.Since(began); d != 4*time.Second {
				w.t.Fatalf("after %v", d)
			}
		})},
		{"E05 response_limit", inBubble(esme.Config{ResponseLimit: 4 * time.Second}, func(w *witness, p *peer) {
			submitted(w, p, 1)
			edge(4*time.Second, w.quiet, func() { w.expect("timeout 2") })
		})},
		{"E06 unbind_limit", inBubble(esme.Config{UnbindLimit: 4 * time.Second}, func(w *witness, p *peer) {
			w.session.Stop(custom)
			p.expect("unbind")
			edge(4*time.Second, w.quiet, func() { w.expect("stop custom []") })
		})},
		{"S03 the caller's timeout comes first", inBubble(esme.Config{}, func(w *witness, p *peer) {
			go p.read()
			ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
			defer cancel()
			began := time.Now()
			if _, err := w.session.Request(ctx, submit("1")); !isCode(err, esme.CodeTimeout) || time.Since(began) != 3*time.Second {
				w.t.Fatalf("%v after %v", err, time.Since(began))
			}
			w.quiet()
		})},
		{"S04 response_limit comes first", inBubble(esme.Config{ResponseLimit: 2 * time.Second}, func(w *witness, p *peer) {
			go p.read()
			ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
			defer cancel()
			began := time.Now()
			if _, err := w.session.Request(ctx, submit("1")); !isCode(err, esme.CodeTimeout) || time.Since(began) != 2*time.Second {
				w.t.Fatalf("%v after %v", err, time.Since(began))
			}
			w.quiet()
		})},
		{"Z08 a bind_resp after session_init_limit: the session has ended", inBubble(esme.Config{SessionInitLimit: never}, func(w *witness, p *peer) {
			time.Sleep(never + time.Millisecond)
			p.conn.Write(p.make("bind_transceiver_resp", 1, pdu.ESME_ROK)) // to nobody
			w.expect("init")
			if exit := w.ended("stop timers: session_init []"); exit.Bound {
				w.t.Fatalf("exit %+v", exit)
			}
		})},
		{"Z10 a callback blocks longer than both link limits, with PDUs of the peer waiting: the session lives", func(t *testing.T) {
			goOn := make(chan struct{})
			slow := func(w *witness) { w.pdu = func(*esme.Inbound) error { <-goOn; return nil } }
			inBubble(esme.Config{EnquireLinkLimit: time.Second, EnquireLinkRespLimit: time.Second}, func(w *witness, p *peer) {
				goOn = make(chan struct{}) // of this bubble
				p.send("deliver_sm", 1, pdu.ESME_ROK)
				w.expect("pdu deliver_sm 1")
				for range 20 { // the link is checked over the head of the handler
					p.answer(p.expect("enquire_link"), pdu.ESME_ROK)
				}
				p.send("deliver_sm", 2, pdu.ESME_ROK)
				close(goOn)
				p.expect("deliver_sm_resp")
				p.expect("deliver_sm_resp")
				w.expect("pdu deliver_sm 2")
			}, slow)(t)
		}},
		{"S01 a callback that waits for a response: it is read at once", func(t *testing.T) {
			inBubble(esme.Config{}, func(w *witness, p *peer) {
				began := time.Now()
				p.send("deliver_sm", 1, pdu.ESME_ROK)
				p.answer(p.expect("submit_sm"), pdu.ESME_ROK)
				p.expect("deliver_sm_resp")
				if d := time.Since(began); d != 0 {
					w.t.Fatalf("after %v", d)
				}
			}, func(w *witness) {
				w.pdu = func(*esme.Inbound) error {
					_, err := w.session.Request(context.Background(), submit("1"))
					return err
				}
			})(t)
		}},
		{"S01 callbacks that take long, one after the other: responses pass them by", func(t *testing.T) {
			inBubble(esme.Config{}, func(w *witness, p *peer) {
				for seq := range uint32(20) {
					p.send("deliver_sm", seq+1, pdu.ESME_ROK)
					synctest.Wait()
					began := time.Now()
					go func() { p.answer(p.expect("submit_sm"), pdu.ESME_ROK) }()
					if _, err := w.session.Request(context.Background(), submit("1")); err != nil || time.Since(began) > 2*time.Millisecond {
						w.t.Fatalf("%v after %v", err, time.Since(began))
					}
					p.expect("deliver_sm_resp")
				}
			}, func(w *witness) { w.pdu = func(*esme.Inbound) error { time.Sleep(time.Second); return nil } })(t)
		}},
		{"Z10 a peer that reads nothing: the link check ends it", inBubble(esme.Config{EnquireLinkLimit: 4 * time.Second, EnquireLinkRespLimit: 2 * time.Second}, func(w *witness, p *peer) {
			w.session.Send(submit("1"))
			time.Sleep(6*time.Second + 5*time.Second) // the limits, and that for closing
			w.expectPrefix("refused stopped never")
			w.expectPrefix("stop timers: enquire_link []")
		})},
		{"Z10 a peer that reads nothing, and links are not checked: a write has the time of a response", inBubble(esme.Config{EnquireLinkLimit: esme.Infinity, ResponseLimit: 4 * time.Second}, func(w *witness, p *peer) {
			w.session.Send(submit("1"))
			edge(4*time.Second, w.quiet, func() {})
			time.Sleep(time.Second)
			w.expectPrefix("refused stopped never")
			w.expectPrefix("stop socket_error: write pipe: i/o timeout []")
		})},
		{"Z16 twelve time out at once: in send order", inBubble(esme.Config{Window: 20, EnquireLinkLimit: esme.Infinity}, func(w *witness, p *peer) {
			submitted(w, p, 12)
			time.Sleep(time.Hour)
			w.expect("timeout 2", "timeout 3", "timeout 4", "timeout 5", "timeout 6", "timeout 7",
				"timeout 8", "timeout 9", "timeout 10", "timeout 11", "timeout 12", "timeout 13")
		})},
		{"Z18 infinity limits: a year passes", inBubble(esme.Config{SessionInitLimit: esme.Infinity, EnquireLinkLimit: esme.Infinity, EnquireLinkRespLimit: esme.Infinity,
			InactivityLimit: esme.Infinity, ResponseLimit: esme.Infinity, UnbindLimit: esme.Infinity}, func(w *witness, p *peer) {
			req := submitted(w, p, 1)[0]
			time.Sleep(365 * 24 * time.Hour)
			w.quiet()
			p.answer(req, pdu.ESME_ROK, "message_id", "at last")
			w.expect("resp 2 ESME_ROK at last")
		})},
		{"Z19 never bound: session_init, what waited was never written", inBubble(esme.Config{SessionInitLimit: never}, func(w *witness, p *peer) {
			w.expect("init")
			w.session.Send(submit("1"))
			p.expectEnd()
			w.ended("refused stopped never", "stop timers: session_init []")
		})},
	})
}
