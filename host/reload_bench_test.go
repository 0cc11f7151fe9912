package host

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

// The SMSC of the benchmarks runs in a process of its own, so that the CPU seconds and the memory are the host's alone.
const benchSMSCEnv = "ESMEHOST_BENCH_SMSC"

// seenBySMSC is what the SMSC of a benchmark has seen since it was asked last.
type seenBySMSC struct {
	Sent, Answered, Refused int // messages to the host
	Received                int // messages from it
	P50, P99, Max           time.Duration
	Open                    int // sent and not yet answered
}

// benchSMSC sends messages to an account's sessions, one after the other by chance, at the rate that it reads from
// standard input, and at each line prints what it has seen.
func benchSMSC() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	var mu sync.Mutex
	var seen seenBySMSC
	var took []time.Duration
	sim := smsc.New(smsc.Config{Observe: func(e smsc.Event) {
		if e.Received && e.PDU.CommandID() == pdu.CmdSubmitSM {
			mu.Lock()
			seen.Received++
			mu.Unlock()
		}
	}})
	ctx, cancel := context.WithCancel(context.Background())
	var rate atomic.Int64
	go func() {
		const each = 2 * time.Millisecond
		tick := time.NewTicker(each)
		message := smsc.MO{From: "491700000001", To: "12345", Text: "hello"}.PDU()
		due, last := 0.0, time.Now()
		for now := range tick.C {
			due += float64(rate.Load()) * min(now.Sub(last), 20*each).Seconds() // what was missed long ago is not made up for at once
			last = now
			for ; due >= 1; due-- {
				mu.Lock()
				seen.Sent++
				seen.Open++
				mu.Unlock()
				began := time.Now()
				sim.Deliver("bench", message, func(s pdu.Status) {
					mu.Lock()
					defer mu.Unlock()
					seen.Open--
					seen.Answered++
					if s != pdu.ESME_ROK {
						seen.Refused++
					}
					took = append(took, time.Since(began))
				})
			}
		}
	}()
	go func() {
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			n, _ := strconv.ParseInt(in.Text(), 10, 64)
			rate.Store(n)
			mu.Lock()
			slices.Sort(took)
			if n := len(took); n > 0 {
				seen.P50, seen.P99, seen.Max = took[n/2], took[n*99/100], took[n-1]
			}
			json.NewEncoder(os.Stdout).Encode(seen)
			seen, took = seenBySMSC{Open: seen.Open}, nil
			mu.Unlock()
		}
		cancel()
	}()
	sim.Serve(ctx, l)
}

// benchWorld is a host, and an SMSC in another process.
type benchWorld struct {
	b       *testing.B
	dir     string
	host    *Host
	smsc    io.Writer
	answers *bufio.Scanner
	total   seenBySMSC
}

const benchScript = `-- version %d
return {
  init = function() return { n = 0 } end,
  handle_pdu = function(p, state)
    if p.command == "deliver_sm" and p.text ~= "" and p.source_addr ~= "" and p.destination_addr ~= "" then
      state.n = state.n + 1
      assert(esme.send_pdu(pdu.submit_sm { destination_addr = p.source_addr, short_message = "answer" }))
    end
    return state
  end,
  handle_resp = function(p, original, state) state.ok = (state.ok or 0) + 1 return state end,
}
`

