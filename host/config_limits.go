package host

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/esmehost/esmehost/luabind/vm"
)

// limits reads what the scripts of the bind may use. 0 and infinity switch a limit off.
func (b *bindReader) limits(n *node) {
	l := &b.Limits
	instructions := func(v *int64) func(*node) {
		return func(n *node) { *v = b.unless(n, func() int64 { return b.number(n, 1000, 1<<40) }) }
	}
	duration := func(v *time.Duration) func(*node) {
		return func(n *node) {
			*v = time.Duration(b.unless(n, func() int64 { return int64(max(b.duration(n), time.Millisecond)) }))
		}
	}
	count := func(v *int, most int64) func(*node) {
		return func(n *node) { *v = int(b.unless(n, func() int64 { return b.number(n, 1, most) })) }
	}
	b.mapping(n, "limits", keys{
		"instructions":      instructions(&l.Instructions),
		"time":              duration(&l.Time),
		"init_instructions": instructions(&l.InitInstructions),
		"init_time":         duration(&l.InitTime),
		"task_instructions": instructions(&l.TaskInstructions),
		"task_time":         duration(&l.TaskTime),
		"load_instructions": instructions(&l.LoadInstructions),
		"load_time":         duration(&l.LoadTime),
		"memory":            func(n *node) { l.Memory = b.unless(n, func() int64 { return b.octets(n, 1<<20, 1<<40) }) },
		"tasks":             count(&l.Tasks, 100_000),
		"timers":            count(&l.Timers, math.MaxInt32),
		"mailbox":           count(&b.ESME.Mailbox, math.MaxInt32),
		"backlog":           func(n *node) { b.ESME.Backlog = int(b.octets(n, 64<<10, 1<<30)) },
		"log_rate":          count(&l.LogRate, math.MaxInt32),
		"metrics":           count(&l.Metrics, math.MaxInt32),
	})
}

// unless reads a limit, unless it is switched off.
func (b *bindReader) unless(n *node, read func() int64) int64 {
	if b.off(n) {
		return vm.Unlimited
	}
	return read()
}

// octets reads a size: octets, or a number with KiB, MiB or GiB.
func (r *reader) octets(n *node, lo, hi int64) int64 {
	s, _ := r.scalar(n)
	number, unit := s, int64(1)
	for suffix, u := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if v, ok := strings.CutSuffix(s, suffix); ok {
			number, unit = strings.TrimSpace(v), u
		}
	}
	v, err := strconv.ParseInt(strings.ReplaceAll(number, "_", ""), 10, 64)
	switch {
	case err != nil:
		r.fail(n, fmt.Sprintf("'%s' is no size", s), "write octets, or for instance 512KiB, 64MiB, 1GiB")
	case v > hi/unit || v*unit < lo:
		r.fail(n, fmt.Sprintf("must be a size from %s to %s", size(lo), size(hi)), "")
	default:
		return v * unit
	}
	return lo
}

func size(n int64) string {
	switch {
	case n%(1<<30) == 0:
		return fmt.Sprintf("%dGiB", n>>30)
	case n%(1<<20) == 0:
		return fmt.Sprintf("%dMiB", n>>20)
	}
	return strconv.FormatInt(n, 10)
}
