package host

import (
	"os"
	"syscall"
)

// fileID tells two files apart that have the same name, size and time of writing. changed is the time of
// any change, also of one that sets the time of writing back.
type fileID struct {
	device, file uint64
	changed      int64
}

func idOf(st os.FileInfo) fileID {
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}
	}
	return fileID{device: uint64(sys.Dev), file: sys.Ino, changed: sys.Ctim.Nano()}
}
