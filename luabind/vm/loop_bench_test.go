package vm

import (
	"math"
	"runtime"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// BenchmarkLoop runs the same Lua in a bare state and in ours, in turns, so that a noisy machine is as bad to both,
// and prints what the budget and the sandbox cost: the ratio of the best times.
func BenchmarkLoop(b *testing.B) {
	for _, tt := range []struct{ name, body string }{
		{"arithmetic", "local x = 0 for i = 1, 20000 do x = x + i % 7 end return x"},
		{"list", "local t = {} for i = 1, 5000 do t[#t + 1] = i end return #t"},
		{"fields", "local t = { n = 0 } for i = 1, 10000 do t.n = t.n + 1 end return t.n"},
		{"calls", "local function f(x) return x end local n = 0 for i = 1, 5000 do n = n + f(i) end return n"},
		{"concat", "local s = '' for i = 1, 2000 do s = 'x' .. i end return s"},
	} {
		b.Run(tt.name, func(b *testing.B) {
			runtime.LockOSThread() // the thread's time is the benchmark's
			defer runtime.UnlockOSThread()
			L := lua.NewState()
			defer L.Close()
			bare, err := L.LoadString(tt.body)
			if err != nil {
				b.Fatal(err)
			}
			s, m := load(b, Limits{Instructions: Unlimited, Time: Unlimited}, map[string]string{"main.lua": "return { f = function() " + tt.body + " end }"})
			s.Lock()
			defer s.Unlock()
			ours := m.RawGetString("f")
			best := [2]time.Duration{math.MaxInt64, math.MaxInt64}
			for b.Loop() {
				for which := range best {
					_, began := threadCPU()
					if which == 0 {
						L.Push(bare)
						if err := L.PCall(0, 1, nil); err != nil {
							b.Fatal(err)
						}
						L.Pop(1)
					} else if _, err := s.Call(ours, 1); err != nil {
						b.Fatal(err)
					}
					_, ended := threadCPU()
					best[which] = min(best[which], ended-began)
				}
			}
			b.ReportMetric(float64(best[1])/float64(best[0]), "of-bare")
			b.ReportMetric(0, "ns/op")
		})
	}
}
