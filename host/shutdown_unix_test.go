//go:build unix

package host

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A file system that does not answer keeps no host from ending.
func TestAStopDoesNotWaitForAFileSystem(t *testing.T) {
	w := newWorldOf(t, map[string]string{"s.lua": say("one", "")},
		"shutdown_limit: 50ms\nbinds: { a: { smsc: SMSC, system_id: a, script: s.lua } }\n")
	path := filepath.Join(w.dir, "esmehost.yaml")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil { // nobody writes: who opens it waits
		t.Fatal(err)
	}
	var writer *os.File
	defer func() { writer.Close() }()
	eventually(t, "the host is in the middle of reading", func() bool {
		var err error
		writer, err = os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0) // as soon as there is a reader
		return err == nil
	})
	if err := w.end(); err == nil || !strings.Contains(err.Error(), "does their file system answer?") {
		t.Error(err)
	}
}
