package luabind

import (
	"errors"
	"fmt"
	"math"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// octetType is a value of an octet; wordType one of 16 bits.
var (
	octetType = rangeType(0xFF)
	wordType  = rangeType(0xFFFF)
)

func rangeType(most float64) luaType {
	return luaType{what: fmt.Sprintf("a whole number from 0 to %.0f", most), editor: "integer", is: func(v lua.LValue) bool {
		n, ok := v.(lua.LNumber)
		return ok && n >= 0 && float64(n) <= most && float64(n) == math.Trunc(float64(n))
	}}
}

var languageType = oneOf(pdu.LanguageNames()...)

// textOptions say how a text is to be written.
var textOptions = []param{
	{"encoding", optional(oneOf(append([]string{"auto"}, pdu.AlphabetNames()...)...)), "the alphabet; auto unless told: gsm if the text fits it, else ucs2. gsm is what " +
		"data_coding 0 means to this SMSC (data_coding_0 of the bind)"},
	{"data_coding", optional(octetType), "sent as it is; without encoding the alphabet follows from it"},
	{"languages", optional(listOf(languageType)), "whose national tables may be used where that saves parts: many networks do not know them"},
	{"flash", optional(booleanType), "shown at once, not stored"},
	{"split", optional(oneOf("udh8", "udh16", "sar", "payload")), "how a text of several parts is marked: udh8 unless told; payload puts all of it into message_payload"},
	{"ref", optional(wordType), "the reference of the parts; the bind counts on unless told"},
	{"ports", optional(options(param{"destination", wordType, "of the application"}, param{"source", optional(wordType), "0 unless told"})), "application ports, in the header"},
	{"elements", optional(listOf(tableType)), "more information elements of the header, each {id = number, data = octets}; not those that languages (0x24, 0x25) and split (0x00, 0x08) make"},
}

var smsModule = module{
	Name: "sms",
	Doc: "What people do with messages rather than with PDUs: text in all alphabets, long messages, and the ids of receipts. " +
		"What is too long or not in the alphabet that was asked for returns nil and an error; the text must be UTF-8.",
	Fns: []fn{{
		Name: "submit", Where: anywhere,
		Params: []param{{"message", fieldsAnd(append([]param{
			{"to", stringType, "the destination address"},
			{"from", optional(stringType), "the source address"},
			{"text", stringType, "in UTF-8; octets where the encoding is binary"},
			{"receipt", optional(booleanType), "asks for a delivery receipt"},
			{"validity", optional(durationType), "how long the SMSC is to try; up to 31 days as a relative time, above that as a moment"},
		}, textOptions...)...), "and any other field or TLV of submit_sm"}},
		Returns: []param{{"parts", optional(listOf(pduType)), "ready submit_sm, in order"}, fails("too_long, not_in_alphabet, invalid_text")},
		Doc: "Makes the submit_sm for a text, one for each part: 160 septets or 140 octets or 70 UCS-2 units alone, 153, 134 or 67 of several. " +
			"No part ends within a character.",
		Example: `for _, part in ipairs(assert(sms.submit { to = p.source_addr, from = p.destination_addr, text = ("grüße "):rep(40), receipt = true })) do
  assert(esme.send_pdu(part))
end`,
		Do: smsSubmit,
	}, {
		Name: "split", Where: anywhere,
		Params: []param{{"text", stringType, "in UTF-8"}, {"opts", optional(options(textOptions...)), "how it is to be written"}},
		Returns: []param{{"parts", optional(listOf(tableType)), "for each part the fields of a submit_sm or deliver_sm: data_coding, esm_class, short_message, or TLVs"},
			fails("too_long, not_in_alphabet, invalid_text")},
		Doc: "Cuts a text into parts, for PDUs that sms.submit does not make.",
		Example: `local parts = assert(sms.split(("long "):rep(40), { split = "sar", ref = 7 }))
assert(#parts == 2 and parts[2].sar_segment_seqnum == 2)
local data = pdu.deliver_sm { source_addr = "1", destination_addr = "2" }:with(parts[1])
assert(data.sar_msg_ref_num == 7)`,
		Do: smsSplit,
	}, {
		Name: "encode", Where: anywhere,
		Params: []param{{"text", stringType, "in UTF-8"}, {"opts", optional(options(textOptions[:2]...)), "how it is to be written"}},
		Returns: []param{{"octets", optional(stringType), "the text, of up to 256 KiB"}, {"data_coding", luaType{what: "a number or an error", editor: "integer|Error", is: anyType.is},
			"that goes with it; or the error: not_in_alphabet, invalid_text, too_long"}},
		Doc: "Writes a text as octets.",
		Example: `local octets, data_coding = sms.encode("1 €")
assert(octets == "1 \27e" and data_coding == 0)
assert(select(2, sms.encode("ж", { encoding = "latin1" })).code == "not_in_alphabet")`,
		Do: smsEncode,
	}, {
		Name: "decode", Where: anywhere,
		Params: []param{{"octets", stringType, "without a user data header"},
			{"coding", luaType{what: "a data_coding, or the name of an alphabet", editor: "integer|string", is: func(v lua.LValue) bool {
				return octetType.is(v) || alphabetType.is(v)
			}}, "a data_coding (0 is what it means in messages from this SMSC), or the name of an alphabet"},
			{"opts", optional(options(param{"locking", optional(languageType), "the national main table"}, param{"single", optional(languageType), "the national extension table"})), "for gsm"}},
		Returns: []param{{"text", optional(stringType), "in UTF-8; what means nothing in the alphabet is U+FFFD"}, fails("no_text: the data_coding is of none that is known; too_long")},
		Doc:     "Reads octets as text. p.text does it for a PDU, with its header.",
		Example: `assert(sms.decode("\27e", 0) == "€")
assert(sms.decode("\4\54", "ucs2") == "ж")
assert(sms.decode("\27i", 0, { single = "turkish" }) == "ı")`,
		Do: smsDecode,
	}, {
		Name: "length", Where: anywhere,
		Params: []param{{"text", stringType, "in UTF-8"}, {"opts", optional(options(textOptions...)), "how it is to be written"}},
		Returns: []param{{"length", optional(tableType), "alphabet, data_coding, units (septets of gsm, UCS-2 units, else octets), septets (units, of gsm), parts, " +
			"per_part (units that a part holds), remaining (units free in the last part), locking_shift and single_shift where national tables are used"},
			fails("too_long, not_in_alphabet, invalid_text")},
		Doc: "Counts a text as operators do.",
		Example: `local n = assert(sms.length(("a"):rep(161)))
assert(n.alphabet == "gsm" and n.septets == 161 and n.parts == 2 and n.per_part == 153 and n.remaining == 145)`,
		Do: smsLength,
	}, {
		Name:   "reassemble",
		Params: []param{{"p", pduType, "a deliver_sm or data_sm"}},
		Returns: []param{{"message", optional(tableType), "the whole message, when its last part is in: " + assembledDoc},
			{"state", oneOf("whole", "waiting", "duplicate"), "what became of the PDU: with waiting and duplicate the message is nil"}},
		Doc: "Puts long messages together: their parts may come in any order and twice. A PDU that is whole by itself is a message at once. A part that repeats one " +
			"of a message that was whole in the last 5 minutes is a duplicate, unless one that is new follows: then both are of a new message. Parts are kept for the bind, " +
			"also over a reload and a new session. A message whose parts do not all come within 30 minutes, or whose room is needed (1000 messages, 1 MiB), goes " +
			"as far as it has come to handle_info: {event = \"incomplete_message\", message}.",
		Example: `local message = sms.reassemble(p)
if message then log.info(message.text, { from = message.source_addr }) end`,
		Do: smsReassemble,
	}, {
		Name: "same_id", Where: anywhere,
		Params:  []param{{"a", stringType, "a message_id"}, {"b", stringType, "another one, such as p.receipt.id"}},
		Returns: []param{{"same", booleanType, "whether they are one"}},
		Doc:     "Compares message ids in the forms that SMSCs give them in: verbatim, in another case, with zeros in front, one in hexadecimal digits and the other in decimal ones.",
		Example: `assert(sms.same_id("0A1B", "2587") and sms.same_id("007", "7") and not sms.same_id("7", "8"))`,
		Do:      func(c *call) int { return c.push(lua.LBool(pdu.SameID(c.str(1), c.str(2)))) },
	}},
}

var alphabetType = oneOf(pdu.AlphabetNames()...)

// ownOptions are the keys of sms.submit that are no fields of submit_sm.
var ownOptions = func() map[string]bool {
	own := map[string]bool{"to": true, "from": true, "text": true, "receipt": true, "validity": true}
	for _, o := range textOptions {
		own[o.Name] = true
	}
	return own
}()

func smsSubmit(c *call) int {
	cmd, _ := pdu.CommandByID(pdu.CmdSubmitSM)
	message := c.L.CheckTable(1)
	rest := c.L.NewTable()
	message.ForEach(func(k, v lua.LValue) {
		switch name := k.String(); {
		case ownOptions[name]:
		case name == "short_message" || name == "message_payload":
			c.raise("field '%s' is made from text", name)
		default:
			rest.RawSet(k, v)
		}
	})
	text := lua.LVAsString(message.RawGetString("text"))
	m, err := c.split(text, message)
	if err != nil {
		return c.fail(err)
	}
	validity := ""
	if d, ok := duration(message.RawGetString("validity")); ok {
		validity = validityPeriod(time.Now(), d)
	}
	c.L.Push(rest)
	fields := c.L.GetTop()
	list := c.L.CreateTable(len(m.Parts), 0)
	for i := range m.Parts {
		c.charge(8)
		b := pdu.NewBuilder(cmd)
		b.SetString(pdu.FieldDestinationAddr, lua.LVAsString(message.RawGetString("to")))
		b.SetString(pdu.FieldSourceAddr, lua.LVAsString(message.RawGetString("from")))
		b.SetString(pdu.FieldValidityPeriod, validity)
		if message.RawGetString("receipt") == lua.LTrue {
			b.SetInt(pdu.FieldRegisteredDelivery, 1)
		}
		c.fields(b, cmd, fields)
		m.Set(b, i)
		list.Append(newPDU(&pduValue{PDU: b.Build()}))
	}
	return c.push(list)
}

// validityPeriod is a time from now: relative where that can be written.
func validityPeriod(now time.Time, d time.Duration) string {
	t, err := pdu.After(d)
	if err != nil {
		t = pdu.Time{Absolute: now.Add(d).UTC()}
	}
	return t.String()
}

// textOptions reads the options of a text.
func (c *call) textOptions(t *lua.LTable) pdu.TextOptions {
	o := pdu.TextOptions{Zero: c.gen.bind.opts.DataCoding0.Out}
	if t == nil {
		return o
	}
	if a, ok := pdu.AlphabetByName(lua.LVAsString(t.RawGetString("encoding"))); ok {
		o.Encoding = &a
	}
	if n, ok := t.RawGetString("data_coding").(lua.LNumber); ok {
		dataCoding := uint8(n)
		o.DataCoding = &dataCoding
	}
	if list, ok := t.RawGetString("languages").(*lua.LTable); ok {
		for i := 1; i <= list.Len() && i <= 20; i++ {
			l, ok := pdu.LanguageByName(lua.LVAsString(list.RawGetInt(i)))
			if !ok || l == 0 {
				c.raise("option 'languages[%d]' must be %s, is %s", i, languageType.what, given(list.RawGetInt(i)))
			}
			o.Languages = append(o.Languages, l)
		}
	}
	o.Flash = t.RawGetString("flash") == lua.LTrue
	o.By, _ = pdu.SegmentKindByName(lua.LVAsString(t.RawGetString("split")))
	o.Elements = c.elements(t)
	return o
}

// elements makes the header of ports and elements.
func (c *call) elements(t *lua.LTable) pdu.UDH {
	var u pdu.UDH
	if ports, ok := t.RawGetString("ports").(*lua.LTable); ok {
		u = u.AppendPorts(uint16(lua.LVAsNumber(ports.RawGetString("destination"))), uint16(lua.LVAsNumber(ports.RawGetString("source"))))
	}
	list, ok := t.RawGetString("elements").(*lua.LTable)
	for i := 1; ok && i <= list.Len(); i++ {
		e, isTable := list.RawGetInt(i).(*lua.LTable)
		if !isTable || !octetType.is(e.RawGetString("id")) || e.RawGetString("data").Type() != lua.LTString {
			c.raise("elements[%d] must be a table {id = number, data = octets}", i)
		}
		longer := u.AppendElement(uint8(lua.LVAsNumber(e.RawGetString("id"))), []byte(lua.LVAsString(e.RawGetString("data"))))
		if len(longer) == len(u) {
			c.raise("elements[%d]: the user data header would be longer than a message (140 octets)", i)
		}
		u = longer
	}
	return u
}

// split cuts a text by the options in t, which may be nil. Mistakes in the options raise.
func (c *call) split(text string, t *lua.LTable) (*pdu.Message, error) {
	if err := tooLarge(text); err != nil {
		return nil, err
	}
	c.charge(2*len(text) + 1)
	o := c.textOptions(t)
	given := false
	if t != nil {
		var n lua.LNumber
		n, given = t.RawGetString("ref").(lua.LNumber)
		o.Reference = uint16(n)
	}
	m, err := pdu.SplitText(text, o)
	if err == nil && !given && len(m.Parts) > 1 && m.By != pdu.Payload {
		m.SetReference(c.gen.bind.segments.nextReference())
	}
	return m, c.textError(err)
}

// maxText bounds the texts that are worked on in one piece, in octets: no PDU carries as much in any alphabet.
const maxText = 256 << 10

func tooLarge(text string) error {
	if len(text) > maxText {
		return codeError("too_long", "the text has %d octets, at most %d are taken: no PDU holds more than 65535", len(text), maxText)
	}
	return nil
}

// textError is what can be wrong with a text; what is wrong with its options raises.
func (c *call) textError(err error) error {
	var te *pdu.TextError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &te):
		return codeError(te.Code(), "%v", err)
	case errors.Is(err, pdu.ErrTooLong):
		return codeError("too_long", "%v", err)
	}
	c.raise("%v", err)
	return nil
}

