package luabind

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/smsc"
)

// The sink runs in a process of its own, so that the CPU seconds are those of the bind alone.
const sinkEnv = "ESMEHOST_TEST_SINK"

func runSink() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin) // ends with the benchmark's process
		cancel()
	}()
	smsc.New(smsc.Config{}).Serve(ctx, l)
}

func startSink(b *testing.B) string {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), sinkEnv+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); cmd.Wait() })
	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(string(line[:n]))
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// report prints the figures of a run of n messages beside the goal.
func report(b *testing.B, n int, took time.Duration, cpu, goal float64) {
	b.ReportMetric(float64(n)/took.Seconds(), "msg/s")
	b.ReportMetric(cpu/float64(n)*1e6, "CPU-s/1e6")
	b.ReportMetric(goal, "goal-CPU-s/1e6")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkSubmit sends submit_sm from Lua, window 100, one bind, over loopback; handle_resp reads three fields,
// counts in the state and sends the next. The goal is 2.0 CPU seconds per million.
func BenchmarkSubmit(b *testing.B) {
	dir := b.TempDir()
	script := `
local message = pdu.submit_sm { source_addr = "12345", destination_addr = "491700000001", short_message = ("x"):rep(100) }
return {
  init = function() return { left = 0, ok = 0 } end,
  handle_resp = function(p, original, state)
    if p.status == "ESME_ROK" and p.message_id ~= "" and original.destination_addr ~= "" then state.ok = state.ok + 1 end
    if state.left > 0 then
      state.left = state.left - 1
      assert(esme.send_pdu(message))
    elseif state.ok == state.want then
      state.from:reply(state.ok)
    end
    return state
  end,
  handle_call = function(n, from, state)
    state.from, state.want, state.ok = from, n, 0
    local first = math.min(n, 100)
    state.left = n - first
    for i = 1, first do assert(esme.send_pdu(message)) end
    return "noreply", state
  end,
}`
	if err := os.WriteFile(dir+"/s.lua", []byte(script), 0o644); err != nil {
		b.Fatal(err)
	}
	prog, wrong := Compile(dir, "s.lua")
	if len(wrong) > 0 {
		b.Fatal(wrong.Error())
	}
	conn, err := net.Dial("tcp", startSink(b))
	if err != nil {
		b.Fatal(err)
	}
	bind := NewBind(Options{Name: "bench", Limits: vm.Limits{Time: time.Minute}}, prog)
	s := esme.NewSession(esme.Config{Window: 100}, bind.NewHandler(), nil)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { s.Run(ctx, conn); close(ended) }()
	defer func() { cancel(); <-ended }()

	n := max(b.N, 1000)
	b.ResetTimer()
	cpu, began := cpuSeconds(), time.Now()
	var got vm.Data
	for { // the session is a moment from being started
		if got, err = bind.Target().Call(context.Background(), float64(n)); err == nil {
			break
		}
		if time.Since(began) > 10*time.Second {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if got != float64(n) {
		b.Fatalf("%v of %d", got, n)
	}
	report(b, n, time.Since(began), cpuSeconds()-cpu, 2.0)
}
