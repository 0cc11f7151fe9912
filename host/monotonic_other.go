//go:build !linux

package host

// monotonic is for systemd, which is not here.
func monotonic() (usec int64, ok bool) { return 0, false }
