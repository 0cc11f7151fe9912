//go:build !unix

package host

import "time"

// cpuTime and openFiles are not known here.
func cpuTime() time.Duration            { return 0 }
func openFiles() (n uint64, known bool) { return 0, false }
