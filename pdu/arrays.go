package pdu

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
)

// The values of dest_flag (SMPP 3.4 §5.2.25).
const (
	DestFlagSME  = 1 // an SME address
	DestFlagList = 2 // the name of a distribution list
)

const (
	elementAddr = 20  // the most octets of an address or list name in an array, without NUL
	maxDests    = 254 // elements of dest_address (§5.2.24)
)

// Dest is an element of dest_address (SMPP 3.4 §4.5.1.1, 5.0 §4.2.3.1): an SME address, or the name of a distribution list.
type Dest struct {
	Flag    uint8 // dest_flag; 0 means what the other fields say
	TON     TON
	NPI     NPI
	Address string // of an SME, at most 20 octets
	List    string // the name of a distribution list, at most 20 octets
}

func (d *Dest) isList() bool { return d.Flag == DestFlagList || d.Flag == 0 && d.List != "" }

// AppendTo appends the element's octets (SMPP 3.4 §4.5.1.1).
func (d Dest) AppendTo(dst []byte) []byte {
	if d.isList() {
		return AppendDestList(dst, d.List)
	}
	return AppendDest(dst, uint8(d.TON), uint8(d.NPI), d.Address)
}

func (d *Dest) check() (reason string, relaxable bool) {
	switch {
	case d.Flag > DestFlagList:
		return fmt.Sprintf("dest_flag is %d, must be 1 or 2", d.Flag), false
	case d.isList():
		return checkString(d.List, elementAddr)
	}
	return checkString(d.Address, elementAddr)
}

// Unsuccess is an element of unsuccess_sme (SMPP 3.4 §4.5.2.1, 5.0 §4.2.3.2): an address that a message was not sent to, and why.
type Unsuccess struct {
	TON     TON
	NPI     NPI
	Address string // at most 20 octets
	Status  Status
}

// AppendTo appends the element's octets (SMPP 3.4 §4.5.2.1).
func (u Unsuccess) AppendTo(dst []byte) []byte {
	return AppendUnsuccess(dst, uint8(u.TON), uint8(u.NPI), u.Address, u.Status)
}

// AppendDest appends an element of dest_address (SMPP 3.4 §4.5.1.1): an SME address of at most 20 octets.
func AppendDest(dst []byte, ton, npi uint8, address string) []byte {
	return append(append(append(dst, DestFlagSME, ton, npi), address...), 0)
}

// AppendDestList appends an element of dest_address: the name of a distribution list (SMPP 3.4 §4.5.1.2), of at most 20 octets.
func AppendDestList(dst []byte, name string) []byte {
	return append(append(append(dst, DestFlagList), name...), 0)
}

// AppendUnsuccess appends an element of unsuccess_sme (SMPP 3.4 §4.5.2.1), its address of at most 20 octets.
func AppendUnsuccess(dst []byte, ton, npi uint8, address string, status Status) []byte {
	dst = append(append(append(dst, ton, npi), address...), 0)
	return binary.BigEndian.AppendUint32(dst, uint32(status))
}

// Dests returns the elements of dest_address of submit_multi (SMPP 3.4 §4.5.1.1); none for another command. It ends
// before an element that is none, which only a PDU with a [PDU.Err] can have.
func (p *PDU) Dests() iter.Seq[Dest] {
	return func(yield func(Dest) bool) {
		for b := p.Bytes(FieldDestAddress); whole(b, KindDests); {
			d := Dest{Flag: b[0]}
			if b[0] == DestFlagList {
				d.List, b = cut(b[1:])
			} else {
				d.TON, d.NPI = TON(b[1]), NPI(b[2])
				d.Address, b = cut(b[3:])
			}
			if !yield(d) {
				return
			}
		}
	}
}

// UnsuccessSMEs returns the elements of unsuccess_sme of submit_multi_resp (SMPP 3.4 §4.5.2.1); none for another
// command. It ends as Dests does.
func (p *PDU) UnsuccessSMEs() iter.Seq[Unsuccess] {
	return func(yield func(Unsuccess) bool) {
		for b := p.Bytes(FieldUnsuccessSME); whole(b, KindUnsuccess); {
			u := Unsuccess{TON: TON(b[0]), NPI: NPI(b[1])}
			u.Address, b = cut(b[2:])
			u.Status, b = Status(binary.BigEndian.Uint32(b)), b[4:]
			if !yield(u) {
				return
			}
		}
	}
}

// whole reports whether b begins with an element.
func whole(b []byte, kind Kind) bool {
	if len(b) == 0 {
		return false
	}
	_, _, err := element(b, kind, 0)
	return err == nil
}

// cut takes a C-octet string off, which is known to have its NUL.
func cut(b []byte) (string, []byte) {
	n := indexNUL(b)
	return string(b[:n]), b[n+1:]
}

// element returns where the array element that starts at at ends, and whether its address is longer than it
// may be.
func element(b []byte, kind Kind, at int) (end int, long bool, err *DecodeError) {
	bad := func(status Status, at int, reason string) (int, bool, *DecodeError) {
		return 0, false, &DecodeError{Status: status, Offset: at, Reason: fmt.Sprintf(reason, at)}
	}
	const truncated = "truncated at %d"
	skip := 2 // TON, NPI
	if kind == KindDests {
		if at >= len(b) {
			return bad(ESME_RINVNUMDESTS, at, truncated)
		}
		switch b[at] {
		case DestFlagSME:
		case DestFlagList:
			skip = 0
		default:
			return bad(ESME_RINVDESTFLAG, at, fmt.Sprintf("dest_flag %d at %%d, must be 1 or 2", b[at]))
		}
		at++
	}
	if at += skip; at > len(b) {
		return bad(ESME_RINVNUMDESTS, len(b), truncated)
	}
	n := bytes.IndexByte(b[at:], 0)
	if n < 0 {
		return bad(ESME_RINVNUMDESTS, at, "no NUL at %d")
	}
	at += n + 1
	if kind == KindUnsuccess {
		if at+4 > len(b) {
			return bad(ESME_RINVNUMDESTS, at, truncated)
		}
		at += 4
	}
	return at, n > elementAddr, nil
}
