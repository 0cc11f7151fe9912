package esme

import "github.com/esmehost/esmehost/pdu"

// EventKind says what an Event tells.
type EventKind uint8

// The kinds, with the fields of Event that they use.
const (
	EventPDU         EventKind = iota // In: a request of the peer
	EventResp                         // PDU, Original
	EventRespTimeout                  // Original
	EventSendResult                   // Original, Err
	EventUnparsed                     // PDU (its header and octets), Err
	EventBound                        // the machine's own bind was accepted
	EventNote                         // Note: for the log
	EventFinish                       // the peer ended the session: call Machine.Finish
	EventStop                         // Stop: the last event
	EventAnswer                       // for a waiter: PDU or Err
)

// Event is something that happened, for the consumer of a [Machine]. PDU and In.PDU are borrowed from
// whoever called Received.
type Event struct {
	Kind     EventKind
	PDU      *pdu.PDU
	Original *pdu.PDU
	In       *Inbound
	Err      error
	Note     string
	Stop     *Stop

	waiter *Waiter
	own    bool // PDU is a copy: it is borrowed from nobody
}

// Stop is the end of a session: why, and the requests that were written and got no response, in the
// order in which they were sent.
type Stop struct {
	Reason Reason
	Lost   []*pdu.PDU
}

// Waiter is somebody who waits for the response to one request, instead of the callbacks.
type Waiter struct {
	answer chan answer
	gone   func() bool // nobody is left to hear it: the request is the handler's, like one that nobody waits for
	gaveUp bool        // and has been told so
}

type answer struct {
	pdu *pdu.PDU
	err error
}

func newWaiter() *Waiter { return &Waiter{answer: make(chan answer, 1)} }

// Counters count since the start of the session.
type Counters struct {
	Sent           uint64 `json:"sent"`            // PDUs given to the transport
	Received       uint64 `json:"received"`        // whole PDUs read
	Responses      uint64 `json:"responses"`       // matched to a request
	Timeouts       uint64 `json:"timeouts"`        // requests without response in time
	Late           uint64 `json:"late"`            // responses that match no request, or come after who waited gave up
	Mismatched     uint64 `json:"mismatched"`      // responses of another type than the request's
	Unparsed       uint64 `json:"unparsed"`        // whole PDUs that cannot be decoded
	ParseErrors    uint64 `json:"parse_errors"`    // framing lost
	DecodeWarnings uint64 `json:"decode_warnings"` // PDUs that were forgiven something
	SendErrors     uint64 `json:"send_errors"`     // accepted PDUs that were refused later
	AutoReplies    uint64 `json:"auto_replies"`    // answers that the session gave by itself
	Refused        uint64 `json:"refused"`         // requests of the peer answered with an error by the session
	Requests       uint64 `json:"requests"`        // of the peer, for the handler, that want an answer
	Answered       uint64 `json:"answered"`        // of these, by the handler or by the session
	Rejected       uint64 `json:"rejected"`        // requests that the SMSC answered with an error, but not for its load
	TurnedAway     uint64 `json:"turned_away"`     // of the refused: since the session stopped
	Throttled      uint64 `json:"throttled"`       // requests that the SMSC refused for its load
	Retried        uint64 `json:"retried"`         // of these, sent again by the session
	Lost           uint64 `json:"lost"`            // requests that were sent and unanswered at the stop
}

// Add adds those of another session.
func (c *Counters) Add(o Counters) {
	c.Sent += o.Sent
	c.Received += o.Received
	c.Responses += o.Responses
	c.Timeouts += o.Timeouts
	c.Late += o.Late
	c.Mismatched += o.Mismatched
	c.Unparsed += o.Unparsed
	c.ParseErrors += o.ParseErrors
	c.DecodeWarnings += o.DecodeWarnings
	c.SendErrors += o.SendErrors
	c.AutoReplies += o.AutoReplies
	c.Refused += o.Refused
	c.Requests += o.Requests
	c.Answered += o.Answered
	c.Rejected += o.Rejected
	c.TurnedAway += o.TurnedAway
	c.Throttled += o.Throttled
	c.Retried += o.Retried
	c.Lost += o.Lost
}
