package host

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	take := func() *lock {
		t.Helper()
		l, killed, held, err := lockFile(path)
		if err != nil || held || killed != nil {
			t.Fatal(killed, held, err)
		}
		return l
	}
	l := take()
	_, _, held, err := lockFile(path)
	if !held || !regexp.MustCompile(`^another host \(process \d+, since 2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d\)$`).MatchString(err.Error()) {
		t.Fatal(held, err)
	}
	if err := l.release(true); err != nil {
		t.Fatal(err)
	}
	take().release(false) // as the kernel does when a process is killed
	l, killed, held, err := lockFile(path)
	if err != nil || held || killed == nil || killed.PID != os.Getpid() || killed.Started.IsZero() {
		t.Fatal(killed, held, err)
	}
	l.release(true)

	// What a power cut left of a note says that much too.
	if err := os.WriteFile(path, []byte(`{"pid":`), 0o600); err != nil {
		t.Fatal(err)
	}
	l, killed, _, err = lockFile(path)
	if err != nil || killed == nil {
		t.Fatal(killed, err)
	}
	if _, _, _, err := lockFile(path); err == nil || !strings.Contains(err.Error(), "another host") {
		t.Error(err)
	}
	l.release(true)
	if _, _, held, err := lockFile(filepath.Join(path, "x")); err == nil || held {
		t.Error(held, err)
	}
}

// A socket on which another program answers is not taken away from it; one that nobody answers on is.
func TestTheSocketOfAnotherProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	a := &admin{}
	if err := a.listenLocally(path); err == nil || !strings.Contains(err.Error(), "another program answers on "+path) {
		t.Error(err)
	}
	if c, err := net.Dial("unix", path); err != nil {
		t.Errorf("the socket was taken away: %v", err)
	} else {
		c.Close()
	}
	l.Close()
	if err := a.listenLocally(path); err != nil {
		t.Errorf("what a program that has ended has left keeps the host from starting: %v", err)
	}
	a.close()
}