func (c *call) table(n int) *lua.LTable {
	t, _ := c.L.Get(n).(*lua.LTable)
	return t
}

func smsSplit(c *call) int {
	m, err := c.split(c.str(1), c.table(2))
	if err != nil {
		return c.fail(err)
	}
	list := c.L.CreateTable(len(m.Parts), 0)
	for i := range m.Parts {
		c.charge(8)
		p := &m.Parts[i]
		t := c.L.CreateTable(0, 6)
		t.RawSetString("data_coding", lua.LNumber(m.DataCoding))
		if len(p.UDH) > 0 {
			t.RawSetString("esm_class", lua.LNumber(0x40))
		}
		name := "short_message"
		if m.By == pdu.Payload {
			name = "message_payload"
		}
		t.RawSetString(name, lua.LString(string(p.UDH)+string(p.Octets)))
		if m.By == pdu.SAR && p.Segment.Total > 0 {
			t.RawSetString("sar_msg_ref_num", lua.LNumber(p.Segment.Reference))
			t.RawSetString("sar_total_segments", lua.LNumber(p.Segment.Total))
			t.RawSetString("sar_segment_seqnum", lua.LNumber(p.Segment.Number))
		}
		list.Append(t)
	}
	return c.push(list)
}

func smsEncode(c *call) int {
	o := c.textOptions(c.table(2))
	text := c.str(1)
	if err := tooLarge(text); err != nil {
		return c.fail(err)
	}
	c.large(4 * len(text))
	c.charge(2 * len(text))
	octets, dataCoding, err := pdu.EncodeTextAs(text, o)
	if err := c.textError(err); err != nil {
		return c.fail(err)
	}
	return c.push(lua.LString(octets), lua.LNumber(dataCoding))
}

