package pdu

import (
	"encoding/binary"
	"fmt"
)

// FrameError says that octets cannot be the start of a PDU.
type FrameError struct {
	Length uint32 // what stands where command_length would
	Max    int
	Looks  string // what it looks like instead; empty if like nothing known
}

// Error says what is wrong and what the octets look like.
func (e *FrameError) Error() string {
	if e.Looks != "" {
		return "this is no SMPP but looks like " + e.Looks
	}
	if e.Length < HeaderLen {
		return fmt.Sprintf("command_length %d is less than a header (16)", e.Length)
	}
	return fmt.Sprintf("command_length %d is more than max_pdu_size (%d)", e.Length, e.Max)
}

// FrameLength returns how many octets the PDU at the start of b has: b[:n] is the PDU once b holds as
// many. It returns 0 while b has fewer than 4 octets, and a [*FrameError] when no PDU of at most max
// octets starts here. Nothing is allocated for what is merely announced.
func FrameLength(b []byte, max int) (int, error) {
	if len(b) < 4 {
		return 0, nil
	}
	n := binary.BigEndian.Uint32(b)
	if n < HeaderLen || uint64(n) > uint64(max) {
		return 0, &FrameError{Length: n, Max: max, Looks: looksLike(b)}
	}
	return int(n), nil
}

func looksLike(b []byte) string {
	switch string(b[:4]) {
	case "HTTP", "GET ", "POST", "HEAD", "PUT ", "OPTI", "DELE", "CONN", "PRI ":
		return "HTTP"
	case "SSH-":
		return "SSH"
	case "220 ", "220-", "EHLO", "HELO":
		return "SMTP or FTP"
	case "\xff\xff\xff\xff":
		return "" // a number all the same: the message names it
	}
	switch {
	case (b[0] == 0x16 || b[0] == 0x15) && b[1] == 3:
		return "TLS"
	case b[0] == '<' || b[0] == '{':
		return "text"
	}
	return ""
}
