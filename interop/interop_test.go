// Package interop runs the built binary against SMSCs that others wrote.
package interop

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

const script = `
local M = { version = 1 }

function M.handle_info(m, state)
  if m.event ~= "bound" then return end
  log.info("bound", { peer = m.peer, mode = m.mode })
  assert(esme.send_pdu(pdu.submit_sm {
    source_addr = "12345", destination_addr = "491700000001", short_message = "with TLVs",
    user_message_reference = 258, message_state = 2, tlvs = { { tag = 0x1401, value = "vendor\0x" } },
  }))
end

function M.handle_send_pdu_result(p, err)
  log.info("result", { command = p.command, sequence = p.sequence_number, error = err and tostring(err) or "none" })
end

function M.handle_resp(p, original)
  log.info("resp", { status = p.status, id = p.message_id, sequence = p.sequence_number, to = original.destination_addr })
end

function M.handle_pdu(p)
  log.info("pdu", { command = p.command, from = p.source_addr, to = p.destination_addr, text = p.text,
    reference = p.user_message_reference, sequence = p.sequence_number })
  assert(esme.reply(p, p:response()))
end

function M.handle_stop(reason, lost, state)
  log.info("stop", { reason = tostring(reason), lost = #lost })
  return "normal", state
end

return M
`

func TestNPMServer(t *testing.T) {
	need(t, "npm")
	need(t, "node")
	if _, err := os.Stat("node_modules/smpp"); err != nil {
		run(t, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "esmehost")
	run(t, "go", "build", "-o", bin, "../cmd/esmehost")

	node := exec.Command("node", "server.js")
	nodeIn, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	nodeOut, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	node.Stderr = os.Stderr
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nodeIn.Close(); node.Wait() })
	smsc := listen(t, "the SMSC", nodeOut)
	port := smsc.expect("listening", func(e event) bool { return e["event"] == "listening" })["port"]

	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("s.lua", script)
	write("esmehost.yaml", fmt.Sprintf(`
binds:
  acme: { smsc: "smpp://127.0.0.1:%v", system_id: acme, password: secret, script: s.lua, restart: temporary }
  wrong: { smsc: "smpp://127.0.0.1:%v", system_id: acme, password: wrong, script: s.lua, restart: temporary }
`, port, port))
	host := exec.Command(bin, "run", "--log-format", "json", "esmehost.yaml")
	host.Dir = dir
	stderr, err := host.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	said := listen(t, "the host", stderr)
	ended := false
	t.Cleanup(func() {
		if !ended {
			host.Process.Kill()
			host.Wait()
		}
	})

	// The submit_sm as the SMSC saw it, with its TLVs.
	sub := smsc.named("submit_sm")
	for name, want := range map[string]any{"source_addr": "12345", "destination_addr": "491700000001", "user_message_reference": 258.0, "message_state": 2.0} {
		if sub[name] != want {
			t.Errorf("submit_sm.%s: the SMSC saw %v, want %v", name, sub[name], want)
		}
	}
	if m, _ := sub["short_message"].(map[string]any); m["message"] != "with TLVs" {
		t.Errorf("the SMSC saw the message %v", sub["short_message"])
	}
	// Both sides agree on the answer ...
	result := said.logged("result", "acme")
	resp := said.logged("resp", "acme")
	if result["command"] != "submit_sm" || result["error"] != "none" || result["sequence"] != sub["sequence_number"] {
		t.Errorf("handle_send_pdu_result saw %v, the SMSC %v", result, sub["sequence_number"])
	}
	if resp["id"] != "npm-1" || resp["status"] != "ESME_ROK" || resp["to"] != "491700000001" || resp["sequence"] != sub["sequence_number"] {
		t.Errorf("handle_resp saw %v", resp)
	}
	// ... on the link check, which the script does not see, and on the message that came.
	if p := smsc.named("enquire_link_resp"); p["command_status"] != 0.0 {
		t.Errorf("enquire_link_resp %v", p)
	}
	in := said.logged("pdu", "acme")
	answer := smsc.named("deliver_sm_resp")
	if in["command"] != "deliver_sm" || in["from"] != "491700000001" || in["to"] != "12345" || in["text"] != "héllo {€}" || in["reference"] != 513.0 {
		t.Errorf("handle_pdu saw %v", in)
	}
	if answer["command_status"] != 0.0 || answer["sequence_number"] != in["sequence"] {
		t.Errorf("the SMSC saw the answer %v to %v", answer, in)
	}
	// The SMSC unbinds and closes.
	if p := smsc.named("unbind_resp"); p["command_status"] != 0.0 {
		t.Errorf("unbind_resp %v", p)
	}
	if stop := said.logged("stop", "acme"); stop["reason"] != "unbound" || stop["lost"] != 0.0 {
		t.Errorf("handle_stop saw %v", stop)
	}
	// The other bind's password was refused.
	refused := func(e event) bool { return e["bind"] == "wrong" && e["reason"] == "bind_failed: ESME_RINVPASWD" }
	if !slices.ContainsFunc(said.seen, refused) {
		said.expect("that the wrong password was refused", refused)
	}
	if err := host.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for range said.events { // to its end
	}
	if err := host.Wait(); err != nil {
		t.Errorf("the host ended with %v", err)
	}
	ended = true
}
