package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/esmehost/esmehost/host"
	"github.com/esmehost/esmehost/smsc"
)

// killed is a folder with a host that is killed again and again.
type killed struct {
	t   *testing.T
	dir string
}

// command runs the binary that is tested.
func (k *killed) command(args ...string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		k.t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Args[0], cmd.Dir = "esmehost", k.dir
	return cmd
}

func (k *killed) path(name string) string { return filepath.Join(k.dir, name) }

// start starts the host; its log goes to a file.
func (k *killed) start(log string) *exec.Cmd {
	k.t.Helper()
	cmd := k.command("run")
	f, err := os.Create(k.path(log))
	if err != nil {
		k.t.Fatal(err)
	}
	defer f.Close()
	cmd.Stderr = f
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	return cmd
}

// answer waits until the bind answers, and returns what it says.
func (k *killed) answer(log string) string {
	k.t.Helper()
	var out []byte
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); <-time.After(10 * time.Millisecond) {
		var err error
		if out, err = k.command("call", "a", "1").Output(); err == nil {
			return strings.TrimSpace(string(out))
		}
	}
	k.t.Fatalf("no answer; log:\n%s", k.log(log))
	return ""
}

func (k *killed) log(name string) string {
	src, err := os.ReadFile(k.path(name))
	if err != nil {
		k.t.Fatal(err)
	}
	return string(src)
}

// save writes the script in one of the ways in which editors do, the first of them not whole at every moment.
func (k *killed) save(r *rand.Rand, text string) {
	path := k.path("s.lua")
	if r.IntN(2) == 0 {
		os.WriteFile(path, []byte(text), 0o644)
		return
	}
	os.WriteFile(path+".tmp", []byte(text), 0o644)
	os.Rename(path+".tmp", path)
}

// whole fails if anything in data_dir is half-written.
func (k *killed) whole() {
	k.t.Helper()
	files, _ := filepath.Glob(k.path("data/history/*.json"))
	for _, f := range files {
		src, err := os.ReadFile(f)
		var h host.History
		if err == nil {
			err = json.Unmarshal(src, &h)
		}
		if err != nil {
			k.t.Errorf("%s: %v", f, err)
		}
		for _, v := range h.Versions {
			if src, err := os.ReadFile(k.path("data/scripts/" + v.Hash + "/s.lua")); err != nil || !bytes.HasSuffix(src, []byte("-- end\n")) {
				k.t.Errorf("version %s: %v %q", v.Hash, err, src)
			}
		}
	}
}

// Killed at any moment, under traffic and saves, the host comes up again: with its configuration, a version that ran
// before though the file is broken, nothing half-written, and word of what happened. CRASH_ROUNDS says how often.
func TestKilledAtAnyMoment(t *testing.T) {
	rounds := 6
	if s := os.Getenv("CRASH_ROUNDS"); s != "" {
		var err error
		if rounds, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var sim sync.WaitGroup
	sim.Go(func() { smsc.New(smsc.Config{MORate: 200}).Serve(ctx, l) })
	t.Cleanup(func() { cancel(); sim.Wait() })

	k := &killed{t, t.TempDir()}
	version := func(n int) string {
		return fmt.Sprintf("return {\n handle_pdu = function(p, state) esme.send_pdu(sms.submit { to = '1', text = p.text }[1]) return state end,\n handle_call = function(_, _, state) return 'reply', %d, state end }\n-- end\n", n)
	}
	yaml := fmt.Sprintf("binds:\n  a: { smsc: '%s', system_id: a, script: s.lua }\n", l.Addr())
	if err := os.WriteFile(k.path("esmehost.yaml"), []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
	k.save(r, version(0))
	saved := 0
	started := false // the run before, before it was killed
	for round := range rounds {
		log := fmt.Sprintf("%d.log", round)
		cmd := k.start(log)
		if round > 0 {
			got, err := strconv.Atoi(k.answer(log))
			if err != nil || got < 0 || got > saved {
				t.Fatalf("it runs version %d of %d, %v", got, saved, err)
			}
			text := k.log(log)
			if started && !strings.Contains(text, "the last run ended without a drain") {
				t.Errorf("round %d: no word of the kill:\n%s", round, text)
			}
			if left, _ := filepath.Glob(k.path("data/*/.new-*")); len(left) > 0 {
				t.Errorf("left over: %q", left)
			}
			if !strings.Contains(text, "the script is broken: the last good version of it runs") {
				t.Errorf("round %d: no word of the broken file:\n%s", round, text)
			}
		} else {
			k.answer(log)
		}
		end := time.After(time.Duration(r.IntN(400)) * time.Millisecond)
		for killing := false; !killing; {
			select {
			case <-end:
				killing = true
			case <-time.After(time.Duration(r.IntN(60)) * time.Millisecond):
				if r.IntN(4) == 0 {
					k.save(r, "return }")
					continue
				}
				saved++
				k.save(r, version(saved))
			}
		}
		cmd.Process.Kill()
		cmd.Wait()
		started = strings.Contains(k.log(log), "host started")
		k.whole()
		k.save(r, "return }")
	}

	// After an end in order there is nothing to be said.
	for i, want := range []bool{true, false} {
		log := fmt.Sprintf("end%d.log", i)
		cmd := k.start(log)
		k.answer(log)
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v:\n%s", err, k.log(log))
		}
		if got := strings.Contains(k.log(log), "the last run ended without a drain"); got != want {
			t.Errorf("start %d after the last kill, word of it: %v:\n%s", i+1, got, k.log(log))
		}
	}
}
