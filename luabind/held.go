package luabind

import (
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
func ownPDU(p *pdu.PDU, in *esme.Inbound, session *esme.Session, zero pdu.Alphabet) lua.LValue {
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

// Size is what the PDU takes in the memory of a state.
func (p *pduValue) Size() int { return 300 + p.Len() }
