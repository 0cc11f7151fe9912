package luabind

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

// BenchmarkHostile measures for each hostile script how long good binds take to answer a deliver_sm, alone and beside it:
// the two in turns, so that a noisy machine is as bad to both. The script gets message after message meanwhile, ten at
// once, and a new session whenever one has ended. It prints the median and the 99th percentile of each beside
// those of the good binds alone. The goal is 2; docs/sandbox.md has what was measured.
func BenchmarkHostile(b *testing.B) {
	files, _ := filepath.Glob("testdata/hostile/*.lua")
	const goods = 8
	each := 500
	if os.Getenv("CI") != "" {
		each = 50 // to see that it runs
	}
	n := newTown(b)
	for i := range goods {
		if _, err := n.move(fmt.Sprintf("good-%d", i), goodScript, vm.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range goods { // each has its session
		for !n.there(fmt.Sprintf("good-%d", i)) {
			time.Sleep(time.Millisecond)
		}
	}
	n.latencies(goods, 10*each)
	number := 0
	var all []string
	for i, file := range append(files, "a good one") {
		if os.Getenv("CI") != "" && i%20 != 0 {
			continue
		}
		src, err := os.ReadFile(file)
		if file == "a good one" {
			src, err = []byte(goodScript), nil
		}
		if err != nil {
			b.Fatal(err)
		}
		b.Run(strings.TrimSuffix(filepath.Base(file), ".lua"), func(b *testing.B) {
			number++
			account := fmt.Sprintf("bad-%d", number)
			bad, err := n.settle(account, string(src), vm.Limits{})
			if err != nil {
				b.Skip("it is not let in")
			}
			var p50, p99, alone99 []float64
			for b.Loop() {
				alone := n.latencies(goods, each)
				stop := n.busy(bad)
				beside := n.latencies(goods, each)
				stop()
				p50 = append(p50, ratio(beside, alone, 50))
				p99 = append(p99, ratio(beside, alone, 99))
				alone99 = append(alone99, float64(percentile(alone, 99).Microseconds()))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(percentile(p50, 50), "p50-of-alone")
			b.ReportMetric(percentile(p99, 50), "p99-of-alone")
			b.ReportMetric(percentile(alone99, 50), "p99-alone-µs")
			all = append(all, fmt.Sprintf("%5.1f %5.1f %s", percentile(p99, 50), percentile(p50, 50), b.Name()))
		})
	}
	slices.Sort(all)
	b.Logf("p99 and p50 beside, of alone:\n%s", strings.Join(all, "\n"))
}

func ratio(a, b []time.Duration, p int) float64 {
	return float64(percentile(a, p)) / float64(percentile(b, p))
}

// settle makes a bind with the script, without a session.
func (n *town) settle(name, script string, limits vm.Limits) (*resident, error) {
	dir := n.tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "s.lua"), []byte(script), 0o644); err != nil {
		n.tb.Fatal(err)
	}
	prog, wrong := Compile(dir, "s.lua")
	if len(wrong) > 0 {
		return nil, wrong
	}
	r := &resident{lines: &lines{}}
	r.bind = NewBind(Options{Name: name, Limits: limits, Directory: n}, prog)
	return r, r.bind.Check()
}

func (n *town) there(name string) bool {
	bind, ok := n.binds.Load(name)
	if !ok {
		return false
	}
	_, err := bind.(*Bind).Target().Call(context.Background(), nil)
	return err == nil
}

// latencies delivers k messages to the good binds, one after the other, and tells how long each answer took.
func (n *town) latencies(goods, k int) []time.Duration {
	all := make([]time.Duration, k)
	got := make(chan pdu.Status, 1)
	for i := range all {
		began := time.Now()
		if err := n.server.Deliver(fmt.Sprintf("good-%d", i%goods), smsc.MO{From: "1", To: "2", Text: "hi"}.PDU(), func(s pdu.Status) { got <- s }); err != nil {
			n.tb.Fatal(err)
		}
		if s := <-got; s != pdu.ESME_ROK {
			n.tb.Errorf("a good bind answered %s", s)
		}
		all[i] = time.Since(began)
	}
	return all
}

// busy gives the bind messages, ten at once, and sessions one after the other, until the function is called that it returns.
func (n *town) busy(r *resident) (stop func()) {
	over, ended := make(chan struct{}), make(chan struct{})
	name := r.bind.opts.Name
	go func() {
		defer close(ended)
		for {
			r.exit = make(chan esme.Exit, 1)
			n.run(r)
			open := 0
			got := make(chan pdu.Status, 10)
			for going := true; going; {
				if open < 10 && n.server.Deliver(name, smsc.MO{From: "1", To: "2", Text: "hi"}.PDU(), func(s pdu.Status) { got <- s }) == nil {
					open++
				}
				wait := time.NewTimer(time.Millisecond)
			waiting:
				for {
					select {
					case <-got:
						open--
					case <-wait.C:
						break waiting
					case e := <-r.exit:
						r.exit <- e
						going = false
						break waiting
					case <-over:
						r.stop()
						<-r.exit
						return
					}
				}
				wait.Stop()
			}
		}
	}()
	return func() { close(over); <-ended }
}

func percentile[T cmp.Ordered](all []T, p int) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)-1)*p/100]
}
