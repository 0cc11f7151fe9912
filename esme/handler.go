package esme

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// Handler is told what happens to a session. All methods run one at a time, each after the one before it (though not
// always on the same goroutine), in the order in which things happened; Init is first, and HandleStop or HandleRefused last, once. Embed [Base] for the
// defaults of those that are not of interest.
//
// PDUs that came from the peer are borrowed: they and what was read from them without a copy hold
// until the method returns. [pdu.PDU.Clone] keeps one.
type Handler interface {
	// Init is called when the transport is connected, before any PDU is handled. An error ends the
	// session at once: the socket is closed and HandleStop is not called. What became of the PDUs that it sent is told
	// all the same, and HandleRefused is the last call. The reason is an own stop (custom), or what the error's method
	// StopReason() Reason says, if it has one.
	Init(s *Session) error
	// HandlePDU gets a PDU that is no response. Answer it with [Session.Reply], now or, after
	// [Session.Defer], later. An unanswered deliver_sm or data_sm is answered ESME_ROK when the method
	// returned nil (option AutoReply), and ESME_RX_T_APPN when it returned an error. One whose method
	// StopReason() Reason says that the handler crashed ends the session after that.
	HandlePDU(in *Inbound) error
	// HandleResp gets the response to a request that Send accepted.
	HandleResp(resp, original *pdu.PDU)
	// HandleRespTimeout is called once for a request without a response within ResponseLimit.
	HandleRespTimeout(original *pdu.PDU)
	// HandleSendPDUResult is called once for each PDU that Send or Reply accepted: err is nil when it
	// was written to the transport, an *Error when it was not.
	HandleSendPDUResult(p *pdu.PDU, err error)
	// HandleUnparsedPDU gets a whole PDU that cannot be decoded. A generic_nack follows (AutoNack), whatever it returns. An
	// error whose method StopReason() Reason says that the handler crashed ends the session after that.
	HandleUnparsedPDU(raw []byte, err error) error
	// HandleStop is the last call. lost are the requests that were sent and got no response, in the order
	// they were sent. What it returns is the exit reason for the supervisor: "normal" if nothing else.
	HandleStop(reason Reason, lost []*pdu.PDU) (exit string)
	// HandleRefused is called in place of HandleStop, once, when Init failed. lost are the requests that were sent and got
	// no response; those that were not sent had their HandleSendPDUResult before.
	HandleRefused(reason Reason, lost []*pdu.PDU)

	// HandleCall gets a request that waits for from.Reply, which may come later.
	HandleCall(request any, from *From)
	// HandleCast gets a request that nobody waits for.
	HandleCast(request any)
	// HandleInfo gets any other message: those of [Session.Info], and [Bound].
	HandleInfo(message any)
}

// Bound is the message that HandleInfo gets when a bind that the session made itself is accepted.
type Bound struct {
	Mode Mode
	Peer string // the address of the SMSC
}

// Base is a Handler that does what the behaviour does by default: it keeps quiet, answers calls with
// "ok" and logs what was lost.
type Base struct{}

// Init accepts the session.
func (Base) Init(*Session) error { return nil }

// HandlePDU leaves the answer to the session.
func (Base) HandlePDU(*Inbound) error { return nil }

// HandleResp does nothing.
func (Base) HandleResp(_, _ *pdu.PDU) {}

// HandleRespTimeout does nothing.
func (Base) HandleRespTimeout(*pdu.PDU) {}

// HandleSendPDUResult logs a PDU that was refused, so that nothing is dropped in silence.
func (Base) HandleSendPDUResult(p *pdu.PDU, err error) {
	if err != nil {
		slog.Warn("PDU not sent", "pdu", p.String(), "error", err)
	}
}

// HandleUnparsedPDU leaves the answer to the session.
func (Base) HandleUnparsedPDU([]byte, error) error { return nil }

// HandleStop logs the reason and the number of lost requests and exits "normal".
func (Base) HandleStop(reason Reason, lost []*pdu.PDU) string {
	slog.Info("session stopped", "reason", reason.String(), "lost", len(lost))
	return "normal"
}

// HandleRefused does nothing: the session has logged it.
func (Base) HandleRefused(Reason, []*pdu.PDU) {}

// HandleCall replies "ok".
func (Base) HandleCall(_ any, from *From) { from.Reply("ok") }

// HandleCast does nothing.
func (Base) HandleCast(any) {}

// HandleInfo does nothing.
func (Base) HandleInfo(any) {}

// Inbound is a request of the peer that waits for its answer.
type Inbound struct {
	// PDU is borrowed until HandlePDU returns.
	PDU *pdu.PDU

	session  *identity // that it came in
	sequence uint32
	command  pdu.CommandID
	answered bool
	deferred bool
	invalid  bool          // an answer was tried that could not be built
	due      time.Duration // of a deferred answer
	heapPos  int
}

// identity tells sessions apart, in requests that may be kept for longer than a session lives.
type identity struct{ _ byte }

// SequenceNumber of the request; it outlives the PDU.
func (in *Inbound) SequenceNumber() uint32 { return in.sequence }

// CommandID of the request; it outlives the PDU.
func (in *Inbound) CommandID() pdu.CommandID { return in.command }

// elsewhere is the error for what another session is asked to do with the request.
func (in *Inbound) elsewhere() error {
	return errInvalid(fmt.Errorf("%s %d came in another session: only that one can answer it", in.command, in.sequence))
}
