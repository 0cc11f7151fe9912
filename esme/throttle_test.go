package esme

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// An SMSC that takes 100 a second and refuses what is more: the bind finds the rate, most of what it sends is
// taken, and it is fast again when the SMSC is.
func TestCongestionFindsTheRate(t *testing.T) {
	for _, tps := range []float64{0, 1000} {
		t.Run(fmt.Sprint("tps ", tps), func(t *testing.T) {
			r := boundRig(t, Config{Window: 50, Queue: Unlimited, TPS: tps, EnquireLinkLimit: Infinity})
			for range 100_000 {
				r.send(r.submit("1"))
			}
			begin := r.now
			capacity, taken, refused := 100, map[int]int{}, map[int]int{}
			for step := range 40_000 { // a millisecond each; the answer comes at once
				r.flush()
				second := int(r.now.Sub(begin) / time.Second)
				if second >= 20 {
					capacity = 5000
				}
				for _, p := range r.split() {
					status := pdu.ESME_ROK
					if taken[second] >= capacity {
						status = pdu.ESME_RTHROTTLED
						refused[second]++
					} else {
						taken[second]++
					}
					r.receive(build(t, "submit_sm_resp", p, status))
				}
				r.m.TakeEvents(nil)
				r.now = r.now.Add(time.Millisecond)
				r.m.Expire(r.now)
				if step == 39_999 {
					break
				}
			}
			var took, threw int
			for s := 5; s < 20; s++ {
				took += taken[s]
				threw += refused[s]
			}
			t.Logf("of 1500 that it takes in 15 s the SMSC got %d, and refused %d more; a second of its 5000/s: %d", took, threw, taken[38])
			if took < 1100 || threw > 300 {
				t.Errorf("%d taken, %d refused", took, threw)
			}
			if want := map[float64]int{0: 2000, 1000: 900}[tps]; taken[38] < want {
				t.Errorf("%d in a second long after the congestion, want %d", taken[38], want)
			}
		})
	}
}

// split takes the sequence numbers of what went over the wire.
func (r *rig) split() (numbers []uint32) {
	for len(r.wire) > 0 {
		n, err := pdu.FrameLength(r.wire, 0x20000)
		if err != nil {
			r.t.Fatal(err)
		}
		p := new(pdu.PDU)
		if err := p.Decode(r.wire[:n]); err != nil {
			r.t.Fatal(err)
		}
		if p.CommandID() == pdu.CmdSubmitSM {
			numbers = append(numbers, p.SequenceNumber())
		}
		r.wire = r.wire[n:]
	}
	return numbers
}

func (r *rig) respond(seq uint32, status pdu.Status) {
	r.t.Helper()
	r.receive(build(r.t, "submit_sm_resp", seq, status))
}

