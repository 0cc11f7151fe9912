package examples_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esmehost/esmehost/examples"
	"github.com/esmehost/esmehost/host"
	"github.com/esmehost/esmehost/host/hosttest"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

// stage is one example by its own configuration on a host, with the simulator and, where it needs one, a web server.
type stage struct {
	t    *testing.T
	host *host.Host
	sim  *smsc.Server
	sent chan string // each submit_sm that the simulator got: "account destination text"
	log  *hosttest.Log
}

// play starts an example; replace are pairs of texts for its configuration.
func play(t *testing.T, example string, cfg smsc.Config, replace ...string) *stage {
	t.Helper()
	s := &stage{t: t, sent: make(chan string, 10_000), log: hosttest.NewLog()}
	cfg.Observe = func(e smsc.Event) {
		if e.Received && e.PDU.CommandID() == pdu.CmdSubmitSM {
			text, _ := e.PDU.Text()
			s.sent <- fmt.Sprint(e.SystemID, " ", e.PDU.Str(pdu.FieldDestinationAddr), " ", text)
		}
	}
	s.sim = smsc.New(cfg)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, examples.Lua); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "lua", example, "esmehost.yaml")
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(append(replace, "127.0.0.1:2775", l.Addr().String())...).Replace(string(src))
	// The race detector makes code take ten times as long.
	text = strings.ReplaceAll(text, "    smsc: ", "    limits: { time: 5s }\n    smsc: ")
	if err := os.WriteFile(path, []byte("admin: { socket: ../a.sock }\n"+text), 0o644); err != nil {
		t.Fatal(err)
	}
	h, wrong := host.Load(path, func(host.Log) *slog.Logger { return slog.New(slog.NewTextHandler(s.log, nil)) })
	if len(wrong) > 0 {
		t.Fatal(wrong.Error())
	}
	s.host = h
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.sim.Serve(ctx, l) })
	hostCtx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(hostCtx, nil) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		cancel()
		running.Wait()
		if text := s.log.String(); strings.Contains(text, "script error") {
			t.Error(text)
		}
	})
	return s
}

// bound waits until a bind is bound for the nth time.
func (s *stage) bound(bind string, n int) {
	s.t.Helper()
	s.wait(func() string {
		if strings.Count(s.log.String(), "msg=bound bind="+bind) >= n {
			return ""
		}
		return bind + " is not bound"
	})
}

// wait waits for the log to grow until ready gives nothing to complain of.
func (s *stage) wait(ready func() string) {
	s.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		why := ready()
		if why == "" {
			return
		}
		select {
		case <-s.log.More():
		case <-deadline:
			s.t.Fatalf("%s; the log:\n%s", why, s.log)
		}
	}
}

func (s *stage) call(bind string, request vm.Data) string {
	s.t.Helper()
	target, err := s.host.Target(bind)
	if err != nil {
		s.t.Fatal(err)
	}
	v, err := target.Call(context.Background(), request)
	if err != nil {
		s.t.Fatal(err)
	}
	j, err := vm.JSON(v)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(j)
}

// counts calls the bind until it answers what is wanted: what it counts comes by and by.
func (s *stage) counts(bind, want string) {
	s.t.Helper()
	end := time.Now().Add(30 * time.Second)
	for {
		got := s.call(bind, nil)
		if got == want {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%s says %s, want %s; the log:\n%s", bind, got, want, s.log)
		}
	}
}

func (s *stage) expect(want ...string) {
	s.t.Helper()
	for _, w := range want {
		select {
		case got := <-s.sent:
			if got != w {
				s.t.Fatalf("sent %q, want %q", got, w)
			}
		case <-time.After(30 * time.Second):
			s.t.Fatalf("nothing was sent, want %q; the log:\n%s", w, s.log)
		}
	}
}

func (s *stage) deliver(bind string, m smsc.MO) pdu.Status {
	s.t.Helper()
	got := make(chan pdu.Status, 1)
	if err := s.sim.Deliver(bind, m.PDU(), func(st pdu.Status) { got <- st }); err != nil {
		s.t.Fatal(err)
	}
	select {
	case st := <-got:
		return st
	case <-time.After(30 * time.Second):
		s.t.Fatalf("%s did not answer; the log:\n%s", bind, s.log)
		return 0
	}
}

func numbers(from, n int) *vm.Table {
	t := &vm.Table{}
	for i := range n {
		t.Array = append(t.Array, fmt.Sprint(from+i))
	}
	return t
}