func newBenchWorld(b *testing.B, binds int) *benchWorld {
	b.Helper()
	w := &benchWorld{b: b, dir: b.TempDir()}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), benchSMSCEnv+"=1")
	cmd.Stderr = os.Stderr
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
	w.smsc, w.answers = in, bufio.NewScanner(out)
	w.answers.Scan()
	w.save(1)
	// A machine that is busy otherwise is no reason to give up a session.
	yaml := fmt.Sprintf("shutdown_limit: 1m\nbinds: { bench: { smsc: %q, system_id: bench, script: s.lua, sessions: %d, timeout: 1m, session_init_limit: 1m, limits: { time: 10s } } }\n", w.answers.Text(), binds)
	if err := os.WriteFile(filepath.Join(w.dir, "esmehost.yaml"), []byte(yaml), 0o644); err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil)) // formatted, as in earnest
	h, wrong := Load(filepath.Join(w.dir, "esmehost.yaml"), func(Log) *slog.Logger { return log })
	if len(wrong) > 0 {
		b.Fatal(wrong.Error())
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx, nil) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		in.Close()
		cmd.Wait()
	})
	w.host = h
	for _, bind := range h.all() {
		if _, err := bind.client.Bound(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	return w
}

// ask sets the rate and returns what was seen until now.
func (w *benchWorld) ask(rate int) (seen seenBySMSC) {
	w.b.Helper()
	fmt.Fprintln(w.smsc, rate)
	if !w.answers.Scan() {
		w.b.Fatal("the SMSC has ended")
	}
	if err := json.Unmarshal(w.answers.Bytes(), &seen); err != nil {
		w.b.Fatal(err)
	}
	w.total.Sent += seen.Sent
	w.total.Answered += seen.Answered
	w.total.Refused += seen.Refused
	w.total.Received += seen.Received
	return seen
}

func (w *benchWorld) save(version int) {
	path := filepath.Join(w.dir, "s.lua")
	if err := os.WriteFile(path+".tmp", fmt.Appendf(nil, benchScript, version), 0o644); err != nil {
		w.b.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		w.b.Fatal(err)
	}
}

// waitFor waits until all binds are in a generation, and returns the most memory that it saw meanwhile.
func (w *benchWorld) waitFor(generation int) (peak int) {
	binds := w.host.all()
	for len(binds) > 0 {
		peak = max(peak, residentMemory(w.b))
		for len(binds) > 0 && binds[0].lua.Info().Generation >= generation {
			binds = binds[1:]
		}
		time.Sleep(time.Millisecond)
	}
	return peak
}

// residentMemory is the process's, in MiB.
func residentMemory(b *testing.B) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("no /proc: ", err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, _ := strconv.Atoi(strings.Fields(rest)[0])
	return kib >> 10
}

// collector is what the garbage collector did so far: cycles, and the CPU seconds that it took from those who allocate.
func collector() (cycles uint64, assists float64) {
	s := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/cpu/classes/gc/mark/assist:cpu-seconds"}}
	metrics.Read(s)
	return s[0].Value.Uint64(), s[1].Value.Float64()
}

// BenchmarkSaveOfOneBind: from the last write of a save until the bind runs it. The goal is 100 ms.
func BenchmarkSaveOfOneBind(b *testing.B) {
	w := newBenchWorld(b, 1)
	b.ResetTimer()
	version := 1
	for b.Loop() {
		version++
		w.save(version)
		w.waitFor(version)
	}
	b.ReportMetric(100, "goal-ms")
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/save")
}

// BenchmarkReloadUnderLoad: a script that many binds share is saved while 5,000 messages a second pass, half of them
// in, half out. The goals: all binds on the new code in less than 5 s, p99 of the answers at most 50 ms above that
// before, nothing lost, at most 1.5 times the memory.
func BenchmarkReloadUnderLoad(b *testing.B) {
	for _, binds := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("binds=%d", binds), func(b *testing.B) {
			if n, known := openFiles(); known && n < uint64(binds)+200 {
				b.Skipf("the system allows %d open files: raise ulimit -n", n)
			}
			w := newBenchWorld(b, binds)
			const rate = 2500 // and as many back
			w.ask(rate)
			steady := func(d time.Duration) seenBySMSC { // the traffic alone, for a while
				w.ask(rate)
				time.Sleep(d)
				return w.ask(rate)
			}
			steady(2 * time.Second)
			var took, cpu time.Duration
			var addedP99, addedMax time.Duration
			var more, assists float64
			var cycles uint64
			version := 1
			b.ResetTimer()
			for b.Loop() {
				b.StopTimer()
				before := steady(time.Second)
				memory := residentMemory(b)
				version++
				w.ask(rate)
				b.StartTimer()
				began, used := time.Now(), cpuTime()
				c0, a0 := collector()
				w.save(version)
				peak := w.waitFor(version)
				took += time.Since(began)
				cpu += cpuTime() - used
				during := w.ask(rate)
				c1, a1 := collector()
				cycles, assists = cycles+c1-c0, assists+a1-a0
				b.Logf("%d GC, %.3f s assists; before p50 %v p99 %v max %v; during the %v of the reload p50 %v p99 %v max %v, %d messages", c1-c0, a1-a0, before.P50, before.P99, before.Max, time.Since(began), during.P50, during.P99, during.Max, during.Answered)
				addedP99 = max(addedP99, during.P99-before.P99)
				addedMax = max(addedMax, during.Max-before.Max)
				more = max(more, float64(max(peak, residentMemory(b)))/float64(memory))
			}
			b.StopTimer()
			w.drain()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(took.Seconds()/float64(b.N), "s/reload")
			b.ReportMetric(cpu.Seconds()/float64(b.N), "CPU-s/reload")
			b.ReportMetric(float64(cycles)/float64(b.N), "GCs/reload")
			b.ReportMetric(assists/float64(b.N), "assist-CPU-s/reload")
			b.ReportMetric(float64(addedP99.Microseconds())/1000, "added-p99-ms")
			b.ReportMetric(float64(addedMax.Microseconds())/1000, "added-max-ms")
			b.ReportMetric(more, "x-memory")
			b.ReportMetric(float64(residentMemory(b)), "MiB")
			b.ReportMetric(float64(w.total.Answered), "messages")
		})
	}
}

// drain ends the traffic. Each message must have been taken, and each must have caused one.
func (w *benchWorld) drain() {
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		if seen := w.ask(0); seen.Open == 0 && seen.Received == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if t := w.total; t.Answered != t.Sent || t.Received != t.Sent || t.Refused != 0 {
		w.b.Errorf("lost: %+v", t)
	}
	for _, b := range w.host.all() {
		if s := b.Status(); s.Session != 1 || s.State != "bound" {
			w.b.Fatalf("%+v", s)
		}
	}
}
