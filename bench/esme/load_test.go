package esme

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// cpu is the CPU time that this process, which is the client, has used.
func cpu(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// meter measures one run of b.N messages.
type meter struct {
	b    *testing.B
	used time.Duration
}

func start(b *testing.B) *meter {
	b.ReportAllocs()
	m := &meter{b, cpu(b)}
	b.ResetTimer()
	return m
}

// stop reports CPU seconds per million messages, and returns them.
func (m *meter) stop(messages int) float64 {
	m.b.StopTimer()
	perMillion := (cpu(m.b) - m.used).Seconds() / float64(messages) * 1e6
	m.b.ReportMetric(perMillion, "cpu-s/M")
	m.b.ReportMetric(float64(messages)/m.b.Elapsed().Seconds(), "msg/s")
	return perMillion
}

// message is a submit_sm with 100 octets of text, built anew as a program would.
func message() *pdu.PDU {
	b := pdu.NewBuilder(submitSM)
	b.SetString(pdu.FieldSourceAddr, "12345")
	b.SetString(pdu.FieldDestinationAddr, "491700000001")
	b.SetString(pdu.FieldShortMessage, text)
	return b.Build()
}

const text = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

var submitSM, _ = pdu.CommandByID(pdu.CmdSubmitSM)

// sender keeps as many requests on their way as the window takes, until n are answered; and answers each deliver_sm.
type sender struct {
	esme.Base
	tb      testing.TB
	session *esme.Session
	bound   chan struct{}
	done    chan struct{}
	sent    int
	got     int
	n       int
	refused int

	same *pdu.PDU // sent again and again; nil: each is built

	replies int // to deliver_sm
	pace    *pace
}

func (h *sender) Init(s *esme.Session) error { h.session = s; return nil }

func (h *sender) HandleInfo(m any) {
	if _, ok := m.(esme.Bound); ok {
		close(h.bound)
	}
}

func (h *sender) send() {
	h.sent++
	p := h.same
	if p == nil {
		p = message()
	}
	if err := h.session.Send(p); err != nil {
		h.tb.Error(err)
	}
}

func (h *sender) HandleResp(resp, _ *pdu.PDU) {
	if h.pace != nil {
		h.pace.answered()
		return
	}
	if resp.CommandStatus() != pdu.ESME_ROK {
		h.refused++
	}
	if h.got++; h.got == h.n {
		close(h.done)
	} else if h.sent < h.n {
		h.send()
	}
}

func (h *sender) HandlePDU(in *esme.Inbound) error {
	if len(in.PDU.Bytes(pdu.FieldShortMessage)) == 0 {
		h.refused++
	}
	b := pdu.NewBuilder(deliverSMResp)
	err := h.session.Reply(in, b.Build())
	if h.replies++; h.replies == h.n {
		close(h.done)
	}
	return err
}

var deliverSMResp, _ = pdu.CommandByID(pdu.CmdDeliverSMResp)

func (h *sender) HandleStop(esme.Reason, []*pdu.PDU) string { return "normal" }

// fleet is bound sessions.
type fleet struct {
	all  []*sender
	runs sync.WaitGroup
}

// bind makes sessions with a window and binds them to the SMSC with the job.
func bind(tb testing.TB, sessions, window int, job string, n int) *fleet {
	f := new(fleet)
	cfg := esme.Config{SystemID: job, Window: window, Queue: esme.Unlimited, RelaxedLengths: true}
	for range sessions {
		conn, err := esme.Dial(context.Background(), peerAddress, cfg)
		if err != nil {
			tb.Fatal(err)
		}
		h := &sender{tb: tb, n: n, bound: make(chan struct{}), done: make(chan struct{})}
		s := esme.NewSession(cfg, h, nil)
		f.runs.Go(func() { s.Run(context.Background(), conn) })
		f.all = append(f.all, h)
	}
	for _, h := range f.all {
		<-h.bound
	}
	return f
}

// submit sends n over each session and waits for all answers.
func (f *fleet) submit(n, window int) {
	for _, h := range f.all {
		h.session.Do(func() {
			h.n, h.sent, h.got, h.done = n, 0, 0, make(chan struct{})
			for h.sent < min(n, window) {
				h.send()
			}
		})
	}
	for _, h := range f.all {
		asked := make(chan chan struct{})
		h.session.Do(func() { asked <- h.done })
		<-<-asked
	}
}

func (f *fleet) stop() {
	for _, h := range f.all {
		h.session.Stop(esme.Reason{Kind: esme.KindCustom})
	}
	f.runs.Wait()
}

// ours, once measured, is what the others are compared with.
type comparison struct{ ours float64 }

func (c *comparison) of(b *testing.B, name string, figure float64) {
	if name == "esmehost" {
		c.ours = figure
	} else if c.ours > 0 {
		b.ReportMetric(figure/c.ours, "times")
	}
}

// Submit and response by each, one bind, window 100.
func BenchmarkSubmit(b *testing.B) {
	const window = 100
	var c comparison
	b.Run("esmehost", func(b *testing.B) {
		f := bind(b, 1, window, "answer", 0)
		m := start(b)
		f.submit(b.N, window)
		c.of(b, "esmehost", m.stop(b.N))
		f.stop()
	})
	b.Run("esmehost one message", func(b *testing.B) { // without what it takes to build each
		f := bind(b, 1, window, "answer", 0)
		f.all[0].same = message()
		m := start(b)
		f.submit(b.N, window)
		c.of(b, "one message", m.stop(b.N))
		f.stop()
	})
	b.Run("gosmpp", func(b *testing.B) {
		g := dialGosmpp(b, window, "answer")
		m := start(b)
		g.submit(b.N)
		c.of(b, "gosmpp", m.stop(b.N))
		g.close()
	})
	b.Run("bare", func(b *testing.B) {
		l := dialBare(b, "answer")
		m := start(b)
		l.submit(b.N, window)
		c.of(b, "bare", m.stop(b.N))
		l.close()
	})
}

// deliver_sm and reply by each, 100 unanswered at a time.
func BenchmarkDeliver(b *testing.B) {
	var c comparison
	job := func(n int) string { return fmt.Sprint("send ", n, " 100") }
	b.Run("esmehost", func(b *testing.B) {
		m := start(b)
		f := bind(b, 1, 10, job(b.N), b.N)
		<-f.all[0].done
		c.of(b, "esmehost", m.stop(b.N))
		f.stop()
	})
	b.Run("gosmpp", func(b *testing.B) {
		m := start(b)
		g := dialGosmpp(b, 10, job(b.N))
		g.awaitDelivered(b.N)
		c.of(b, "gosmpp", m.stop(b.N))
		g.close()
	})
	b.Run("bare", func(b *testing.B) {
		m := start(b)
		l := dialBare(b, job(b.N))
		l.replyTo(b.N)
		c.of(b, "bare", m.stop(b.N))
		l.close()
	})
}

// One request at a time: what a round costs, beside a loop that writes and reads and does nothing else. What a round takes is for the
// most part that processes wake each other, which says more of the machine and its load than of who does it: "in turns" both run by turns, and
// the quicker rounds of each are compared.
func BenchmarkWindow1(b *testing.B) {
	var c comparison
	perRound := func(b *testing.B) float64 { return float64(b.Elapsed().Nanoseconds()) / float64(b.N) }
	b.Run("esmehost", func(b *testing.B) {
		f := bind(b, 1, 1, "answer", 0)
		m := start(b)
		f.submit(b.N, 1)
		m.stop(b.N)
		c.of(b, "esmehost", perRound(b))
		f.stop()
	})
	b.Run("gosmpp", func(b *testing.B) {
		g := dialGosmpp(b, 1, "answer")
		m := start(b)
		g.submit(b.N)
		m.stop(b.N)
		c.of(b, "gosmpp", perRound(b))
		g.close()
	})
	b.Run("bare", func(b *testing.B) {
		l := dialBare(b, "answer")
		m := start(b)
		l.submit(b.N, 1)
		m.stop(b.N)
		c.of(b, "bare", perRound(b))
		l.close()
	})
	b.Run("in turns", func(b *testing.B) {
		const turn = 100
		f, same, l := bind(b, 1, 1, "answer", 0), bind(b, 1, 1, "answer", 0), dialBare(b, "answer")
		same.all[0].same = message()
		each := []struct {
			name   string
			submit func()
			took   []float64
			used   []float64
		}{
			{name: "esmehost", submit: func() { f.submit(turn, 1) }},
			{name: "one-message", submit: func() { same.submit(turn, 1) }},
			{name: "bare", submit: func() { l.submit(turn, 1) }},
		}
		for range max(20, b.N/turn/len(each)) {
			for i := range each {
				e := &each[i]
				used, began := cpu(b), time.Now()
				e.submit()
				e.took = append(e.took, float64(time.Since(began).Nanoseconds())/turn)
				e.used = append(e.used, float64((cpu(b)-used).Nanoseconds())/turn)
			}
		}
		quick := func(all []float64) float64 {
			slices.Sort(all)
			return all[len(all)/4]
		}
		for _, e := range each {
			b.ReportMetric(quick(e.took), e.name+"-ns")
			b.ReportMetric(quick(e.used), e.name+"-cpu-ns")
		}
		b.ReportMetric(quick(each[0].took)/quick(each[2].took), "times-bare")
		b.ReportMetric(quick(each[0].used)/quick(each[2].used), "times-bare-cpu")
		f.stop()
		same.stop()
		l.close()
	})
}

// A million requests in flight at once over a thousand binds, beside a thousand over one: the cost of a message is flat.
func BenchmarkInFlight(b *testing.B) {
	const window = 1000
	var one float64
	for _, sessions := range []int{1, 1000} {
		b.Run(fmt.Sprint(sessions, " binds"), func(b *testing.B) {
			f := bind(b, sessions, window, fmt.Sprint("hold ", sessions, " ", window), 0)
			rounds := max(1, b.N/(sessions*window))
			m := start(b)
			for range rounds {
				f.submit(window, window)
			}
			perMillion := m.stop(rounds * sessions * window)
			if sessions == 1 {
				one = perMillion
			} else if one > 0 {
				b.ReportMetric(perMillion/one, "times-1-bind")
			}
			f.stop()
		})
	}
}
