// Package esme runs one SMPP client session: it connects, binds, keeps the link alive, numbers and
// sends requests inside a window, matches responses, and reports what became of every PDU that it
// accepted. Its behaviour is that of the SMPPEX.ESME behaviour of Elixir: a [Handler] is told, one
// event at a time and in order, everything that happens to the session.
//
// The protocol itself is [Machine], a state machine without socket, clock, goroutine or lock: facts
// and commands go in with the time at which they happened; octets to write, events and the next
// deadline come out. [Session] is the thin shell around it that owns the connection:
//
//	         reader goroutine            Machine             owner goroutine
//	conn ──► frames, decodes ──────► Received │ events ──► inbox ──► Handler callbacks
//	conn ◄── writer goroutine ◄────── Output  │ Send, Reply ◄────────────┘
//
// A response resolves the window as soon as it is read, whatever the handler is busy with.
//
// # Accounting
//
// Every request that [Session.Send] accepted ends exactly once: HandleResp, HandleRespTimeout, an
// error in HandleSendPDUResult, or a place in the lost list of HandleStop. Every accepted PDU gets
// exactly one HandleSendPDUResult, before its end. What is not accepted is an [*Error] at once.
package esme
