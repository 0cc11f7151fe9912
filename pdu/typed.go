package pdu

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Typed is a command as a Go struct, such as [SubmitSM]: the fields by their names in the specification,
// which own what they hold, with their limits beside them. A [PDU] is the same as a view of octets; it is the faster of the two.
//
// AppendTo is strict: what breaks a limit of the specification is a [*FieldError], and dst comes back as it
// was. AppendRelaxed lets strings, message and TLVs be as long as the wire can carry (see
// [PDU.RelaxedErr]). Neither allocates when dst has room. Length and count fields follow from what
// they count. An error response of which nothing is set has no body (SMPP 3.4 §4.4.2).
//
// Read sets the struct from a decoded PDU, of which nothing is kept; it is an error when that is of another
// command.
type Typed interface {
	CommandID() CommandID
	AppendTo(dst []byte) ([]byte, error)
	AppendRelaxed(dst []byte) ([]byte, error)
	Read(p *PDU) error
}

// Header is what a command's struct has of the PDU header (SMPP 3.4 §3.2). A session gives its requests
// sequence numbers of its own; 0 is for one that will. AppendTo refuses a number above 0x7FFFFFFF and a status in a request.
type Header struct {
	Status   Status // command_status: 0 in requests (§5.1.3)
	Sequence uint32 // sequence_number: 1 to 0x7FFFFFFF in requests, in responses that of the request (§5.1.4)

	// EmptyBody writes the mandatory fields of an error response although all of them are empty. Some commands
	// have them always (SMPP 3.4 §4.8.2), some peers write them always.
	EmptyBody bool
}

// header returns the header of p. An error response that came with mandatory fields keeps them.
func (p *PDU) header() Header {
	h := Header{Status: p.CommandStatus(), Sequence: p.sequence}
	h.EmptyBody = p.CommandStatus() != ESME_ROK && p.IsResponse() && p.cmd != nil && p.tlvs > HeaderLen && p.tlvEnd == p.tlvs && p.emptyFields()
	return h
}

// emptyFields reports whether each mandatory field is 0 or empty.
func (p *PDU) emptyFields() bool {
	for _, b := range p.raw[HeaderLen:p.tlvs] {
		if b != 0 {
			return false
		}
	}
	return true
}

func wrongCommand(p *PDU, want CommandID) error {
	return fmt.Errorf("the PDU is a %s, not a %s", p.id, want)
}

// Typed returns the PDU as its command's struct, which owns its octets (SMPP 3.4 §4, 5.0 §4): a *[SubmitSM] for a submit_sm. A
// command that is not defined gives an *[Unknown].
func (p *PDU) Typed() Typed {
	m, ok := New(p.id)
	if !ok {
		m = &Unknown{ID: p.id}
	}
	if err := m.Read(p); err != nil {
		panic(err) // it was made for this command
	}
	return m
}

// Make returns the PDU that m is (SMPP 3.4 §4, 5.0 §4). What keeps it from being sent is in [PDU.Err]. It
// panics where m is nil.
func Make(m Typed) *PDU {
	p := &PDU{}
	octets, err := m.AppendTo(nil)
	refused, _ := err.(*FieldError)
	if refused != nil && refused.Relaxable {
		octets, _ = m.AppendRelaxed(nil)
	}
	if len(octets) == 0 {
		octets = make([]byte, HeaderLen)
		binary.BigEndian.PutUint32(octets, HeaderLen)
		binary.BigEndian.PutUint32(octets[4:], uint32(m.CommandID()))
	}
	_ = p.Decode(octets)
	p.warnings, p.err = 0, refused
	return p
}

// Unknown is a command that is not defined here: a vendor's (0x00010200 to 0x000102FF, SMPP 3.4 §5.1.2.1), or one
// of a later version. Its body is not interpreted.
type Unknown struct {
	Header
	ID   CommandID
	Body []byte
}

// CommandID is the command's number (SMPP 3.4 §5.1.2.1).
func (m *Unknown) CommandID() CommandID { return m.ID }

// Read sets m from any PDU (SMPP 3.4 §5.1.2.1).
func (m *Unknown) Read(p *PDU) error {
	*m = Unknown{Header: p.header(), ID: p.id, Body: bytes.Clone(p.raw[min(HeaderLen, len(p.raw)):])}
	return nil
}

// AppendTo appends the octets (SMPP 3.4 §5.1.2.1). It is a [*FieldError] when the command is defined.
func (m *Unknown) AppendTo(dst []byte) ([]byte, error) {
	if c := commandOf(m.ID); c != nil {
		return dst, &FieldError{Command: c.Name, Field: "command_id", Reason: "is defined: use the struct of the command"}
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(HeaderLen+len(m.Body)))
	dst = binary.BigEndian.AppendUint32(dst, uint32(m.ID))
	dst = binary.BigEndian.AppendUint32(dst, uint32(m.Status))
	dst = binary.BigEndian.AppendUint32(dst, m.Sequence)
	return append(dst, m.Body...), nil
}

// AppendRelaxed is AppendTo (SMPP 3.4 §5.1.2.1): no limits are known.
func (m *Unknown) AppendRelaxed(dst []byte) ([]byte, error) { return m.AppendTo(dst) }
