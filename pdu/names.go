package pdu

import "fmt"

// CommandID is the command_id of a PDU (SMPP 3.4 §5.1.2, 5.0 §4.7.5).
type CommandID uint32

// String returns the command's name, or the number of one that is not defined (SMPP 3.4 §5.1.2.1).
func (id CommandID) String() string {
	if c := commandOf(id); c != nil {
		return c.Name
	}
	return fmt.Sprintf("0x%08X", uint32(id))
}

// IsResponse reports whether the PDU answers another one: bit 31 (SMPP 3.4 §5.1.2.1).
func (id CommandID) IsResponse() bool { return id&0x80000000 != 0 }

// Response returns the response that a request expects (SMPP 3.4 §5.1.2.1); false for outbind, alert_notification, responses
// and what is not defined.
func (id CommandID) Response() (CommandID, bool) {
	c := commandOf(id)
	if c == nil || c.response == 0 {
		return 0, false
	}
	return c.response, true
}

// Command describes a command (SMPP 3.4 §4, 5.0 §4): its name and its mandatory fields in wire order. There is one of each; it is
// not to be changed.
type Command struct {
	ID        CommandID
	Name      string
	Since     string // the version of SMPP that brought it
	Fields    []FieldSpec
	Mandatory []Tag // TLVs that must be there

	response CommandID
	runs     []run            // of Fields, in wire order
	places   [numFields]place // by Field
}

// A run is some integers, of an octet each, and the field of any length behind them. So a PDU only needs to keep
// where its runs start.
type run struct {
	first   uint8 // position in Fields
	ints    uint8 // how many integers
	limited uint8 // which of them has values that are reserved, above most; 0 and 255 if none has
	most    uint8
	kind    Kind  // of the field behind them; KindInt: there is none
	size    uint8 // its Size
	plain   uint8 // how many octets of a string, its NUL included, need no look inside: of a time only that
}

// fields is how many fields it has.
func (r *run) fields() int {
	if r.kind == KindInt {
		return int(r.ints)
	}
	return int(r.ints) + 1
}

// place is where a field lies in a PDU. Runs have their number + 1 here: a place that is none lies in 0, which starts nowhere (see
// [PDU]), so that who reads a field asks one question for all that it may lack.
type place struct {
	number  uint8 // position in Fields + 1; 0: the command has no such field
	kind    Kind
	start   uint8 // the run that it is in
	skip    uint8 // octets from there to the field
	end     uint8 // the run at whose start it ends
	past    int8  // octets from there to the end of the value: a string's is before its NUL
	integer uint8 // start, of an integer
}

// FieldSpec describes a mandatory field of a command (SMPP 3.4 §3.1).
type FieldSpec struct {
	Field Field
	Kind  Kind
	Size  int   // octets of an integer; the most octets of a string, its NUL included; the most elements of an array
	Most  uint8 // the highest value of an integer that may be sent; others are reserved
}

// Kind is how a field or TLV is encoded (SMPP 3.4 §3.1).
type Kind uint8

// The kinds.
const (
	KindInt       Kind = iota // big-endian, Size octets
	KindString                // C-octet string
	KindTime                  // C-octet string of 0 or 16 characters (SMPP 3.4 §7.1.1)
	KindOctets                // octet string whose length is the field before it
	KindDests                 // dest_address of submit_multi (SMPP 3.4 §4.5.1.1)
	KindUnsuccess             // unsuccess_sme of submit_multi_resp (SMPP 3.4 §4.5.2.1)
)

// CommandByID finds a command (SMPP 3.4 §5.1.2.1); false for one that is not defined.
func CommandByID(id CommandID) (*Command, bool) {
	c := commandOf(id)
	return c, c != nil
}

// CommandByName finds a command by its name, such as "submit_sm" (SMPP 3.4 §5.1.2.1).
func CommandByName(name string) (*Command, bool) {
	for i := range commands {
		if commands[i].Name == name {
			return &commands[i], true
		}
	}
	return nil, false
}

// Commands returns all commands, by command_id (SMPP 3.4 §5.1.2.1).
func Commands() []*Command {
	all := make([]*Command, len(commands))
	for i := range commands {
		all[i] = &commands[i]
	}
	return all
}

// Has reports whether the command has the mandatory field (SMPP 3.4 §4, 5.0 §4).
func (c *Command) Has(f Field) bool { return f < numFields && c.places[f].number != 0 }

// Spec describes a mandatory field of the command (SMPP 3.4 §4, 5.0 §4); false if it has no such field.
func (c *Command) Spec(f Field) (FieldSpec, bool) {
	if !c.Has(f) {
		return FieldSpec{}, false
	}
	return c.Fields[c.places[f].number-1], true
}

// Field is a mandatory field (SMPP 3.4 §5.2, 5.0 §4.7).
type Field uint8

// String returns the field's name, such as "source_addr" (SMPP 3.4 §5.2).
func (f Field) String() string {
	if f < numFields {
		return fieldNames[f]
	}
	return fmt.Sprintf("Field(%d)", uint8(f))
}

// FieldByName finds a field by its name, such as "source_addr" (SMPP 3.4 §5.2).
func FieldByName(name string) (Field, bool) {
	for i, n := range fieldNames {
		if n == name {
			return Field(i), true
		}
	}
	return 0, false
}

