package esme

import (
	"slices"
	"testing"
	"time"
)

// pace sends at a steady rate and keeps how long each response took, from when it was to be sent: who sends late waits
// too. Answers come in the order of the requests from this SMSC.
type pace struct {
	begun []time.Time
	took  []time.Duration
	done  chan struct{}
}

func newPace(n int) *pace {
	return &pace{begun: make([]time.Time, 0, n), took: make([]time.Duration, 0, n), done: make(chan struct{})}
}

func (p *pace) answered() {
	p.took = append(p.took, time.Since(p.begun[len(p.took)]))
	if len(p.took) == cap(p.took) {
		close(p.done)
	}
}

func (p *pace) report(b *testing.B) {
	slices.Sort(p.took)
	at := func(share float64) float64 { return float64(p.took[int(share*float64(len(p.took)-1))].Microseconds()) }
	b.ReportMetric(at(0.5), "p50-µs")
	b.ReportMetric(at(0.99), "p99-µs")
}

// The time to a response at half the rate that the session can, 100 in flight at most, and at a tenth of it.
func BenchmarkLatency(b *testing.B) {
	const window = 100
	f := bind(b, 1, window, "answer", 0)
	began := time.Now()
	const probe = 100_000
	f.submit(probe, window)
	most := probe / time.Since(began).Seconds()
	f.stop()
	for _, load := range []struct {
		name  string
		share float64
	}{{"half load", 0.5}, {"tenth load", 0.1}} {
		b.Run(load.name, func(b *testing.B) {
			f := bind(b, 1, window, "answer", 0)
			h := f.all[0]
			p := newPace(b.N)
			h.session.Do(func() { h.pace = p })
			rate := most * load.share
			m := start(b)
			began := time.Now()
			for queued := 0; queued < b.N; time.Sleep(time.Millisecond / 2) {
				from := queued
				to := min(b.N, int(time.Since(began).Seconds()*rate)+1)
				queued = to
				h.session.Do(func() {
					for i := from; i < to; i++ {
						p.begun = append(p.begun, began.Add(time.Duration(float64(i)/rate*float64(time.Second))))
						h.send()
					}
				})
			}
			<-p.done
			m.stop(b.N)
			p.report(b)
			f.stop()
		})
	}
}
