package host

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Where many binds change, the processors are left to the traffic in between, but for a bounded time, and not when it is to end.
func TestManyBindsLeaveRoomForTraffic(t *testing.T) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name        string
		ctx         context.Context
		binds       int
		least, most time.Duration
	}{
		{"few", context.Background(), fewBinds, 0, 0},
		{"many", context.Background(), 100 * reloaders, 99 * rest, 100 * rest},
		{"too many", context.Background(), 10 * int(restFor/rest) * reloaders, restFor, restFor + rest},
		{"over", over, 100 * reloaders, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				done := forAll(c.ctx, make([]*Bind, c.binds), func(*Bind) result { return result{word: outcomeReloaded} })
				for _, r := range done {
					if r.word != outcomeReloaded {
						t.Fatal("not all were done")
					}
				}
				if took := time.Since(began); took < c.least || took > c.most {
					t.Errorf("it took %v, not %v to %v", took, c.least, c.most)
				}
			})
		})
	}
}