// Tag is the tag of an optional parameter, a TLV (SMPP 3.4 §5.3.2, 5.0 §4.8.1). Vendors have 0x1400 to 0x3FFF.
type Tag uint16

// TagSpec describes a TLV (SMPP 3.4 §5.3.2, 5.0 §4.8.4): how its value is encoded and how many octets it has.
type TagSpec struct {
	Tag      Tag
	Name     string
	Kind     Kind // KindInt, KindString or KindOctets
	Min, Max int  // octets that may be sent
	Accept   int  // the most octets that are read as a value of this kind; above Max with a warning

	Lo, Hi uint32 // of an integer that may not have all values: those that may be sent; Hi is 0 where all may

	or         uint32  // or this one
	twoLengths bool    // Min or Max octets, nothing between
	form       tlvForm // what its characters are
	needs      uint8   // a bit that another TLV of the PDU must have in gives
	gives      uint8
	names      map[uint32]string // of the values
}

// tlvForm is what the characters of a value must be.
type tlvForm uint8

const (
	formAny      tlvForm = iota
	formDigits           // decimal digits
	formAbsolute         // an absolute time of 16 characters (SMPP 3.4 §7.1.1)
	formCallback         // a digit mode, TON, NPI, and digits (SMPP 3.4 §5.3.2.36)
)

// takes reports whether a value may have n octets, of which most are the most.
func (s *TagSpec) takes(n, most int) bool {
	return n >= s.Min && n <= most && (!s.twoLengths || n == s.Min || n == most)
}

// holds reports whether a value is one that may be sent.
func (s *TagSpec) holds(n uint32) bool {
	return s.Hi == 0 || n >= s.Lo && n <= s.Hi || s.or != 0 && n == s.or
}

// faults are what is wrong with a value: the one rule for what is forgiven and what is refused.
func (s *TagSpec) faults(v []byte) (w Warnings) {
	if !s.takes(len(v), s.Max) {
		return TLVLength
	}
	switch s.Kind {
	case KindInt:
		if s.Hi != 0 && !s.holds(TLVInt(v)) {
			return ValueRange
		}
		return 0
	case KindString:
		nul := indexNUL(v)
		if nul != len(v)-1 {
			w = TLVNul
		}
		v = v[:nul]
	}
	switch s.form {
	case formDigits:
		if !digits(string(v), false) {
			w |= ValueRange
		}
	case formCallback:
		if callbackFault(v) != "" {
			w |= ValueRange
		}
	case formAbsolute:
		if len(v) != timeLen {
			w |= TimeLength
		} else if absoluteFault(string(v)) != "" {
			w |= TimeFormat
		}
	}
	return w
}

// Meaning is the name of an integer TLV's value in the TLV's paragraph, or of the first octet of network_error_code and
// ms_validity (SMPP 3.4 §5.3.2); empty if it has none.
func (s *TagSpec) Meaning(n uint32) string { return s.names[n] }

func nameOf(names map[uint32]string, n uint32) string {
	if s, ok := names[n]; ok {
		return s
	}
	return fmt.Sprint(n)
}

// String returns the TLV's name, or its number (SMPP 3.4 §5.3.2).
func (t Tag) String() string {
	if s := tagOf(t); s != nil {
		return s.Name
	}
	return fmt.Sprintf("0x%04X", uint16(t))
}

// Spec describes the tag (SMPP 3.4 §5.3.2); false for vendor and unknown ones.
func (t Tag) Spec() (TagSpec, bool) {
	if s := tagOf(t); s != nil {
		return *s, true
	}
	return TagSpec{}, false
}

// TagByName finds a TLV by its name (SMPP 3.4 §5.3.2). SMPP 3.4 calls dest_port "destination_port".
func TagByName(name string) (Tag, bool) {
	if name == "destination_port" {
		return TagDestPort, true
	}
	for i := range tags {
		if tags[i].Name == name {
			return tags[i].Tag, true
		}
	}
	return 0, false
}

// Tags describes all TLVs that are defined, by tag (SMPP 3.4 §5.3.2).
func Tags() []TagSpec { return append([]TagSpec(nil), tags[:]...) }

// Status is a command_status (SMPP 3.4 §5.1.3, 5.0 §4.7.6). Vendors have 0x400 to 0x4FF.
type Status uint32

type statusSpec struct {
	code          Status
	name, meaning string
	name34        string // where 5.0 renamed it
}

// String returns the protocol's name, such as "ESME_RTHROTTLED", or the number (SMPP 3.4 §5.1.3).
func (s Status) String() string {
	if x := statusOf(s); x != nil {
		return x.name
	}
	return fmt.Sprintf("0x%08X", uint32(s))
}

// Meaning says in words what the status means (SMPP 3.4 §5.1.3); empty for one that is not defined.
func (s Status) Meaning() string {
	if x := statusOf(s); x != nil {
		return x.meaning
	}
	return ""
}

// StatusByName finds a status by its name in SMPP 5.0 (§4.7.6) or 3.4 (§5.1.3).
func StatusByName(name string) (Status, bool) {
	for i := range statuses {
		if x := &statuses[i]; x.name == name || x.name34 != "" && x.name34 == name {
			return x.code, true
		}
	}
	return 0, false
}

// Statuses returns all defined values (SMPP 3.4 §5.1.3).
func Statuses() []Status {
	all := make([]Status, len(statuses))
	for i := range statuses {
		all[i] = statuses[i].code
	}
	return all
}
