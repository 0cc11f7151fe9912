package luabind

import (
	"fmt"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// Reading p.name is the most frequent thing that scripts do: the name is looked up once, numbers up to 255 and
// texts that recur are not made again.

// pduName is what a name means on a PDU.
type pduName struct {
	own    func(p *pduValue, L *lua.LState) lua.LValue // of no field: p.text and so on
	method *lua.LFunction
	field  pdu.Field
	again  bool         // its texts come again: addresses and such
	tlv    *pdu.TagSpec // of a TLV, or of a field that other commands have as a TLV
	is     byte         // which of these: 'f', 't', 'm' or 'o'
}

var pduNames = map[string]pduName{}

// namePDU fills pduNames; the methods are there by then.
func namePDU() {
	for _, t := range pdu.Tags() {
		pduNames[t.Name] = pduName{is: 't', tlv: &t}
	}
	port, _ := pdu.TagDestPort.Spec()
	pduNames["destination_port"] = pduName{is: 't', tlv: &port} // SMPP 3.4's name
	for _, cmd := range pdu.Commands() {
		for _, f := range cmd.Fields {
			n := pduName{is: 'f', field: f.Field, tlv: pduNames[f.Field.String()].tlv}
			switch f.Field {
			case pdu.FieldMessageID, pdu.FieldShortMessage:
			default:
				n.again = true
			}
			pduNames[f.Field.String()] = n
		}
	}
	for name, m := range pduMethods {
		pduNames[name] = pduName{is: 'm', method: m}
	}
	for name, own := range map[string]func(p *pduValue, L *lua.LState) lua.LValue{
		"command":         func(p *pduValue, _ *lua.LState) lua.LValue { return commandValue(p.CommandID()) },
		"command_id":      func(p *pduValue, _ *lua.LState) lua.LValue { return vm.Number(uint32(p.CommandID())) },
		"command_status":  func(p *pduValue, _ *lua.LState) lua.LValue { return vm.Number(uint32(p.CommandStatus())) },
		"status":          func(p *pduValue, _ *lua.LState) lua.LValue { return statusValue(p.CommandStatus()) },
		"sequence_number": func(p *pduValue, _ *lua.LState) lua.LValue { return vm.Number(p.SequenceNumber()) },
		"text":            (*pduValue).text,
		"udh":             func(p *pduValue, L *lua.LState) lua.LValue { return udhValue(L, p.UDH()) },
		"segment":         (*pduValue).segment,
		"receipt":         (*pduValue).receipt,
		"warnings":        (*pduValue).warnings,
	} {
		pduNames[name] = pduName{is: 'o', own: own}
	}
}

// pduIndex reads p.name.
func pduIndex(L *lua.LState) int {
	u, _ := L.Get(1).(*lua.LUserData)
	name, isString := L.Get(2).(lua.LString)
	if u == nil || !isString {
		L.RaiseError("a PDU has fields by name, not by %s", L.Get(2).Type())
	}
	L.Push(u.Value.(*pduValue).get(L, string(name)))
	return 1
}

func (p *pduValue) get(L *lua.LState, name string) lua.LValue {
	n, ok := pduNames[name]
	if !ok {
		p.noField(L, name)
	}
	switch n.is {
	case 'o':
		return n.own(p, L)
	case 'm':
		return n.method
	case 'f':
		if octets, kind, ok := p.Value(n.field); ok {
			switch {
			case kind == pdu.KindInt:
				return vm.Number(pdu.TLVInt(octets))
			case kind == pdu.KindDests:
				return p.dests(L)
			case kind == pdu.KindUnsuccess:
				return p.unsuccess(L)
			case n.field == pdu.FieldPassword && p.PasswordMasked():
				return secretPassword(L, string(octets))
			case n.again:
				return recurring(octets)
			case len(octets) > 256:
				vm.ChargeMemory(L, len(octets))
			}
			return vm.String(octets)
		}
		if n.tlv == nil {
			return lua.LNil
		}
	}
	if v, ok := p.TLV(n.tlv.Tag); ok {
		if len(v) > 256 {
			vm.ChargeMemory(L, len(v))
		}
		return tlvValue(n.tlv, v)
	}
	return lua.LNil
}

func (p *pduValue) noField(L *lua.LState, name string) {
	var known []string
	for n, x := range pduNames {
		if x.is != 'f' || p.Command() != nil && p.Command().Has(x.field) {
			known = append(known, n)
		}
	}
	L.RaiseError("a PDU has no field '%.60s'; %s", name, near(name, known))
}

func near(name string, known []string) string {
	if len(name) <= 64 {
		if n := diag.Near(name, known); n != "" {
			return fmt.Sprintf("did you mean '%s'?", n)
		}
	}
	return "its fields and TLVs have the specification's names"
}

// tlvValue is the value of a TLV: a number, a string without its NUL, or octets. One of the wrong length is
// left as it came.
func tlvValue(t *pdu.TagSpec, v []byte) lua.LValue {
	switch {
	case len(v) < t.Min || len(v) > t.Accept:
	case t.Kind == pdu.KindInt:
		return vm.Number(pdu.TLVInt(v))
	case t.Kind == pdu.KindString:
		return lua.LString(pdu.TLVString(v))
	}
	return vm.String(v)
}

// dests is dest_address as a list, as constructors take it.
func (p *pduValue) dests(L *lua.LState) lua.LValue {
	list := L.NewTable()
	for d := range p.Dests() {
		vm.ChargeMemory(L, 600)
		e := L.NewTable()
		e.RawSetString("dest_flag", vm.Number(uint32(d.Flag)))
		if d.Flag == pdu.DestFlagList {
			e.RawSetString("dl_name", lua.LString(d.List))
		} else {
			smeAddress(e, d.TON, d.NPI, d.Address)
		}
		list.Append(e)
	}
	return list
}

// unsuccess is unsuccess_sme as a list, as constructors take it.
func (p *pduValue) unsuccess(L *lua.LState) lua.LValue {
	list := L.NewTable()
	for u := range p.UnsuccessSMEs() {
		vm.ChargeMemory(L, 600)
		e := L.NewTable()
		smeAddress(e, u.TON, u.NPI, u.Address)
		e.RawSetString("error_status_code", vm.Number(uint32(u.Status)))
		list.Append(e)
	}
	return list
}

func smeAddress(e *lua.LTable, ton pdu.TON, npi pdu.NPI, address string) {
	e.RawSetString("dest_addr_ton", vm.Number(uint32(ton)))
	e.RawSetString("dest_addr_npi", vm.Number(uint32(npi)))
	e.RawSetString("destination_addr", lua.LString(address))
}

// long charges for work on all of a PDU, where it is longer than a message.
func (p *pduValue) long(L *lua.LState) {
	if n := p.Len(); n > 512 {
		vm.ChargeMemory(L, 4*n)
	}
}

func (p *pduValue) text(L *lua.LState) lua.LValue {
	p.long(L)
	if s, err := p.TextAs(p.alphabet0(L)); err == nil {
		return lua.LString(s)
	}
	return lua.LNil
}

func (p *pduValue) warnings(L *lua.LState) lua.LValue {
	t := L.NewTable()
	for _, w := range p.Warnings().Codes() {
		t.Append(lua.LString(w))
	}
	return t
}

// Values that are made once.
var (
	statusValues  = map[pdu.Status]lua.LValue{}
	commandValues = map[pdu.CommandID]lua.LValue{}
)

func init() {
	for _, s := range pdu.Statuses() {
		statusValues[s] = lua.LString(s.String())
	}
	for _, c := range pdu.Commands() {
		commandValues[c.ID] = lua.LString(c.Name)
	}
}

func statusValue(s pdu.Status) lua.LValue {
	if v := statusValues[s]; v != nil {
		return v
	}
	return lua.LString(s.String())
}

func commandValue(id pdu.CommandID) lua.LValue {
	if v := commandValues[id]; v != nil {
		return v
	}
	return lua.LString(id.String())
}

// recent are texts that were read lately, by all binds of the process: most addresses and service types come
// again. A text that shares its place with another one takes it over.
var recent [4096]atomic.Pointer[recentText]

type recentText struct {
	text  string
	value lua.LValue
}

// longestRecurring is the longest text that is looked for there: an address has 20 characters at most.
const longestRecurring = 24

func recurring(b []byte) lua.LValue {
	if len(b) <= 1 || len(b) > longestRecurring {
		return vm.String(b)
	}
	h := uint32(2166136261) // FNV-1a
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	place := &recent[(h^h>>16)%uint32(len(recent))]
	if r := place.Load(); r != nil && r.text == string(b) {
		return r.value
	}
	text := string(b)
	r := &recentText{text, lua.LString(text)}
	place.Store(r)
	return r.value
}
