package luabind

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// smsModule is what people do with messages rather than with PDUs.
func smsModule() vm.Module {
	return vm.Module{Name: "sms", Functions: functions("sms", fn{
		Name: "sms.submit", Pure: true, Params: []param{{"message", tableType}},
		Returns: "a list of ready submit_sm, or nil and an error (too_long)",
		Doc: "message: to, from, text; receipt = true asks for a delivery receipt; any other field or TLV of submit_sm. " +
			"The alphabet is chosen: GSM 03.38 if the text fits it, else UCS-2. A text of more than one part is refused.",
		Do: smsSubmit,
	})}
}

func smsSubmit(c *call) int {
	cmd, _ := pdu.CommandByID(pdu.CmdSubmitSM)
	rest := c.L.NewTable()
	own := map[string]lua.LValue{"to": lua.LNil, "from": lua.LNil, "text": lua.LNil, "receipt": lua.LNil}
	c.L.CheckTable(1).ForEach(func(k, v lua.LValue) {
		if _, ok := own[k.String()]; ok {
			own[k.String()] = v
		} else {
			rest.RawSet(k, v)
		}
	})
	for _, name := range []string{"to", "text"} {
		if own[name].Type() != lua.LTString {
			c.raise("field '%s' must be a string, is %s", name, own[name].Type())
		}
	}
	coding, octets := pdu.EncodeText(lua.LVAsString(own["text"]))
	if !pdu.FitsOnePart(coding, octets) {
		return c.fail(codeError("too_long", "the text has %d octets with data_coding %d: more than one part", len(octets), coding))
	}
	b := pdu.NewBuilder(cmd)
	b.SetString(pdu.FieldDestinationAddr, lua.LVAsString(own["to"]))
	if own["from"] != lua.LNil {
		b.SetString(pdu.FieldSourceAddr, c.octets("from", own["from"]))
	}
	b.SetInt(pdu.FieldDataCoding, int64(coding))
	b.SetString(pdu.FieldShortMessage, string(octets))
	if lua.LVAsBool(own["receipt"]) {
		b.SetInt(pdu.FieldRegisteredDelivery, 1)
	}
	c.L.Push(rest)
	c.fields(b, cmd, c.L.GetTop())
	list := c.L.NewTable()
	list.Append(newPDU(&pduValue{PDU: b.Build()}))
	return c.push(list)
}
