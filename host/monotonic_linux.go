package host

import "golang.org/x/sys/unix"

// monotonic is the clock that a service manager compares a reload with, in microseconds.
func monotonic() (usec int64, ok bool) {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		return 0, false
	}
	return ts.Nano() / 1000, true
}
