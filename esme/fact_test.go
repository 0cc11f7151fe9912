package esme

import (
	"time"
)

// fact is one thing that was seen from outside of a machine: by who gave it commands, by its transport, by its
// peer, or by its consumer. A run is a list of facts; a ledger checks it. Each PDU of a run has a name of its own.
type fact struct {
	kind   factKind
	name   string
	class  class
	seq    uint32
	at     time.Duration
	code   string  // of an error; empty: none
	far    Written // of an error
	must   bool    // factPeer: the consumer is to see it. factAnswer: a refusal may be sent again. factEnd: no fault of the transport excuses an answer that is missing
	load   bool    // factAnswer: the peer refused it for its load
	free   bool    // factDue: it takes no room, for it cannot be built
	rate   float64 // factRate; 0: as many as there are
	lost   []string
	queued int
	on     bool   // factHold
	cfg    Config // factTune
}

type factKind uint8

const (
	factAccept   factKind = iota // name, class: Send or Reply accepted it
	factRefuse                   // name, code, queued: it did not
	factDue                      // name, at, free: it left the queue
	factTaken                    // name, seq, at: the transport took all octets of it, the limit for its response begins
	factBroken                   // name: the write broke in it: some of its octets were taken, not all
	factAnswer                   // name, load, must, at: the peer's response to it has come
	factResult                   // name, code, far: its send result
	factResp                     // name: it ended by a response
	factTimeout                  // name, at, code: it ended by the limit
	factFail                     // name, code, far: somebody waited for it and got an error
	factCancel                   // name, far: who waited for it does not any more
	factLeft                     // name: who waited for it is gone, it is the handler's
	factPeer                     // name, must: the peer's request has come
	factSeen                     // name: the consumer is given it
	factOwed                     // name: the consumer is through with it, an answer is due
	factReplied                  // name: the transport took an answer to it
	factRate                     // rate, at: so many may go out in a second
	factUnbind                   // at: the transport took the machine's own unbind
	factHold                     // on: what becomes of requests is not to come to more than it does already
	factTune                     // cfg, at: limits that hold from now on
	factStopping                 // code, at, lost: the session begins to end, and why; it ends what was to be sent again
	factStop                     // lost
	factEnd                      // must: of the run
)

type class uint8

const (
	request class = iota // expects a response
	waited               // expects a response, for somebody who waits
	message              // has no response
	reply
)

var factNames = [...]string{"accept", "refuse", "due", "taken", "broken", "answer", "result", "resp", "timeout", "fail", "cancel", "left",
	"peer", "seen", "owed", "replied", "rate", "unbind", "hold", "tune", "stopping", "stop", "end"}
