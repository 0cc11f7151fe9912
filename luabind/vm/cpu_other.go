//go:build !linux

package vm

import "time"

// threadCPU cannot be told here: all time counts, up to sliceMax between two looks.
func threadCPU() (thread int, used time.Duration) { return 0, clock() }
