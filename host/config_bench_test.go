package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkConfigOfManyBinds: a configuration that names each of its binds, read by a start and, with a change in each bind, by a
// save. What a bind costs must not grow with their number.
func BenchmarkConfigOfManyBinds(b *testing.B) {
	for _, binds := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("binds=%d", binds), func(b *testing.B) {
			dir := b.TempDir()
			path := filepath.Join(dir, "esmehost.yaml")
			var yaml strings.Builder
			yaml.WriteString("watch: off\ndefaults: { system_type: x }\nbinds:\n")
			for i := range binds {
				fmt.Fprintf(&yaml, "  b%d: { smsc: 'h:1', system_id: b%d, script: s.lua }\n", i, i)
			}
			write := func(path, text string) {
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					b.Fatal(err)
				}
			}
			write(filepath.Join(dir, "s.lua"), "return { handle_pdu = function() end }")
			for b.Loop() {
				write(path, yaml.String())
				h, wrong := Load(path, discard)
				if len(wrong) > 0 {
					b.Fatal(wrong)
				}
				write(path, strings.Replace(yaml.String(), "system_type: x", "system_type: y", 1))
				n, wrong := h.read()
				if len(wrong) > 0 || len(n.binds) != binds {
					b.Fatal(len(n.binds), wrong)
				}
				h.adopt(n)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(binds), "µs/bind")
		})
	}
}
