package luabind

import (
	"fmt"
	"math"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// pduValue is a PDU as scripts hold it. It is immutable, so that all states may share it.
type pduValue struct {
	*pdu.PDU
	in      *esme.Inbound // the request of the peer that it is, or answers
	session *session      // which in belongs to
	zero    pdu.Alphabet  // what data_coding 0 means where in came from
}

// Into gives the PDU's value in another state.
func (p *pduValue) Into(*lua.LState) lua.LValue { return newPDU(p) }

func newPDU(p *pduValue) lua.LValue { return vm.NewUserData(p, pduMeta) }

var pduMeta *lua.LTable

// The names of fields and TLVs that constructors take.
var (
	fieldByName = map[string]pdu.Field{}
	tagByName   = map[string]pdu.TagSpec{"destination_port": mustSpec(pdu.TagDestPort)}
)

func mustSpec(t pdu.Tag) pdu.TagSpec { s, _ := t.Spec(); return s }

func init() {
	for _, cmd := range pdu.Commands() {
		for _, f := range cmd.Fields {
			fieldByName[f.Field.String()] = f.Field
		}
	}
	for _, t := range pdu.Tags() {
		tagByName[t.Name] = t
	}
	pduMeta = newMeta("a PDU", pduIndex, func(L *lua.LState) int {
		L.CheckUserData(1).Value.(*pduValue).long(L)
		L.Push(lua.LString(L.CheckUserData(1).Value.(*pduValue).String()))
		return 1
	})
}

var fieldsParam = param{"fields", optional(tableNamed("a table", "PDUFields")), "fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}"}

var pduKind = kind{Name: "PDU", Var: "p",
	Doc: "A PDU: read-only. Its fields and TLVs are read by the specification's names; one that it does not have is nil, and a name that no PDU " +
		"has raises. It may be kept in the state, sent to other binds, and used after a reload.",
	Methods: []fn{
		{Name: "is_response", Where: anywhere, Returns: []param{{"yes", booleanType, "whether the PDU answers another one"}},
			Doc: "Tells responses from requests.", Example: `assert(not p:is_response())`,
			Do: func(c *call) int { return c.push(lua.LBool(c.pdu(1).IsResponse())) }},
		{Name: "response", Where: anywhere, Params: []param{fieldsParam}, Returns: []param{{"resp", pduType, "the response, with its sequence number"}},
			Doc:     "Makes the response to a request; esme.reply or esme.send_pdu sends it.",
			Example: `assert(esme.reply(p, p:response { command_status = "ESME_RX_R_APPN" }))`,
			Do: func(c *call) int {
				p := c.pdu(1)
				id, ok := p.CommandID().Response()
				if !ok {
					c.raise("%s has no response", p.CommandID())
				}
				cmd, _ := pdu.CommandByID(id)
				b := pdu.NewBuilder(cmd)
				b.SetSequence(p.SequenceNumber())
				c.fields(b, cmd, 2)
				return c.push(newPDU(&pduValue{PDU: b.Build(), in: p.in, session: p.session}))
			}},
		{Name: "with", Where: anywhere, Params: []param{{"fields", tableType, fieldsParam.Doc}}, Returns: []param{{"copy", pduType, "a changed copy"}},
			Doc: "Copies the PDU with these fields and TLVs changed.",
			Example: `local copy = p:with { destination_addr = "12345" }
assert(copy.destination_addr == "12345" and copy.source_addr == p.source_addr)`,
			Do: func(c *call) int {
				p := c.pdu(1)
				if p.Command() == nil {
					c.raise("the command is not known")
				}
				return c.push(newPDU(&pduValue{PDU: c.with(p, 2)}))
			}},
		{Name: "tlv", Where: anywhere, Params: []param{{"tag", integerType, "such as 0x1401"}}, Returns: []param{{"octets", optional(stringType), "of the first TLV with the tag"}},
			Doc: "Reads a TLV by its tag, as octets: for those of vendors, which have no name.",
			Example: `local vendor = pdu.submit_sm { tlvs = { { tag = 0x1401, value = "abc" } } }
assert(vendor:tlv(0x1401) == "abc")`,
			Do: func(c *call) int {
				if v, ok := c.pdu(1).TLV(pdu.Tag(lua.LVAsNumber(c.value(2)))); ok {
					vm.ChargeMemory(c.L, len(v))
					return c.push(lua.LString(v))
				}
				return c.push(lua.LNil)
			}},
		{Name: "tlvs", Where: anywhere, Returns: []param{{"list", listOf(tableType), "each {tag, name, value}, the value as octets"}},
			Doc:     "Lists all TLVs in their order, repeated ones too.",
			Example: `for _, tlv in ipairs(p:tlvs()) do log.info(tlv.name, { octets = #tlv.value }) end`,
			Do: func(c *call) int {
				list := c.L.NewTable()
				for tag, v := range c.pdu(1).TLVs() {
					vm.ChargeMemory(c.L, 600+len(v)) // a table with three fields
					t := c.L.NewTable()
					t.RawSetString("tag", lua.LNumber(tag))
					t.RawSetString("name", lua.LString(tag.String()))
					t.RawSetString("value", lua.LString(v))
					list.Append(t)
				}
				return c.push(list)
			}},
	},
	Fields: slices.Concat([]value{
		{Name: "command", Type: stringType, Doc: `The command's name, such as "submit_sm", or the number of one that is not defined.`},
		{Name: "command_id", Type: integerType, Doc: "Its number."},
		{Name: "command_status", Type: integerType, Doc: "The status as a number."},
		{Name: "status", Type: stringType, Doc: `The status by name: "ESME_ROK".`},
		{Name: "sequence_number", Type: integerType, Doc: "0 until it is sent."},
		{Name: "text", Type: optional(stringType), Doc: "The text of the message in UTF-8, without a user data header; nil if it is none."},
		{Name: "receipt", Type: optional(tableType), Doc: "What the delivery receipt says that the PDU is; nil for others. " + receiptDoc},
		{Name: "udh", Type: optional(tableType), Doc: "The user data header; nil if there is none. " + udhDoc},
		{Name: "segment", Type: optional(tableType), Doc: "Which part of a long message the PDU is: kind (udh8, udh16 or sar), reference, total, number; nil if it is whole."},
		{Name: "warnings", Type: listOf(stringType), Doc: "What was forgiven when the PDU was decoded, a word each."},
	}, wireFields()),
}

// wireFields are all fields and TLVs of the protocol, for editors.
func wireFields() []value {
	var all []value
	known := map[string]bool{}
	add := func(name string, kind pdu.Kind, doc string) {
		if known[name] {
			return
		}
		known[name] = true
		t := stringType
		switch kind {
		case pdu.KindInt:
			t = integerType
		case pdu.KindDests, pdu.KindUnsuccess:
			t = listOf(tableType)
		}
		all = append(all, value{Name: name, Type: optional(t), Doc: doc})
	}
	for _, cmd := range pdu.Commands() {
		for _, f := range cmd.Fields {
			doc := "A field."
			switch f.Kind {
			case pdu.KindDests:
				doc = "A list; each has dest_flag, and dl_name or dest_addr_ton, dest_addr_npi and destination_addr."
			case pdu.KindUnsuccess:
				doc = "A list; each has dest_addr_ton, dest_addr_npi, destination_addr and error_status_code."
			}
			add(f.Field.String(), f.Kind, doc)
		}
	}
	for _, t := range pdu.Tags() {
		add(t.Name, t.Kind, fmt.Sprintf("TLV 0x%04X.", uint16(t.Tag)))
	}
	return all
}

var pduMethods map[string]*lua.LFunction

func init() {
	pduMethods = pduKind.methods(pduType)
	namePDU()
}

// fields sets what the table at n says.
func (c *call) fields(b *pdu.Builder, cmd *pdu.Command, n int) {
	t, ok := c.L.Get(n).(*lua.LTable)
	if !ok {
		return
	}
	var tlvs []string // named ones in the order of their names: a table has none
	t.ForEach(func(k, v lua.LValue) {
		name := k.String()
		if f, ok := fieldByName[name]; ok && cmd.Has(f) {
			c.field(b, cmd, f, v)
			return
		}
		switch _, isTLV := tagByName[name]; {
		case name == "command_status" || name == "status":
			b.SetStatus(c.status(v))
		case name == "sequence_number":
			b.SetSequence(uint32(c.within(name, v, math.MaxUint32)))
		case isTLV:
			tlvs = append(tlvs, name)
		case name == "tlvs":
			c.rawTLVs(b, v)
		case name == "command" && v == lua.LString(cmd.Name): // of a table that is taken as a PDU
		default:
			c.raise("field '%.60s' is not in %s; %s", name, cmd.Name, near(name, fieldNames(cmd)))
		}
	})
	slices.Sort(tlvs)
	for _, name := range tlvs {
		c.tlv(b, tagByName[name], name, t.RawGetString(name))
	}
}

func (c *call) field(b *pdu.Builder, cmd *pdu.Command, f pdu.Field, v lua.LValue) {
	switch s, _ := cmd.Spec(f); s.Kind {
	case pdu.KindInt:
		b.SetInt(f, int64(c.number(f.String(), v)))
	case pdu.KindDests, pdu.KindUnsuccess:
		c.array(b, s, v)
	default:
		if f == pdu.FieldPassword {
			b.MaskPassword(secretType.is(v))
		}
		b.SetString(f, c.octets(f.String(), v))
	}
}

// maxArray is the most that dest_address and unsuccess_sme hold: they are counted in an octet.
const maxArray = 255

// array sets dest_address or unsuccess_sme from a list of tables.
func (c *call) array(b *pdu.Builder, s pdu.FieldSpec, v lua.LValue) {
	list, ok := v.(*lua.LTable)
	if !ok {
		c.raise("field '%s' must be a list, is %s", s.Field, v.Type())
	}
	var octets []byte
	n := list.Len()
	if n > maxArray {
		c.raise("field '%s' has %d elements, at most %d are sent", s.Field, n, maxArray)
	}
	for i := 1; i <= n; i++ {
		c.charge(8)
		e, ok := list.RawGetInt(i).(*lua.LTable)
		if !ok {
			c.raise("%s[%d] must be a table", s.Field, i)
		}
		str := func(k string) string {
			if v := e.RawGetString(k); v != lua.LNil {
				return c.octets(fmt.Sprintf("%s[%d].%s", s.Field, i, k), v)
			}
			return ""
		}
		num := func(k string, max uint32) uint32 {
			if v := e.RawGetString(k); v != lua.LNil {
				return c.within(fmt.Sprintf("%s[%d].%s", s.Field, i, k), v, max)
			}
			return 0
		}
		ton, npi := uint8(num("dest_addr_ton", 0xFF)), uint8(num("dest_addr_npi", 0xFF))
		switch {
		case s.Kind == pdu.KindUnsuccess:
			octets = pdu.AppendUnsuccess(octets, ton, npi, str("destination_addr"),
				pdu.Status(num("error_status_code", math.MaxUint32)))
		case str("dl_name") != "" || num("dest_flag", 2) == pdu.DestFlagList:
			octets = pdu.AppendDestList(octets, str("dl_name"))
		default:
			octets = pdu.AppendDest(octets, ton, npi, str("destination_addr"))
		}
	}
	count := pdu.FieldNumberOfDests
	if s.Kind == pdu.KindUnsuccess {
		count = pdu.FieldNoUnsuccess
	}
	b.SetInt(count, int64(n))
	b.SetString(s.Field, string(octets))
}

func (c *call) number(name string, v lua.LValue) lua.LNumber {
	n, ok := v.(lua.LNumber)
	if !ok || n != lua.LNumber(int64(n)) {
		c.raise("field '%s' must be a whole number, is %s", name, shown(v))
	}
	return n
}

// within is a whole number of 0 to max.
func (c *call) within(name string, v lua.LValue, max uint32) uint32 {
	n := c.number(name, v)
	if n < 0 || n > lua.LNumber(max) {
		c.raise("field '%s' must be 0 to %d, is %s", name, max, shown(v))
	}
	return uint32(n)
}

func (c *call) octets(name string, v lua.LValue) string {
	switch n, isNumber := v.(lua.LNumber); {
	case name == "password" && secretType.is(v):
		return c.reveal(v)
	case isNumber && (!integerType.is(v) || n < 0): // such a number has lost digits, or never was an address
		c.raise("field '%s' must be a string, is number %s", name, v)
	case !isNumber && v.Type() != lua.LTString:
		c.raise("field '%s' must be a string, is %s", name, v.Type())
	}
	s := lua.LVAsString(v)
	if len(s) > 64 {
		vm.ChargeMemory(c.L, len(s))
	}
	return s
}

func (c *call) status(v lua.LValue) pdu.Status {
	if name, ok := v.(lua.LString); ok {
		s, known := pdu.StatusByName(string(name))
		if !known {
			var names []string
			for _, s := range pdu.Statuses() {
				names = append(names, s.String())
			}
			c.raise("there is no status '%s'; %s", string(name), near(string(name), names))
		}
		return s
	}
	return pdu.Status(c.within("command_status", v, 0xFFFFFFFF))
}

func (c *call) tlv(b *pdu.Builder, t pdu.TagSpec, name string, v lua.LValue) {
	switch t.Kind {
	case pdu.KindInt:
		b.AddTLVInt(t.Tag, int64(c.number(name, v)))
	case pdu.KindString:
		b.AddTLVString(t.Tag, c.octets(name, v))
	default:
		b.AddTLV(t.Tag, c.octets(name, v))
	}
}

// rawTLVs adds a list of {tag = number, value = octets}, in its order.
func (c *call) rawTLVs(b *pdu.Builder, v lua.LValue) {
	list, ok := v.(*lua.LTable)
	if !ok {
		c.raise("field 'tlvs' must be a list of {tag = number, value = octets}, is %s", v.Type())
	}
	for i := 1; i <= list.Len(); i++ {
		vm.ChargeMemory(c.L, 64)
		e, ok := list.RawGetInt(i).(*lua.LTable)
		if !ok {
			c.raise("tlvs[%d] must be a table {tag = number, value = octets}", i)
		}
		b.AddTLV(pdu.Tag(c.within("tag", e.RawGetString("tag"), 0xFFFF)), c.octets("value", e.RawGetString("value")))
	}
}

// with builds the PDU again, with the fields of the table at n changed.
func (c *call) with(p *pduValue, n int) *pdu.PDU {
	cmd := p.Command()
	vm.ChargeMemory(c.L, p.Size())
	b := pdu.NewBuilder(cmd)
	b.SetStatus(p.CommandStatus())
	b.SetSequence(p.SequenceNumber())
	b.MaskPassword(p.PasswordMasked())
	for _, s := range cmd.Fields {
		switch {
		case !p.Has(s.Field):
		case s.Kind == pdu.KindInt:
			b.SetInt(s.Field, int64(p.Int(s.Field)))
		default:
			b.SetString(s.Field, p.Str(s.Field))
		}
	}
	changed := c.L.Get(n).(*lua.LTable)
	for tag, v := range p.TLVs() {
		if changed.RawGetString(tag.String()) == lua.LNil {
			b.AddTLV(tag, string(v))
		}
	}
	c.fields(b, cmd, n)
	return b.Build()
}

var pduModule = module{
	Name: "pdu",
	Doc: "Makes PDUs: a constructor for each command, whose fields and TLVs have the specification's names. What is not given is 0 or empty. " +
		"A value that breaks a limit of the protocol is found when the PDU is sent: invalid_pdu.",
	Fns:   append(constructors(), pduNew),
	Kinds: []*kind{&pduKind},
}

func constructors() []fn {
	var all []fn
	for _, cmd := range pdu.Commands() {
		var names []string
		for _, f := range cmd.Fields {
			names = append(names, f.Field.String())
		}
		doc := fmt.Sprintf("Makes a %s (SMPP %s). Fields: %s.", cmd.Name, cmd.Since, strings.Join(names, ", "))
		if len(names) == 0 {
			doc = fmt.Sprintf("Makes a %s (SMPP %s), which has no fields of its own.", cmd.Name, cmd.Since)
		}
		all = append(all, fn{Name: cmd.Name, Where: anywhere, Params: []param{fieldsParam}, Returns: []param{{"p", pduType, "the PDU"}}, Doc: doc,
			Example: fmt.Sprintf("local p = pdu.%s { sequence_number = 7 }\nassert(p.command == %q and p.command_id == 0x%08x)", cmd.Name, cmd.Name, uint32(cmd.ID)),
			Do:      func(c *call) int { return c.build(cmd, 1) }})
	}
	return all
}

var pduNew = fn{Name: "new", Where: anywhere, Params: []param{{"command", stringType, "its name"}, fieldsParam}, Returns: []param{{"p", pduType, "the PDU"}},
	Doc: "Makes a PDU of the command whose name is a value.", Example: `local p = pdu.new("submit_sm", { source_addr = "12345" })`,
	Do: func(c *call) int {
		cmd := c.command(c.str(1))
		return c.build(cmd, 2)
	}}

// pduOf is the PDU at n, which may be given as a table of its fields with its command.
func (c *call) pduOf(n int) *pduValue {
	t, ok := c.value(n).(*lua.LTable)
	if !ok {
		return c.pdu(n)
	}
	name, ok := t.RawGetString("command").(lua.LString)
	if !ok {
		c.raise("the table has no field 'command', such as \"submit_sm\": a PDU is needed")
	}
	cmd := c.command(string(name))
	b := pdu.NewBuilder(cmd)
	c.fields(b, cmd, n)
	return &pduValue{PDU: b.Build()}
}

// command finds a command by its name.
func (c *call) command(name string) *pdu.Command {
	cmd, ok := pdu.CommandByName(name)
	if !ok {
		var names []string
		for _, cmd := range pdu.Commands() {
			names = append(names, cmd.Name)
		}
		c.raise("there is no command '%.40s'; %s", name, didYouMean(name, names))
	}
	return cmd
}

func (c *call) build(cmd *pdu.Command, n int) int {
	b := pdu.NewBuilder(cmd)
	c.fields(b, cmd, n)
	return c.push(newPDU(&pduValue{PDU: b.Build()}))
}

// fieldNames are the names that a command's constructor knows.
func fieldNames(cmd *pdu.Command) []string {
	names := []string{"command_status", "sequence_number", "tlvs"}
	for _, f := range cmd.Fields {
		names = append(names, f.Field.String())
	}
	for _, t := range pdu.Tags() {
		names = append(names, t.Name)
	}
	return names
}
