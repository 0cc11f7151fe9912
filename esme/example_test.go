package esme_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

// sender sends one message when it is bound, and stops when it has the answer.
type sender struct {
	esme.Base
	session *esme.Session
}

func (h *sender) Init(s *esme.Session) error {
	h.session = s
	return nil
}

func (h *sender) HandleInfo(message any) {
	if _, ok := message.(esme.Bound); !ok {
		return
	}
	if err := h.session.Send(text("491700000001", "hello")); err != nil {
		fmt.Println("not accepted:", err)
	}
}

func (h *sender) HandleResp(resp, original *pdu.PDU) {
	fmt.Println(original.Str(pdu.FieldDestinationAddr), resp.CommandStatus(), resp.Str(pdu.FieldMessageID))
	h.session.Stop(esme.Reason{Kind: esme.KindCustom, Detail: "done"})
}

func (h *sender) HandleStop(reason esme.Reason, lost []*pdu.PDU) string {
	fmt.Println("stopped:", reason, "lost:", len(lost))
	return "normal"
}

// A session in Go, without Lua: bind, send, hear the answer, unbind.
func Example() {
	ctx, address, end := simulate(smsc.New(smsc.Config{Accounts: []smsc.Account{{SystemID: "acme", Password: "secret"}}}))
	defer end()

	cfg := esme.Config{SystemID: "acme", Password: "secret", ResponseLimit: 10 * time.Second}
	conn, err := esme.Dial(ctx, address, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	exit := esme.NewSession(cfg, &sender{}, nil).Run(ctx, conn)
	fmt.Println(exit.Exit, exit.Bound)
	// Output:
	// 491700000001 ESME_ROK 1
	// stopped: custom: done lost: 0
	// normal true
}

// quiet leaves everything to the session, and says nothing.
type quiet struct{ esme.Base }

func (quiet) HandleStop(esme.Reason, []*pdu.PDU) string { return "normal" }

// Without callbacks: dial, bind, send and wait, unbind.
func ExampleSession_Request() {
	ctx, address, end := simulate(smsc.New(smsc.Config{}))
	defer end()

	cfg := esme.Config{SystemID: "acme"}
	conn, err := esme.Dial(ctx, address, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	s := esme.NewSession(cfg, quiet{}, nil)
	ended := make(chan esme.Exit, 1)
	go func() { ended <- s.Run(ctx, conn) }()

	if err := s.Bound(ctx); err != nil {
		fmt.Println(err)
		return
	}
	resp, err := s.Request(ctx, text("491700000001", "hello"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.CommandStatus(), resp.Str(pdu.FieldMessageID))

	s.Stop(esme.Reason{Kind: esme.KindCustom, Detail: "done"})
	exit := <-ended
	fmt.Println(exit.Reason)
	// Output:
	// ESME_ROK 1
	// custom: done
}

// The end of its context ends a wait. The request may be out all the same: Written says how far it got.
func ExampleSession_Request_context() {
	waiting, giveUp := context.WithCancel(context.Background())
	simulator := smsc.New(smsc.Config{DropRate: 1, Observe: func(e smsc.Event) { // it takes messages, and does not answer
		if e.Received && e.PDU.CommandID() == pdu.CmdSubmitSM {
			giveUp()
		}
	}})
	ctx, address, end := simulate(simulator)
	defer end()

	cfg := esme.Config{SystemID: "acme"}
	conn, err := esme.Dial(ctx, address, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	s := esme.NewSession(cfg, quiet{}, nil)
	ended := make(chan esme.Exit, 1)
	go func() { ended <- s.Run(ctx, conn) }()

	if err := s.Bound(ctx); err != nil {
		fmt.Println(err)
		return
	}
	_, err = s.Request(waiting, text("491700000001", "hello"))
	var e *esme.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code, e.Written != esme.WrittenNever)
	}
	s.Abort(esme.Reason{Kind: esme.KindCustom})
	<-ended
	// Output: timeout true
}

// drained sends three messages and stops at once: what it sent is answered before the session unbinds.
type drained struct {
	sender
	answered int
}

func (h *drained) HandleInfo(any) {
	for range 3 {
		if err := h.session.Send(text("491700000001", "hello")); err != nil {
			fmt.Println("not accepted:", err)
		}
	}
	h.session.Stop(esme.Reason{Kind: esme.KindCustom, Detail: "all sent"})
	var e *esme.Error
	if errors.As(h.session.Send(text("491700000001", "too late")), &e) {
		fmt.Println(e.Code, e.Written)
	}
}

func (h *drained) HandleResp(_, _ *pdu.PDU) { h.answered++ }

func (h *drained) HandleStop(reason esme.Reason, lost []*pdu.PDU) string {
	fmt.Println(reason, "answered:", h.answered, "lost:", len(lost))
	return "normal"
}

// A stop drains: nothing new is taken, and what is out has UnbindLimit to be answered.
func ExampleSession_Stop() {
	ctx, address, end := simulate(smsc.New(smsc.Config{}))
	defer end()

	cfg := esme.Config{SystemID: "acme"}
	conn, err := esme.Dial(ctx, address, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	esme.NewSession(cfg, &drained{}, nil).Run(ctx, conn)
	// Output:
	// stopped never
	// custom: all sent answered: 3 lost: 0
}

// text makes a submit_sm.
func text(to, what string) *pdu.PDU {
	cmd, _ := pdu.CommandByID(pdu.CmdSubmitSM)
	b := pdu.NewBuilder(cmd)
	b.SetString(pdu.FieldDestinationAddr, to)
	b.SetString(pdu.FieldShortMessage, what)
	return b.Build()
}

// simulate runs a simulator of an SMSC until end is called.
func simulate(simulator *smsc.Server) (ctx context.Context, address string, end func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		simulator.Serve(ctx, l)
		close(over)
	}()
	return ctx, l.Addr().String(), func() { cancel(); <-over }
}
