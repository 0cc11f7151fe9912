package luabind

import (
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// ownedPDU is a PDU of the peer as a callback gets it, with its octets, in one piece. They are copied, since
// a script may keep what it gets, and nothing tells when it does; one allocation is what that costs.
type ownedPDU struct {
	userdata lua.LUserData
	value    pduValue
	pdu      pdu.PDU
	octets   [192]byte
}

// ownPDU makes the value of a PDU that is borrowed. in and session are nil for a response.
func ownPDU(p *pdu.PDU, in *esme.Inbound, session *session, zero pdu.Alphabet) lua.LValue {
	o := &ownedPDU{}
	p.CopyTo(&o.pdu, o.octets[:])
	o.value = pduValue{PDU: &o.pdu, in: in, session: session, zero: zero}
	o.userdata = lua.LUserData{Value: &o.value, Metatable: pduMeta}
	return &o.userdata
}

// wrappedPDU is a PDU that nobody changes any more, as a script holds it.
type wrappedPDU struct {
	userdata lua.LUserData
	value    pduValue
}

func wrapPDU(p *pdu.PDU) lua.LValue {
	w := &wrappedPDU{value: pduValue{PDU: p}}
	w.userdata = lua.LUserData{Value: &w.value, Metatable: pduMeta}
	return &w.userdata
}

// session is where the requests of the peer are answered that scripts hold. They may hold them for longer than it lives,
// in a map or in another bind: nothing of it hangs on them then.
type session struct{ atomic.Pointer[esme.Session] }

func (l *session) reply(in *esme.Inbound, p *pdu.PDU) error {
	if s := l.Load(); s != nil {
		return s.Reply(in, p)
	}
	return errSessionOver
}

func (l *session) deferred(in *esme.Inbound, limit time.Duration) error {
	if s := l.Load(); s != nil {
		return s.Defer(in, limit)
	}
	return errSessionOver
}

var errSessionOver = &esme.Error{Code: esme.CodeStopped, Message: "the session has ended", Written: esme.WrittenNever}

// Size is what the PDU takes in the memory of a state.
func (p *pduValue) Size() int { return 300 + p.Len() }
