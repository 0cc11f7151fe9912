//go:build unix

package vm

import (
	"syscall"
	"time"
)

// processCPU is the time that the process has had on all processors.
func processCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return clock() // it cannot be told: all counts
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
