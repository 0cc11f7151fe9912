package luabind

import (
	"os"
	"testing"
)

// BenchmarkLoad loads a script, which is compiled once, into 10,000 binds. The goal is one second.
func BenchmarkLoad(b *testing.B) {
	src, err := os.ReadFile("../examples/lua/autoresponder/autoresponder.lua")
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	if err := os.WriteFile(dir+"/s.lua", src, 0o644); err != nil {
		b.Fatal(err)
	}
	const n = 10_000
	cpu := cpuSeconds()
	for b.Loop() {
		prog, wrong := Compile(dir, "s.lua")
		if len(wrong) > 0 {
			b.Fatal(wrong.Error())
		}
		bind := NewBind(Options{Name: "x"}, prog)
		all := make([]*generation, n)
		for i := range all {
			if all[i], err = newGeneration(bind, nil, 1, prog); err != nil {
				b.Fatal(err)
			}
		}
		for _, g := range all {
			g.vm.Close()
		}
	}
	b.ReportMetric((cpuSeconds()-cpu)/float64(b.N), "CPU-s/10000-binds")
	b.ReportMetric(1, "goal-s")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/10000-binds")
	b.ReportMetric(0, "ns/op")
}
