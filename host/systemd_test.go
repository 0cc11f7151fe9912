package host

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// A service manager is told when the host is ready, that it lives, and when it stops.
func TestSystemd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "2000")
	expect := func(want string) {
		t.Helper()
		buf := make([]byte, 1000)
		for { // what comes in between is of the watchdog
			n, err := l.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(buf[:n]); strings.HasPrefix(got, want) {
				return
			} else if got != "WATCHDOG=1" {
				t.Fatalf("told %q, want %q", got, want)
			}
		}
	}
	dir := t.TempDir()
	save(t, filepath.Join(dir, "a.lua"), "return { handle_cast = function() end }")
	save(t, filepath.Join(dir, "esmehost.yaml"), "binds:\n  a: { smsc: '127.0.0.1:1', system_id: a, script: a.lua }\n")
	h, wrong := Load(filepath.Join(dir, "esmehost.yaml"), discardLog)
	if len(wrong) > 0 {
		t.Fatal(wrong.Error())
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx, nil) }()
	expect("READY=1\nSTATUS=running 1 binds")
	expect("WATCHDOG=1")
	hung := make(chan struct{})
	go func() { defer close(hung); h.Hangup(ctx) }()
	expect("RELOADING=1\nMONOTONIC_USEC=")
	expect("READY=1\nSTATUS=running 1 binds")
	<-hung
	cancel()
	expect("STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=35000000")
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
