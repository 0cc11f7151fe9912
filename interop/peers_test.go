package interop

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// event is what one side says happened: a line of JSON.
type event map[string]any

// listener reads the events of a side.
type listener struct {
	t      *testing.T
	who    string
	events chan event
	seen   []event
}

func listen(t *testing.T, who string, r io.Reader) *listener {
	l := &listener{t: t, who: who, events: make(chan event, 1000)}
	go func() {
		defer close(l.events)
		in := bufio.NewScanner(r)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			e := event{}
			if json.Unmarshal(in.Bytes(), &e) != nil {
				e = event{"msg": in.Text()}
			}
			l.events <- e
		}
	}()
	return l
}

// expect waits for an event that the test of it accepts; those before it are passed over.
func (l *listener) expect(what string, is func(e event) bool) event {
	l.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case e, ok := <-l.events:
			if !ok {
				l.t.Fatalf("%s ended before %s; it said %v", l.who, what, l.seen)
			}
			l.seen = append(l.seen, e)
			if is(e) {
				return e
			}
		case <-deadline:
			l.t.Fatalf("%s did not say %s; it said %v", l.who, what, l.seen)
		}
	}
}

func (l *listener) named(name string) map[string]any {
	l.t.Helper()
	e := l.expect(name, func(e event) bool { return e["event"] == name })
	p, _ := e["pdu"].(map[string]any)
	return p
}

func (l *listener) logged(msg, bind string) map[string]any {
	l.t.Helper()
	e := l.expect(msg, func(e event) bool { return e["msg"] == msg && e["bind"] == bind })
	f, _ := e["fields"].(map[string]any)
	return f
}

// need skips the test where a program is missing; where everything is to be there, it fails.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", program)
		}
		t.Skipf("%s is not installed: this test against other people's software is left out", program)
	}
}

// needNPM is need for what npm installs here.
func needNPM(t *testing.T) {
	t.Helper()
	need(t, "node")
	if _, err := os.Stat("node_modules/smpp"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("npm's packages are not installed: make test installs them")
		}
		t.Skip("npm's packages are not installed: this test against other people's software is left out (make test installs them where there is npm)")
	}
}

// startSMSC starts an SMSC that others wrote, and returns what it says and the port at which it listens.
func startSMSC(t *testing.T, program, file string) (l *listener, port any) {
	t.Helper()
	cmd := exec.Command(program, file)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() }) // it ends with its input
	l = listen(t, "the SMSC", out)
	return l, l.expect("listening", func(e event) bool { return e["event"] == "listening" })["port"]
}

// process is the built binary at work, and what it says.
type process struct {
	*listener
	cmd   *exec.Cmd
	ended bool
}

// binary is where the built binary lies; build makes it for the first test that needs it.
var (
	binary string
	build  = sync.OnceValue(func() error {
		if out, err := exec.Command("go", "build", "-o", binary, "../cmd/esmehost").CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "interop")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "esmehost")
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// startHost runs the built binary with the script as s.lua.
func startHost(t *testing.T, script, config string) *process {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"s.lua": script, "esmehost.yaml": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := &process{cmd: exec.Command(binary, "run", "--log-format", "json", "esmehost.yaml")}
	p.cmd.Dir = dir
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !p.ended {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
	})
	p.listener = listen(t, "the host", stderr)
	return p
}

// end ends the host in order.
func (p *process) end() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	for range p.events { // to its end
	}
	p.ended = true
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("the host ended with %v", err)
	}
}
