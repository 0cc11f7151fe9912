package host

import (
	"testing"

	"github.com/esmehost/esmehost/esme"
)

// What measuring adds to a callback: nothing to speak of while no canary is watched.
func BenchmarkMeter(b *testing.B) {
	bind := &Bind{}
	for _, tt := range []struct {
		name    string
		handler esme.Handler
		meter   *meter
	}{
		{"bare", esme.Base{}, nil},
		{"unwatched", handler{esme.Base{}, bind}, nil},
		{"watched", handler{esme.Base{}, bind}, new(meter)},
	} {
		b.Run(tt.name, func(b *testing.B) {
			bind.meter.Store(tt.meter)
			b.ReportAllocs()
			for b.Loop() {
				tt.handler.HandleCast(nil)
			}
		})
	}
}