func smsDecode(c *call) int {
	octets := c.str(1)
	if err := tooLarge(octets); err != nil {
		return c.fail(err)
	}
	c.large(3 * len(octets))
	c.charge(len(octets))
	a, _ := pdu.AlphabetByName(c.str(2)) // a name that is none was refused before
	if n, isNumber := c.value(2).(lua.LNumber); isNumber {
		var ok bool
		a, ok = pdu.AlphabetOf(uint8(n), c.gen.bind.opts.DataCoding0.In)
		if !ok || a == pdu.Binary {
			return c.fail(codeError("no_text", "data_coding 0x%02X is no text that is known", uint8(n)))
		}
	}
	e := pdu.Encoding{Alphabet: a}
	e.Locking, _ = pdu.LanguageByName(lua.LVAsString(c.option(3, "locking")))
	e.Single, _ = pdu.LanguageByName(lua.LVAsString(c.option(3, "single")))
	return c.text(e.Decode([]byte(octets)))
}

func smsLength(c *call) int {
	o := c.textOptions(c.table(2))
	if err := tooLarge(c.str(1)); err != nil {
		return c.fail(err)
	}
	c.charge(2*len(c.str(1)) + 1)
	m, err := pdu.MeasureText(c.str(1), o)
	if err := c.textError(err); err != nil {
		return c.fail(err)
	}
	t := c.L.CreateTable(0, 8)
	t.RawSetString("alphabet", lua.LString(m.Encoding.Alphabet.String()))
	t.RawSetString("data_coding", lua.LNumber(m.DataCoding))
	t.RawSetString("units", lua.LNumber(m.Units))
	t.RawSetString("parts", lua.LNumber(len(m.Parts)))
	t.RawSetString("per_part", lua.LNumber(m.PerPart))
	t.RawSetString("remaining", lua.LNumber(m.Remaining))
	if m.Septets {
		t.RawSetString("septets", lua.LNumber(m.Units))
	}
	if l := m.Encoding.Locking; l != 0 {
		t.RawSetString("locking_shift", lua.LString(l.String()))
	}
	if l := m.Encoding.Single; l != 0 {
		t.RawSetString("single_shift", lua.LString(l.String()))
	}
	return c.push(t)
}

func smsReassemble(c *call) int {
	p := c.pdu(1)
	c.charge(p.Len()/8 + 1)
	added := c.gen.bind.reassemble(p.PDU, p.alphabet0(c.L))
	message := lua.LValue(lua.LNil)
	if added.Message != nil {
		message = vm.GiveData(c.L, assembledData(added.Message))
	}
	return c.push(message, lua.LString(added.State))
}
