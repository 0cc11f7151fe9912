// Package esme runs SMPP client sessions: it connects, binds, keeps the link alive, numbers and sends
// requests inside a window, matches responses, and reports what became of every PDU that it accepted.
// Its behaviour is that of the SMPPEX.ESME behaviour of Elixir: a [Handler] is told, one event at a
// time and in order, everything that happens to a session. The contract is docs/behaviour.md.
//
//	Client ── dials, waits, dials again ──┐ a connection
//	                                      ▼
//	          ┌───────────────────── Session ─────────────────────┐
//	          │  reader               Machine             owner   │
//	SMSC ────►│  frames, decodes ──► Received │ events ──► inbox ─┼──► Handler
//	     ◄────│  whoever sends ◄───── Output  │ Send, Reply ◄─────┼─── your code
//	          └────────────────────────────────────────────────────┘
//
// [Machine] is the protocol, a state machine without socket, clock, goroutine or lock: facts and commands
// go in with the time at which they happened; octets to write, events and the next deadline come out.
// [Session] is the thin shell around it that owns one connection, and [Client] keeps one ESME at work: it
// gets connections, by [Dialer] or by waiting for an outbind, runs a session over each, and starts again
// as its [Restart] and [Backoff] say. [Dial] and [NewSession] do without it, for a single session.
//
// # Sending
//
// [Session.Send] accepts a PDU or refuses it at once, and never waits; [Session.SendWait] waits for room and
// [Session.Request] for the response, until its context ends. What is accepted leaves in its order, as soon as it is bound and
// the window and the rate (TPS) allow it. Any goroutine may call them.
//
// # Accounting
//
// Every request that Send accepted ends exactly once: HandleResp, HandleRespTimeout, an
// error in HandleSendPDUResult, or a place in the lost list of HandleStop. Every accepted PDU gets
// exactly one HandleSendPDUResult, before its end. What is not accepted is an [*Error] at once. Its
// Written says how far the octets got: never, written, or unknown where the connection broke in the write.
//
// # Receiving
//
// [Handler.HandlePDU] gets one request of the peer at a time, in the order of the wire. It answers by [Session.Reply], says by
// [Session.Defer] that the answer comes later, or leaves it to the session: ESME_ROK, and after an error ESME_RX_T_APPN, so
// that the SMSC keeps the message. PDUs are borrowed until the method returns.
//
// # Pressure
//
// A response resolves the window as soon as it is read, whatever the handler is busy with: the reader
// runs callbacks itself, and another goroutine takes the reading over from a slow one. Requests wait
// for the handler in a bounded backlog, and beyond it they are left with the SMSC. The queue of what is
// sent is bounded too: full is an error with the code queue_full. So the memory of a session is bounded by
// its [Config], whatever the peer and the handler do.
//
// # Throttling
//
// ESME_RTHROTTLED, ESME_RMSGQFUL and a congestion_state of 90 and more slow the whole session down, not single
// messages, so the order stays; quiet seconds let it up again. The refusal is the handler's to act on, unless
// Config.RetryThrottled says that the session sends the request again itself.
//
// # The end
//
// [Session.Stop] and the end of Run's context drain: nothing new is taken, what is out may be answered for
// UnbindLimit, then unbind is exchanged and the connection closed. [Session.Abort] does without. Either way HandleStop
// is the last call, with the [Reason]: custom or shutdown for an own stop, unbound, socket_closed, socket_error or parse_error
// for the peer's doing, bind_failed, and timers for a limit that passed. The first reason counts.
package esme
