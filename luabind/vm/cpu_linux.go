package vm

import (
	"syscall"
	"time"
	"unsafe"
)

// clockThreadCPU is CLOCK_THREAD_CPUTIME_ID of clock_gettime(2).
const clockThreadCPU = 3

// threadCPU is the time that the calling thread has had on a processor, and which thread that is.
func threadCPU() (thread int, used time.Duration) {
	var ts syscall.Timespec
	if _, _, e := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockThreadCPU, uintptr(unsafe.Pointer(&ts)), 0); e != 0 {
		return 0, clock() // it cannot be told: all counts
	}
	return syscall.Gettid(), time.Duration(ts.Nano())
}
