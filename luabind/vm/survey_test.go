package vm

import (
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// The warning comes once when a state goes over 80 % of its memory, and again only after it was under 40 %.
func TestTheWarningBeforeMemoryIsFull(t *testing.T) {
	s, m := load(t, Limits{Memory: 4 << 20, Time: time.Minute}, map[string]string{"main.lua": `
local held
return { hold = function(kib) held = {} for i = 1, kib do held[i] = i .. ("x"):rep(1000) end end }`})
	s.Lock()
	defer s.Unlock()
	var warned []int64
	s.hooks.MemoryHigh = func(used, limit int64) {
		if limit != 4<<20 {
			t.Error(limit)
		}
		warned = append(warned, used)
	}
	for _, step := range []struct {
		kib, warnings int
		broken        bool
	}{{1000, 0, false}, {3500, 1, false}, {3600, 1, false}, {3000, 1, false}, {3500, 1, false}, {1000, 1, false}, {3500, 2, false}, {5000, 2, true}} {
		s.survey.since, s.survey.next = surveyFirst, 0 // it is due
		_, err := s.Call(m.RawGetString("hold"), 0, lua.LNumber(step.kib))
		if broken := err != nil; broken != step.broken || len(warned) != step.warnings {
			t.Fatalf("%d KiB: %v, %d warnings", step.kib, err, len(warned))
		}
	}
	if s.Broken() == nil || s.Broken().Kind != Memory {
		t.Fatal(s.Broken())
	}
}

// BenchmarkCompaction deletes keys all the time, and tells which part of it goes into forgetting them: of the time
// that a script takes, and of a second in which 100,000 are deleted. The goal is 1 %.
func BenchmarkCompaction(b *testing.B) {
	s, m := load(b, Limits{Time: Unlimited, Instructions: Unlimited}, map[string]string{"main.lua": `
local pending, n = {}, 0
return { f = function()
  for i = 1, 100 do
    n = n + 1
    pending["id" .. n] = n
    pending["id" .. n - 50] = nil
  end
end }`})
	s.Lock()
	defer s.Unlock()
	fn := m.RawGetString("f")
	var surveys int
	var took time.Duration
	s.hooks.Surveyed = func(int64) { surveys++; took += s.survey.took }
	_, began := threadCPU()
	for b.Loop() {
		if _, err := s.Call(fn, 0); err != nil {
			b.Fatal(err)
		}
	}
	_, ended := threadCPU()
	b.ReportMetric(100*float64(took)/float64(max(ended-began, 1)), "%-of-the-script")
	b.ReportMetric(100*float64(took)/float64(b.N*100)*1e5/1e9, "%-of-a-core-at-100000/s")
	b.ReportMetric(1, "goal-%")
	b.ReportMetric(float64(surveys), "surveys")
}
