package esmehost

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esmehost/esmehost/host"
	"github.com/esmehost/esmehost/host/hosttest"
	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

// Every script in the documentation runs: on a host, bound to the simulator, with a call and a message.
// None fails at anything.
func TestScriptsOfTheDocsRun(t *testing.T) {
	dir, yaml, names := t.TempDir(), "binds:\n", []string{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob("docs/*.md")
	for _, file := range append(files, "README.md") {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range block.FindAllStringSubmatch(string(src), -1) {
			if m[1] != "lua" {
				continue
			}
			name := fmt.Sprintf("%s-%d", strings.TrimSuffix(filepath.Base(file), ".md"), len(names))
			names = append(names, name)
			write(t, filepath.Join(dir, name+".lua"), m[2])
			yaml += fmt.Sprintf("  %s: { smsc: %q, system_id: d%d, script: %s.lua }\n", name, l.Addr(), len(names)-1, name)
		}
	}
	if len(names) < 5 {
		t.Fatalf("only %d scripts were found", len(names))
	}
	write(t, filepath.Join(dir, "esmehost.yaml"), yaml)
	log := hosttest.NewLog()
	h, wrong := host.Load(filepath.Join(dir, "esmehost.yaml"), func(host.Log) *slog.Logger { return slog.New(slog.NewTextHandler(log, nil)) })
	if len(wrong) > 0 {
		t.Fatal(wrong.Error())
	}
	sim := smsc.New(smsc.Config{ReceiptDelay: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { sim.Serve(ctx, l) })
	hostCtx, stop := context.WithCancel(t.Context())
	running.Go(func() { h.Run(hostCtx, nil) })
	for i, name := range names {
		expect(t, log, "msg=bound bind="+name)
		target, err := h.Target(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := target.Call(ctx, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		status := make(chan pdu.Status, 1)
		if err := sim.Deliver(fmt.Sprintf("d%d", i), smsc.MO{From: "491700000001", To: "12345", Text: "hello"}.PDU(), func(s pdu.Status) { status <- s }); err != nil {
			t.Fatal(err)
		}
		select {
		case s := <-status:
			if s != pdu.ESME_ROK {
				t.Errorf("%s answers a message %s", name, s)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s does not answer:\n%s", name, log)
		}
	}
	stop() // drains: what the scripts have sent is answered first
	expect(t, log, "host stopped")
	cancel()
	running.Wait()
	if text := log.String(); strings.Contains(text, "script error") || strings.Contains(text, "level=ERROR") {
		t.Error(text)
	}
}

// expect waits until the log has the text.
func expect(t *testing.T, log *hosttest.Log, want string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for !strings.Contains(log.String(), want) {
		select {
		case <-log.More():
		case <-deadline:
			t.Fatalf("the log has no %q:\n%s", want, log)
		}
	}
}
