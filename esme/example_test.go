package esme_test

import (
	"context"
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
	cmd, _ := pdu.CommandByID(pdu.CmdSubmitSM)
	b := pdu.NewBuilder(cmd)
	b.SetString(pdu.FieldDestinationAddr, "491700000001")
	b.SetString(pdu.FieldShortMessage, "hello")
	if err := h.session.Send(b.Build()); err != nil {
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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	simulator := make(chan struct{})
	go func() {
		smsc.New(smsc.Config{Accounts: []smsc.Account{{SystemID: "acme", Password: "secret"}}}).Serve(ctx, l)
		close(simulator)
	}()

	cfg := esme.Config{SystemID: "acme", Password: "secret", ResponseLimit: 10 * time.Second}
	conn, err := esme.Dial(ctx, l.Addr().String(), cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	exit := esme.NewSession(cfg, &sender{}, nil).Run(ctx, conn)
	fmt.Println(exit.Exit, exit.Bound)
	cancel()
	<-simulator
	// Output:
	// 491700000001 ESME_ROK 1
	// stopped: custom: done lost: 0
	// normal true
}
