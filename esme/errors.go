package esme

import "fmt"

// Written says how far the octets of a PDU got before an error.
type Written string

// Never: no octet left. Yes: all octets were given to the transport. Unknown: the connection broke
// in the write, the peer may or may not have the PDU.
const (
	WrittenNever   Written = "never"
	WrittenYes     Written = "written"
	WrittenUnknown Written = "unknown"
)

// Stable codes of [Error].
const (
	CodeQueueFull  = "queue_full"  // the bounded queue or mailbox has no room; try again later
	CodeStopped    = "stopped"     // the session ends or has ended
	CodeTimeout    = "timeout"     // no answer within the time the caller gave
	CodeInvalidPDU = "invalid_pdu" // the PDU breaks a limit of the protocol
	CodeAnswered   = "answered"    // the request has had its answer
	CodeSocket     = "socket"      // the transport failed
	CodeConnect    = "connect"     // no connection came about
	CodeTLS        = "tls"         // the files of TLS, or its handshake
)

// Error is what stopped an operation, with a stable Code. Compare with errors.Is against an Error
// that has only a Code.
type Error struct {
	Code      string
	Message   string
	Retryable bool
	Written   Written // of the PDU concerned; empty where no PDU is
	Cause     error
}

// Error returns the code and the message.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code
	}
	return e.Code + ": " + e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is an Error of the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// errStopped is the error of what the session was not given any more: another one may take it.
func errStopped(what string) *Error {
	return &Error{Code: CodeStopped, Message: what, Retryable: true, Written: WrittenNever}
}

func errQueueFull(requests, octets int) *Error {
	return &Error{Code: CodeQueueFull, Message: fmt.Sprintf("%d requests of %d octets wait already (option queue)", requests, octets),
		Retryable: true, Written: WrittenNever}
}

func errInvalid(cause error) *Error {
	return &Error{Code: CodeInvalidPDU, Message: cause.Error(), Written: WrittenNever, Cause: cause}
}
