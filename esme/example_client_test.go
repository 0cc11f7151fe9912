package esme_test

import (
	"fmt"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

// receiver answers messages, and says when it is bound.
type receiver struct {
	esme.Base
	session *esme.Session
	bound   chan<- string
}

func (h *receiver) Init(s *esme.Session) error {
	h.session = s
	return nil
}

func (h *receiver) HandleInfo(message any) {
	if b, ok := message.(esme.Bound); ok {
		h.bound <- b.Mode.String()
	}
}

// HandlePDU borrows the PDU: what is to outlive it is copied, as Text does.
func (h *receiver) HandlePDU(in *esme.Inbound) error {
	text, _ := in.PDU.Text()
	fmt.Println(in.CommandID(), in.PDU.Str(pdu.FieldSourceAddr), text)
	if in.CommandID() != pdu.CmdDeliverSM {
		return nil // the session answers what is to be answered
	}
	cmd, _ := pdu.CommandByID(pdu.CmdDeliverSMResp)
	return h.session.Reply(in, pdu.NewBuilder(cmd).Build()) // an error here: ESME_RX_T_APPN, and the SMSC keeps the message
}

func (h *receiver) HandleStop(reason esme.Reason, _ []*pdu.PDU) string {
	fmt.Println("stopped:", reason.Kind)
	return "normal"
}

// A client stays connected: a session that is lost is followed by another, which takes messages as the first did.
func ExampleClient() {
	simulator := smsc.New(smsc.Config{})
	ctx, address, end := simulate(simulator)
	defer end()

	bound := make(chan string)
	cfg := esme.Config{SystemID: "acme", Mode: esme.Receiver}
	client := &esme.Client{
		Config:     cfg,
		Addresses:  []string{address}, // tried in turn
		NewSession: func(string) *esme.Session { return esme.NewSession(cfg, &receiver{bound: bound}, nil) },
		Backoff:    esme.Backoff{Min: time.Millisecond, Max: time.Millisecond},
	}
	ended := make(chan esme.Outcome, 1)
	go func() { ended <- client.Run(ctx) }()

	fmt.Println("bound as", <-bound)
	simulator.Drop("acme", false)
	fmt.Println("bound as", <-bound)

	answered := make(chan pdu.Status)
	cmd, _ := pdu.CommandByID(pdu.CmdDeliverSM)
	b := pdu.NewBuilder(cmd)
	b.SetString(pdu.FieldSourceAddr, "491700000001")
	b.SetString(pdu.FieldShortMessage, "hello")
	if err := simulator.Deliver("acme", b.Build(), func(status pdu.Status) { answered <- status }); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the SMSC has", <-answered)

	client.Stop()
	<-ended
	// Output:
	// bound as receiver
	// stopped: socket_closed
	// bound as receiver
	// deliver_sm 491700000001 hello
	// the SMSC has ESME_ROK
	// stopped: shutdown
}
