package esme

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// Link checks and their answers pass by all that holds messages up.
func TestLinkChecksPassBy(t *testing.T) {
	for name, hold := range map[string]func(r *rig){
		"the window": func(r *rig) { r.m.cfg.Window = 1 },
		"the rate":   func(r *rig) { r.m.Tune(r.now, Config{TPS: 0.1, EnquireLinkLimit: 2 * time.Second}) },
		"the brake": func(r *rig) {
			r.send(r.submit("0"))
			r.sent("submit_sm")
			r.respond(2, pdu.ESME_RTHROTTLED)
		},
		"the handler": func(r *rig) { r.m.Hold(r.now, true); r.m.Busy(true) },
		"a stop":      func(r *rig) { r.send(r.submit("0")); r.m.Stop(r.now, Reason{Kind: KindCustom}) },
	} {
		t.Run(name, func(t *testing.T) {
			r := boundRig(t, Config{EnquireLinkLimit: 2 * time.Second, EnquireLinkRespLimit: time.Hour})
			hold(r)
			for range 20 {
				r.m.Send(r.now, r.submit("1"), nil)
			}
			r.now = r.now.Add(2 * time.Second)
			r.m.Expire(r.now)
			r.receive(build(t, "enquire_link", 9, pdu.ESME_ROK))
			b := r.m.TakeOutput(nil)
			var got []string
			for range 2 {
				p, n := new(pdu.PDU), int(b[3])
				if err := p.Decode(b[:n]); err != nil {
					t.Fatal(err)
				}
				got, b = append(got, p.CommandID().String()), b[n:]
			}
			if !slices.Equal(got, []string{"enquire_link", "enquire_link_resp"}) {
				t.Fatalf("what goes out begins with %v", got)
			}
		})
	}
}

// With nothing automatic a session does nothing by itself: all is the handler's.
func TestNothingIsAutomatic(t *testing.T) {
	r := openRig(t, Config{Automatic: AutoNone, EnquireLinkLimit: time.Second})
	r.sent()
	r.send(build(t, "bind_transceiver", 0, pdu.ESME_ROK))
	r.sent("bind_transceiver")
	r.receive(build(t, "bind_transceiver_resp", 1, pdu.ESME_ROK))
	r.expect("written(1)", "resp(1 ESME_ROK)")
	r.advance(5 * time.Second)
	for seq, command := range []string{"enquire_link", "deliver_sm", "unbind"} {
		r.receive(build(t, command, uint32(seq+1), pdu.ESME_ROK))
		r.expect("pdu(" + command + ")")
		r.m.Handled(r.now, r.in[seq], errors.New("boom"))
	}
	r.octets([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 7})
	r.expect("unparsed")
	r.sent()
	r.m.Stop(r.now, Reason{Kind: KindCustom})
	r.sent()
	r.hangUp()
	r.expect("stop(custom [])")
}

// When links are checked, and when a session is idle.
func TestMachineLinks(t *testing.T) {
	runAll(t, []scenario{
		{"no link check, and no inactivity, before the bind", func(t *testing.T) {
			r := openRig(t, Config{EnquireLinkLimit: time.Second, InactivityLimit: 2 * time.Second})
			r.advance(9 * time.Second)
			r.sent("bind_transceiver")
			if half, force := r.m.CloseWanted(); half || force || r.m.stopping() {
				t.Fatal("it ends")
			}
		}},
		{"nothing is checked any more when the handler is to hear of the end", func(t *testing.T) {
			r := boundRig(t, Config{EnquireLinkLimit: time.Second, InactivityLimit: 2 * time.Second})
			r.receive(build(t, "unbind", 9, pdu.ESME_ROK))
			r.now = r.now.Add(10 * time.Second)
			r.m.Expire(r.now)
			if at, ok := r.m.Deadline(); ok && !at.After(r.now) {
				t.Fatal("it is due for ever")
			}
			r.sent()
			r.events()
			r.sent("unbind_resp")
		}},
		{"a drain checks the link", func(t *testing.T) {
			r := boundRig(t, Config{EnquireLinkLimit: time.Second, UnbindLimit: time.Hour})
			r.send(r.submit("a"))
			r.m.Stop(r.now, Reason{Kind: KindCustom})
			r.sent("submit_sm")
			r.advance(time.Second)
			r.sent("enquire_link")
		}},
		{"without a limit for the answer the link is checked again and again, and one check waits", func(t *testing.T) {
			r := boundRig(t, Config{EnquireLinkLimit: 2 * time.Second, EnquireLinkRespLimit: Infinity})
			r.advance(7 * time.Second)
			r.sent("enquire_link", "enquire_link", "enquire_link")
			waits := 0
			for o := r.m.window.head; o != nil; o = o.next {
				waits++
			}
			if waits != 1 {
				t.Fatalf("%d checks wait for their answer", waits)
			}
		}},
		{"a limit that ends a drain leaves the reason", func(t *testing.T) {
			for _, cfg := range []Config{
				{StalledLimit: time.Second, UnbindLimit: Infinity},
				{EnquireLinkLimit: time.Second, EnquireLinkRespLimit: time.Second, UnbindLimit: Infinity},
			} {
				r := boundRig(t, cfg)
				r.send(r.submit("a"))
				r.flush()
				r.m.Stop(r.now, Reason{Kind: KindCustom})
				r.advance(2 * time.Second)
				r.hangUp()
				r.expect("written(2)", "stop(custom [2])")
			}
		}},
		{"all that is due at once times out at once", func(t *testing.T) {
			r := boundRig(t, Config{ResponseLimit: time.Second, EnquireLinkLimit: Infinity})
			for range 3 {
				r.send(r.submit("a"))
			}
			r.flush()
			r.now = r.now.Add(time.Second)
			r.m.Expire(r.now)
			r.expect("written(2)", "written(3)", "written(4)", "timeout(2)", "timeout(3)", "timeout(4)")
		}},
		{"a brake above the new tps is off", func(t *testing.T) {
			r := boundRig(t, Config{EnquireLinkLimit: Infinity})
			for range 10 {
				r.send(r.submit("1"))
			}
			r.flush()
			for i := range uint32(6) {
				r.respond(2+i, pdu.ESME_ROK)
			}
			r.respond(8, pdu.ESME_RTHROTTLED)
			if r.m.Rate() != 4.5 {
				t.Fatalf("rate %v", r.m.Rate())
			}
			r.m.Tune(r.now, Config{TPS: 4, EnquireLinkLimit: Infinity})
			if r.m.Rate() != 0 {
				t.Fatalf("rate %v beside tps 4", r.m.Rate())
			}
		}},
	})
}