// All of a list is sent once and counted once: through a full queue and over a session that breaks and a new one.
func TestBulkSendsAllOverAReconnect(t *testing.T) {
	s := play(t, "bulk", smsc.Config{ReceiptDelay: time.Millisecond}, "tps: 100", "queue: 20", `to: ["491700000101", "491700000102", "491700000103", "491700000104", "491700000105"]`, "to: []")
	s.bound("bulk", 1)
	got := map[string]int{}
	next := func() {
		t.Helper()
		select {
		case line := <-s.sent:
			got[strings.Fields(line)[1]]++
		case <-time.After(30 * time.Second):
			t.Fatalf("%d came; the log:\n%s", len(got), s.log)
		}
	}
	request := func(from, n int) *vm.Table {
		return &vm.Table{Hash: map[vm.Data]vm.Data{"to": numbers(from, n), "text": "hi"}}
	}
	if r := s.call("bulk", request(1000, 900)); r != `{"accepted":900}` {
		t.Fatal(r)
	}
	if r := s.call("bulk", request(5000, 1001)); r != `{"error":"at most 1000 numbers a call"}` {
		t.Fatal(r)
	}
	for range 100 {
		next()
	}
	s.sim.Drop("bulk", true)
	s.bound("bulk", 2)
	// What was on its way when it broke is unknown, and not sent again; all the rest is.
	var c struct{ Accepted, Sent, Unknown, Waiting, Delivered, Failed, Refused float64 }
	end := time.Now().Add(30 * time.Second)
	for {
		if err := json.Unmarshal([]byte(s.call("bulk", nil)), &c); err != nil {
			t.Fatal(err)
		}
		if c.Accepted+c.Unknown == 900 && c.Delivered <= c.Accepted && c.Waiting == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%+v; the log:\n%s", c, s.log)
		}
	}
	for len(s.sent) > 0 {
		next()
	}
	for to, n := range got {
		if n > 1 {
			t.Errorf("%s was sent %d times", to, n)
		}
	}
	if float64(len(got)) < c.Accepted || c.Failed+c.Refused > 0 {
		t.Errorf("%d came, counted %+v", len(got), c)
	}
}

// What the SMSC is too busy for comes again; what it refuses is said.
func TestBulkAndABusySMSC(t *testing.T) {
	s := play(t, "bulk", smsc.Config{ThrottleRate: 1}, "retry_throttled: 2", "retry_throttled: 0", "tps: 100", "tps: 1000")
	s.bound("bulk", 1)
	s.counts("bulk", `{"accepted":0,"delivered":0,"failed":0,"refused":5,"retried":10,"sent":15,"unknown":0,"waiting":0}`)
	if n := strings.Count(s.log.String(), "ESME_RTHROTTLED"); n < 5 {
		t.Errorf("said %d times:\n%s", n, s.log)
	}
}

// A message goes the way of the longest prefix, octets and all; the SMSC keeps what cannot be passed on.
func TestRouter(t *testing.T) {
	s := play(t, "router", smsc.Config{})
	s.bound("north", 1)
	s.bound("south", 1)
	for _, tt := range []struct {
		bind, to, text string
		want           pdu.Status
		sent           string
	}{
		{"north", "46700000001", "grüße €", pdu.ESME_ROK, "south 46700000001 grüße €"},
		{"north", "44100", "a", pdu.ESME_ROK, "south 44100 a"},
		{"north", "442099", "b", pdu.ESME_ROK, "north 442099 b"},
		{"south", "46700000002", "Привет", pdu.ESME_ROK, "north 46700000002 Привет"},
		{"south", "33100", "c", pdu.ESME_RX_R_APPN, ""},
	} {
		if got := s.deliver(tt.bind, smsc.MO{From: "100", To: tt.to, Text: tt.text}); got != tt.want {
			t.Fatalf("%s to %s: %s; the log:\n%s", tt.bind, tt.to, got, s.log)
		}
		if tt.sent != "" {
			s.expect(tt.sent)
		}
	}
	// Receipts have no delay here: some come before the task has seen the response.
	s.counts("north", `{"delivered":3,"failed":0,"no_route":0,"passed":3,"refused":0}`)
	s.counts("south", `{"delivered":1,"failed":0,"no_route":1,"passed":1,"refused":0}`)
}

func TestRouterKeepsWhatIsRefused(t *testing.T) {
	s := play(t, "router", smsc.Config{ErrorRate: 1})
	s.bound("north", 1)
	s.bound("south", 1)
	if got := s.deliver("north", smsc.MO{From: "100", To: "46", Text: "a"}); got != pdu.ESME_RX_T_APPN {
		t.Fatal(got)
	}
	if !strings.Contains(s.log.String(), "ESME_RSUBMITFAIL") {
		t.Error(s.log)
	}
}

// The SMSC has its answer when the service has the message.
func TestWebhook(t *testing.T) {
	type message struct {
		From, To, Text, Octets string
		Receipt                map[string]any
	}
	got := make(chan message, 10)
	var answers = make(chan func(http.ResponseWriter), 10)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer change-me" || r.Header.Get("Content-Type") != "application/json" || r.URL.Path != "/messages" {
			t.Errorf("%s with %v", r.URL, r.Header)
		}
		var m message
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		got <- m
		(<-answers)(w)
	}))
	t.Cleanup(web.Close)
	status := func(code int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(code) }
	}
	s := play(t, "webhook", smsc.Config{}, "127.0.0.1:8080", strings.TrimPrefix(web.URL, "http://"))
	s.bound("webhook", 1)

	answers <- func(w http.ResponseWriter) { io.WriteString(w, `{"answer": "thanks"}`) }
	if st := s.deliver("webhook", smsc.MO{From: "491700000001", To: "12345", Text: "grüße"}); st != pdu.ESME_ROK {
		t.Fatal(st)
	}
	if m := <-got; m.From != "491700000001" || m.To != "12345" || m.Text != "grüße" {
		t.Errorf("%+v", m)
	}
	s.expect("webhook 491700000001 thanks")

	answers <- status(503) // is tried again
	answers <- status(204)
	if st := s.deliver("webhook", smsc.MO{From: "1", To: "2", Text: "again"}); st != pdu.ESME_ROK {
		t.Fatal(st)
	}
	answers <- status(401) // is not: but the SMSC keeps it
	if st := s.deliver("webhook", smsc.MO{From: "1", To: "2", Text: "kept"}); st != pdu.ESME_RX_T_APPN {
		t.Fatal(st)
	}
	s.counts("webhook", `{"kept":1,"taken":2}`)
}
