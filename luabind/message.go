package luabind

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// alphabet0 is what data_coding 0 means in the PDU: one that came from the peer says it, any other is read as
// the bind sends it.
func (p *pduValue) alphabet0(L *lua.LState) pdu.Alphabet {
	if p.in != nil {
		return p.zero
	}
	return vm.FromLua(L).User().(*generation).bind.opts.DataCoding0.Out
}

const receiptDoc = "id (verbatim; the TLV's, or the text's), text_id (the text's, if it is another one), stat, state (message_state by name, " +
	"vendors' words too), final, intermediate, err, network_error {type, code}, sub, dlvrd, submit_date, done_date (verbatim), submit_time, " +
	"done_time (Unix seconds; the SMSC's clock is read as UTC), text. What the receipt does not say is nil."

func (p *pduValue) receipt(L *lua.LState) lua.LValue {
	p.long(L)
	r, ok := p.Receipt()
	if !ok {
		return lua.LNil
	}
	t := L.CreateTable(0, 16)
	text := func(name, v string) {
		if v != "" {
			t.RawSetString(name, lua.LString(v))
		}
	}
	text("id", r.ID)
	text("text_id", r.TextID)
	text("sub", r.Sub)
	text("dlvrd", r.Dlvrd)
	text("submit_date", r.SubmitDate)
	text("done_date", r.DoneDate)
	text("stat", r.Stat)
	text("err", r.Err)
	text("text", r.Text)
	if s, ok := r.State(); ok {
		text("state", s.String())
	}
	if at, ok := r.SubmitTime(time.UTC); ok {
		t.RawSetString("submit_time", lua.LNumber(at.Unix()))
	}
	if at, ok := r.DoneTime(time.UTC); ok {
		t.RawSetString("done_time", lua.LNumber(at.Unix()))
	}
	if n := r.NetworkError; n.Type != 0 {
		e := L.CreateTable(0, 2)
		e.RawSetString("type", lua.LNumber(n.Type))
		e.RawSetString("code", lua.LNumber(n.Code))
		t.RawSetString("network_error", e)
	}
	t.RawSetString("final", lua.LBool(r.Final()))
	t.RawSetString("intermediate", lua.LBool(r.Intermediate))
	return t
}

const udhDoc = "octets (with the length octet), elements (a list of {id, data}, in order), and of those that are known: reference, total, number, " +
	"destination_port, source_port, locking_shift, single_shift (languages by name)."

func udhValue(L *lua.LState, u pdu.UDH) lua.LValue {
	if u == nil {
		return lua.LNil
	}
	t := L.CreateTable(0, 8)
	t.RawSetString("octets", lua.LString(u))
	list := L.NewTable()
	for id, data := range u.Elements() {
		e := L.CreateTable(0, 2)
		e.RawSetString("id", lua.LNumber(id))
		e.RawSetString("data", lua.LString(data))
		list.Append(e)
	}
	t.RawSetString("elements", list)
	if s, ok := u.Segment(); ok {
		t.RawSetString("reference", lua.LNumber(s.Reference))
		t.RawSetString("total", lua.LNumber(s.Total))
		t.RawSetString("number", lua.LNumber(s.Number))
	}
	if d, s, ok := u.Ports(); ok {
		t.RawSetString("destination_port", lua.LNumber(d))
		t.RawSetString("source_port", lua.LNumber(s))
	}
	locking, single := u.Languages()
	if locking != 0 {
		t.RawSetString("locking_shift", lua.LString(locking.String()))
	}
	if single != 0 {
		t.RawSetString("single_shift", lua.LString(single.String()))
	}
	return t
}

func (p *pduValue) segment(L *lua.LState) lua.LValue {
	s, ok := p.Segment()
	if !ok {
		return lua.LNil
	}
	t := L.CreateTable(0, 4)
	t.RawSetString("kind", lua.LString(s.Kind.String()))
	t.RawSetString("reference", lua.LNumber(s.Reference))
	t.RawSetString("total", lua.LNumber(s.Total))
	t.RawSetString("number", lua.LNumber(s.Number))
	return t
}
