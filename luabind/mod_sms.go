package luabind

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/pdu"
)

var smsModule = module{
	Name: "sms",
	Doc:  "What people do with messages rather than with PDUs.",
	Fns: []fn{{
		Name: "submit", Where: anywhere,
		Params: []param{{"message", fieldsAnd(
			param{"to", stringType, "the destination address"},
			param{"from", optional(stringType), "the source address"},
			param{"text", stringType, "in UTF-8"},
			param{"receipt", optional(booleanType), "asks for a delivery receipt"},
		), "and any other field or TLV of submit_sm"}},
		Returns: []param{{"parts", optional(listOf(pduType)), "ready submit_sm, in order"}, fails("too_long")},
		Doc:     "Makes the submit_sm for a text. The alphabet is chosen: GSM 03.38 if the text fits it, else UCS-2. A text of more than one part is refused.",
		Example: `for _, part in ipairs(assert(sms.submit { to = p.source_addr, from = p.destination_addr, text = "grüße", receipt = true })) do
  assert(esme.send_pdu(part))
end`,
		Do: smsSubmit,
	}},
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
	m, err := pdu.SplitText(lua.LVAsString(own["text"]), pdu.TextOptions{})
	if err == nil && len(m.Parts) > 1 {
		err = fmt.Errorf("the text has %d parts", len(m.Parts))
	}
	if err != nil {
		return c.fail(codeError("too_long", "%v", err))
	}
	b := pdu.NewBuilder(cmd)
	b.SetString(pdu.FieldDestinationAddr, lua.LVAsString(own["to"]))
	if own["from"] != lua.LNil {
		b.SetString(pdu.FieldSourceAddr, c.octets("from", own["from"]))
	}
	m.Set(b, 0)
	if lua.LVAsBool(own["receipt"]) {
		b.SetInt(pdu.FieldRegisteredDelivery, 1)
	}
	c.L.Push(rest)
	c.fields(b, cmd, c.L.GetTop())
	list := c.L.NewTable()
	list.Append(newPDU(&pduValue{PDU: b.Build()}))
	return c.push(list)
}
