package esme_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder writes down what its session tells it.
type recorder struct {
	esme.Base
	mu      sync.Mutex
	said    []string
	bound   chan struct{}
	session chan *esme.Session
	slow    chan struct{} // HandlePDU waits for it, if there is one
}

func newRecorder() *recorder {
	return &recorder{bound: make(chan struct{}), session: make(chan *esme.Session, 1)}
}

func (r *recorder) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func (r *recorder) Init(s *esme.Session) error { r.say("init"); r.session <- s; return nil }
func (r *recorder) HandleInfo(m any) {
	if _, ok := m.(esme.Bound); ok {
		close(r.bound)
	}
}
func (r *recorder) HandlePDU(in *esme.Inbound) error {
	text, _ := in.PDU.Text()
	r.say("pdu %s", text)
	if r.slow != nil {
		<-r.slow
	}
	return nil
}
func (r *recorder) HandleSendPDUResult(p *pdu.PDU, err error) {
	r.say("result %d %v", p.SequenceNumber(), err)
}
func (r *recorder) HandleResp(resp, original *pdu.PDU) { r.say("resp %d", original.SequenceNumber()) }
func (r *recorder) HandleStop(reason esme.Reason, lost []*pdu.PDU) string {
	r.say("stop %s %d", reason.Kind, len(lost))
	return "normal"
}

// submit is a submit_sm.
func submit(to string) *pdu.PDU {
	cmd, _ := pdu.CommandByID(pdu.CmdSubmitSM)
	b := pdu.NewBuilder(cmd)
	b.SetString(pdu.FieldDestinationAddr, to)
	return b.Build()
}

// session runs a recorder against a simulator; end waits for it.
func session(t *testing.T, r *recorder, cfg esme.Config, sim smsc.Config) (s *esme.Session, server *smsc.Server, end func() esme.Exit) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server = smsc.New(sim)
	ctx, cancel := context.WithCancel(context.Background())
	simEnded := make(chan struct{})
	go func() { server.Serve(ctx, l); close(simEnded) }()
	conn, err := esme.Dial(ctx, l.Addr().String(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s = esme.NewSession(cfg, r, nil)
	exits := make(chan esme.Exit, 1)
	go func() { exits <- s.Run(context.Background(), conn) }()
	t.Cleanup(func() {
		s.Abort(esme.Reason{Kind: esme.KindShutdown})
		cancel()
		<-simEnded
	})
	<-r.bound
	return s, server, func() esme.Exit { return <-exits }
}

// S01: a hundred requests from as many goroutines: each gets its own response, through a window of ten.
func TestParallelRequestsGetTheirOwnResponses(t *testing.T) {
	r := newRecorder()
	s, _, end := session(t, r, esme.Config{SystemID: "a"}, smsc.Config{Latency: time.Millisecond})
	var all sync.WaitGroup
	var mu sync.Mutex
	ids := map[string]bool{}
	for range 100 {
		all.Go(func() {
			resp, err := s.Request(context.Background(), submit("1"))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ids[resp.Str(pdu.FieldMessageID)] = true
		})
	}
	all.Wait()
	if len(ids) != 100 {
		t.Fatalf("%d different responses", len(ids))
	}
	s.Stop(esme.Reason{Kind: esme.KindCustom})
	if e := end(); e.Exit != "normal" || !e.Bound {
		t.Fatalf("exit %+v", e)
	}
	if got := strings.Join(r.said, ", "); got != "init, stop custom 0" {
		t.Fatalf("the handler was told: %s", got)
	}
}

// S02, S03, S05: what a caller who waits is told.
func TestRequestErrors(t *testing.T) {
	r := newRecorder()
	s, server, end := session(t, r, esme.Config{SystemID: "a"}, smsc.Config{DropRate: 1})
	check := func(err error, code string, written ...esme.Written) {
		t.Helper()
		var e *esme.Error
		if !errors.As(err, &e) || e.Code != code || !slices.Contains(written, e.Written) {
			t.Errorf("got %+v, want %s %s", e, code, written)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err := s.Request(ctx, submit("1"))
	check(err, esme.CodeTimeout, esme.WrittenYes, esme.WrittenUnknown) // unknown while the write is not reported
	_, err = s.Request(context.Background(), submit(strings.Repeat("1", 30)))
	check(err, esme.CodeInvalidPDU, esme.WrittenNever)
	failed := make(chan error, 1)
	go func() {
		_, err := s.Request(context.Background(), submit("2"))
		failed <- err
	}()
	for s.Status().InFlight < 2 {
		<-time.After(time.Millisecond)
	}
	server.Drop("a", false)
	check(<-failed, esme.CodeStopped, esme.WrittenYes)
	end()
	if err := s.Send(submit("3")); !errors.Is(err, &esme.Error{Code: esme.CodeStopped}) {
		t.Errorf("a send after the end: %v", err)
	}
}

// O3, O5: a handler that is busy holds up no response, and what the peer sent before it closed is handled
// before the stop.
func TestABusyHandlerHoldsUpNoResponse(t *testing.T) {
	r := newRecorder()
	r.slow = make(chan struct{})
	s, server, end := session(t, r, esme.Config{SystemID: "a"}, smsc.Config{})
	answered := make(chan pdu.Status, 3)
	for i := range 3 {
		if err := server.Deliver("a", smsc.MO{Text: fmt.Sprint(i)}.PDU(), func(s pdu.Status) { answered <- s }); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 { // more than the window
		if _, err := s.Request(context.Background(), submit("1")); err != nil {
			t.Fatal(err)
		}
	}
	close(r.slow)
	for range 3 {
		if got := <-answered; got != pdu.ESME_ROK {
			t.Fatalf("answered %s", got)
		}
	}
	server.Drop("a", false)
	if e := end(); e.Reason.Kind != esme.KindSocketClosed {
		t.Fatalf("exit %+v", e)
	}
	if got := strings.Join(r.said, ", "); got != "init, pdu 0, pdu 1, pdu 2, stop socket_closed 0" {
		t.Fatalf("the handler was told: %s", got)
	}
}

// Z17: RST is told from FIN.
func TestReset(t *testing.T) {
	r := newRecorder()
	_, server, end := session(t, r, esme.Config{SystemID: "a"}, smsc.Config{})
	server.Drop("a", true)
	if e := end(); e.Reason.Kind != esme.KindSocketError || !strings.Contains(e.Reason.Detail, "reset") {
		t.Fatalf("exit %+v", e)
	}
}

// O4: whatever the moment at which the connection is cut, each accepted request ends once.
func TestEachRequestEndsOnceWhenTheConnectionIsCut(t *testing.T) {
	for round := range 20 {
		r := newRecorder()
		s, server, end := session(t, r, esme.Config{SystemID: "a", Window: 50}, smsc.Config{})
		accepted := 0
		for i := range 500 {
			if i == 20*round {
				go server.Drop("a", round%2 == 0)
			}
			if s.Send(submit("1")) == nil {
				accepted++
			}
		}
		end()
		var responses, refused, lost int
		for _, line := range r.said {
			switch {
			case strings.HasPrefix(line, "resp "):
				responses++
			case strings.HasPrefix(line, "result ") && !strings.HasSuffix(line, "<nil>"):
				refused++
			case strings.HasPrefix(line, "stop "):
				fmt.Sscanf(line[strings.LastIndex(line, " "):], "%d", &lost)
			}
		}
		if responses+refused+lost != accepted {
			t.Fatalf("round %d: %d accepted, %d responses, %d refused, %d lost", round, accepted, responses, refused, lost)
		}
	}
}