func TestCongestion(t *testing.T) {
	tests := []struct {
		name string
		run  func(t *testing.T)
	}{
		{"congestion_state of 90 slows down, 89 does not", func(t *testing.T) {
			for state, slow := range map[int64]bool{89: false, 90: true} {
				r := boundRig(t, Config{})
				r.send(r.submit("1"))
				r.sent("submit_sm")
				cmd, _ := pdu.CommandByName("submit_sm_resp")
				b := pdu.NewBuilder(cmd)
				b.SetSequence(2)
				b.AddTLVInt(pdu.TagCongestionState, state)
				r.receive(b.Build())
				if got := r.m.Rate() > 0; got != slow {
					t.Errorf("congestion_state %d: rate %v", state, r.m.Rate())
				}
			}
		}},
		{"refusals of what left before the cut do not cut again", func(t *testing.T) {
			r := boundRig(t, Config{})
			for range 10 {
				r.send(r.submit("1"))
			}
			r.sent(strings.Fields(strings.Repeat("submit_sm ", 10))...)
			for i := range uint32(6) {
				r.respond(2+i, pdu.ESME_ROK)
			}
			r.respond(8, pdu.ESME_RMSGQFUL)
			once := r.m.Rate()
			r.respond(9, pdu.ESME_RMSGQFUL)
			if once != 4.5 || r.m.Rate() != once {
				t.Errorf("rate %v, then %v", once, r.m.Rate())
			}
		}},
		{"the order stays, and what waits goes out when the rate allows it", func(t *testing.T) {
			r := boundRig(t, Config{Window: 1, EnquireLinkLimit: Infinity})
			for range 3 {
				r.send(r.submit("1"))
			}
			r.sent("submit_sm")
			r.respond(2, pdu.ESME_RTHROTTLED)
			r.sent()
			r.advance(999 * time.Millisecond)
			r.sent()
			r.advance(time.Millisecond)
			if got := r.sent("submit_sm")[0].SequenceNumber(); got != 3 {
				t.Errorf("number %d", got)
			}
		}},
		{"retry_throttled: again under its number, before what came later, one send result, one end", func(t *testing.T) {
			r := boundRig(t, Config{Window: 3, RetryThrottled: 2, EnquireLinkLimit: Infinity})
			for i := range 5 {
				r.send(r.submit(fmt.Sprint(i)))
			}
			r.sent("submit_sm", "submit_sm", "submit_sm")
			r.expect("written(2)", "written(3)", "written(4)")
			r.respond(4, pdu.ESME_RTHROTTLED)
			r.respond(2, pdu.ESME_RTHROTTLED)
			r.respond(3, pdu.ESME_ROK)
			r.expect("note", "resp(3 ESME_ROK)")
			r.respond(2, pdu.ESME_ROK) // it is not in flight: late
			r.expect("note")
			var order []uint32
			for range 10 {
				r.advance(time.Second)
				order = append(order, r.split()...)
				for _, seq := range order {
					if r.m.window.get(seq) != nil {
						r.respond(seq, pdu.ESME_ROK)
					}
				}
			}
			if got := fmt.Sprint(order); got != "[2 4 5 6]" {
				t.Errorf("sent again and later: %s", got)
			}
			r.expect("resp(2 ESME_ROK)", "written(5)", "resp(4 ESME_ROK)", "resp(5 ESME_ROK)", "written(6)", "resp(6 ESME_ROK)")
		}},
		{"retry_throttled: the last refusal is the script's", func(t *testing.T) {
			r := boundRig(t, Config{RetryThrottled: 1, EnquireLinkLimit: Infinity})
			r.send(r.submit("1"))
			r.sent("submit_sm")
			r.respond(2, pdu.ESME_RTHROTTLED)
			r.expect("written(2)", "note")
			r.advance(2 * time.Second)
			r.sentNow(2)
			r.respond(2, pdu.ESME_RTHROTTLED)
			r.expect("note", "resp(2 ESME_RTHROTTLED)")
		}},
		{"retry_throttled: its number is kept while it waits", func(t *testing.T) {
			r := boundRig(t, Config{RetryThrottled: 1, EnquireLinkLimit: 300 * time.Millisecond})
			r.send(r.submit("1"))
			r.sent("submit_sm")
			r.respond(2, pdu.ESME_RTHROTTLED)
			r.m.window.last = 1 // the numbers come round
			r.advance(500 * time.Millisecond)
			if got := r.pings(); len(got) == 0 || got[0] != 3 {
				t.Errorf("the link check has number %v, want 3", got)
			}
		}},
		{"retry_throttled: who gave up waiting is not sent for again", func(t *testing.T) {
			r := boundRig(t, Config{RetryThrottled: 9, EnquireLinkLimit: Infinity})
			w := newWaiter()
			if err := r.m.Send(r.now, r.submit("1"), w); err != nil {
				t.Fatal(err)
			}
			r.sent("submit_sm")
			if far := r.m.Cancel(w); far != WrittenYes {
				t.Errorf("cancelled: %s", far)
			}
			r.respond(2, pdu.ESME_RTHROTTLED)
			r.advance(5 * time.Second)
			if got := r.split(); len(got) > 0 || r.m.InFlight() > 0 || r.m.Queued() > 0 {
				t.Errorf("sent again: %v; %d in flight, %d wait", got, r.m.InFlight(), r.m.Queued())
			}
		}},
		{"retry_throttled: a stop ends what waits with the refusal that it got", func(t *testing.T) {
			for name, stop := range map[string]func(r *rig){
				"own stop": func(r *rig) { r.m.Stop(r.now, Reason{Kind: KindCustom}) },
				"unbind":   func(r *rig) { r.receive(build(t, "unbind", 9, pdu.ESME_ROK)) },
				"fin":      func(r *rig) { r.m.EndOfStream(r.now) },
				"reset":    func(r *rig) { r.m.Lost(r.now, Reason{Kind: KindSocketError}) },
			} {
				r := boundRig(t, Config{RetryThrottled: 9})
				r.send(r.submit("1"))
				r.sent("submit_sm")
				r.respond(2, pdu.ESME_RTHROTTLED)
				r.expect("written(2)", "note")
				stop(r)
				if got := r.events(); len(got) == 0 || got[0] != "resp(2 ESME_RTHROTTLED)" {
					t.Errorf("%s: %v", name, got)
				}
			}
		}},
		{"retry_throttled: cut off in the second try, it is lost; before its octets left, it is refused", func(t *testing.T) {
			for _, left := range []bool{false, true} {
				r := boundRig(t, Config{RetryThrottled: 9, EnquireLinkLimit: Infinity})
				r.send(r.submit("1"))
				r.sent("submit_sm")
				r.respond(2, pdu.ESME_RTHROTTLED)
				r.expect("written(2)", "note")
				r.now = r.now.Add(2 * time.Second)
				r.m.Expire(r.now)
				want := "resp(2 ESME_RTHROTTLED), stop(socket_error [])"
				if left {
					b := r.m.TakeOutput(nil)
					r.m.Written(r.now, len(b)/2, fmt.Errorf("cut"))
					want = "stop(socket_error [2])"
				} else {
					r.m.timers.aborted = true
				}
				r.m.Lost(r.now, Reason{Kind: KindSocketError})
				if got := strings.Join(r.events(), ", "); got != want {
					t.Errorf("left %t: %s", left, got)
				}
			}
		}},
		{"stalled_limit: pings are answered, requests are not", func(t *testing.T) {
			r := boundRig(t, Config{StalledLimit: 10 * time.Second, ResponseLimit: 20 * time.Second, EnquireLinkLimit: 3 * time.Second})
			r.advance(time.Minute / 30) // nothing is out: no stall
			r.send(r.submit("1"))
			for range 9 {
				r.advance(time.Second)
				for _, p := range r.pings() {
					r.receive(build(t, "enquire_link_resp", p, pdu.ESME_ROK))
				}
			}
			r.send(r.submit("2"))
			r.flush()
			r.expect("written(2)", "written(6)")
			r.advance(time.Second)
			r.flush()
			r.m.Lost(r.now, Reason{Kind: KindSocketError})
			r.expect("stop(timers: stalled [2 6])")
		}},
		{"stalled_limit: any response shows that it goes on", func(t *testing.T) {
			r := boundRig(t, Config{StalledLimit: 10 * time.Second, EnquireLinkLimit: Infinity})
			r.send(r.submit("1"))
			r.send(r.submit("2"))
			r.flush()
			r.advance(9 * time.Second)
			r.respond(3, pdu.ESME_RSUBMITFAIL)
			r.advance(9 * time.Second)
			r.respond(2, pdu.ESME_ROK)
			r.advance(40 * time.Second)
			if r.m.phase != open {
				t.Error("stopped")
			}
		}},
		{"a link check passes by what waits for the transport", func(t *testing.T) {
			r := boundRig(t, Config{EnquireLinkLimit: time.Second})
			r.now = r.now.Add(time.Second)
			r.send(r.submit("1"))
			r.m.Expire(r.now)
			r.receive(build(t, "enquire_link", 77, pdu.ESME_ROK))
			r.sent("enquire_link", "enquire_link_resp", "submit_sm")
			r.expect("written(2)")
			r.respond(2, pdu.ESME_ROK)
			r.expect("resp(2 ESME_ROK)")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.run)
	}
}

// sentNow takes what went out meanwhile, which must be the one request.
func (r *rig) sentNow(seq uint32) {
	r.t.Helper()
	if got := r.split(); len(got) != 1 || got[0] != seq {
		r.t.Fatalf("sent %v, want %d", got, seq)
	}
}

// pings takes the numbers of the link checks that went out, and forgets the rest.
func (r *rig) pings() (numbers []uint32) {
	for len(r.wire) > 0 {
		n, _ := pdu.FrameLength(r.wire, 0x20000)
		p := new(pdu.PDU)
		if err := p.Decode(r.wire[:n]); err != nil {
			r.t.Fatal(err)
		}
		if p.CommandID() == pdu.CmdEnquireLink {
			numbers = append(numbers, p.SequenceNumber())
		}
		r.wire = r.wire[n:]
	}
	return numbers
}

// Whatever the answers, the writes and the end are, each accepted request has one send result and one end.
func TestRetriesAreAccountedFor(t *testing.T) {
	for seed := range uint64(3000) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		r := boundRig(t, Config{Window: 1 + rnd.IntN(6), RetryThrottled: rnd.IntN(3), ResponseLimit: 3 * time.Second, EnquireLinkLimit: Infinity})
		accepted, results, ends := 0, map[string]int{}, map[string]int{}
		var inFlight []uint32
		see := func() {
			for _, e := range r.m.TakeEvents(nil) {
				switch e.Kind {
				case EventSendResult:
					to := e.Original.Str(pdu.FieldDestinationAddr)
					results[to]++
					if ends[to] > 0 && e.Err == nil {
						t.Fatalf("seed %d: the send result of %s comes after its end", seed, to)
					}
					if e.Err != nil {
						ends[to]++
					}
				case EventResp, EventRespTimeout:
					ends[e.Original.Str(pdu.FieldDestinationAddr)]++
				case EventFinish:
					r.m.Finish(r.now)
				case EventStop:
					for _, p := range e.Stop.Lost {
						ends[p.Str(pdu.FieldDestinationAddr)]++
					}
				}
			}
		}
		for range 60 {
			switch rnd.IntN(8) {
			case 0, 1, 2:
				if r.m.Send(r.now, r.submit(fmt.Sprint(accepted)), nil) == nil {
					accepted++
				}
			case 3, 4:
				r.flush()
				inFlight = append(inFlight, r.split()...)
			case 5, 6:
				if len(inFlight) > 0 {
					i := rnd.IntN(len(inFlight))
					r.respond(inFlight[i], []pdu.Status{pdu.ESME_ROK, pdu.ESME_RTHROTTLED, pdu.ESME_RMSGQFUL}[rnd.IntN(3)])
					inFlight = append(inFlight[:i], inFlight[i+1:]...)
				}
			case 7:
				r.now = r.now.Add(time.Duration(rnd.IntN(1500)) * time.Millisecond)
				r.m.Expire(r.now)
			}
			see()
		}
		switch rnd.IntN(3) {
		case 0:
			r.m.Stop(r.now, Reason{Kind: KindCustom})
			r.advance(10 * time.Second)
		case 1:
			if b := r.m.TakeOutput(nil); b != nil {
				r.m.Written(r.now, rnd.IntN(len(b)), errors.New("cut"))
			}
		case 2:
			r.m.EndOfStream(r.now)
			see()
		}
		r.m.Kill(r.now)
		see()
		if !r.m.Done() || len(results) != accepted || len(ends) != accepted {
			t.Fatalf("seed %d: %d accepted, %d send results, %d ends, done %t", seed, accepted, len(results), len(ends), r.m.Done())
		}
		for to := range ends {
			if results[to] != 1 || ends[to] != 1 {
				t.Fatalf("seed %d: request %s has %d send results and %d ends", seed, to, results[to], ends[to])
			}
		}
	}
}
