package pdu

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// FrameError says that octets cannot be the start of a PDU (command_length, SMPP 3.4 §5.1.1). There is no way on in the stream: nobody knows where the next
// PDU starts.
type FrameError struct {
	Length uint32 // what stands where command_length would
	Max    int    // octets that a PDU may have here
	Looks  string // what it looks like instead; empty if like nothing known
}

// Code is "not_smpp" where the octets are known to be something else, and else "command_length".
func (e *FrameError) Code() string {
	if e.Looks != "" {
		return "not_smpp"
	}
	return "command_length"
}

// Error says what is wrong and what the octets look like.
func (e *FrameError) Error() string {
	switch {
	case e.Looks != "":
		return "this is no SMPP but looks like " + e.Looks
	case e.Length < HeaderLen:
		return fmt.Sprintf("command_length %d is less than a header (16)", e.Length)
	}
	return fmt.Sprintf("command_length %d is more than max_pdu_size (%d)", e.Length, e.Max)
}

// FrameLength returns how many octets the PDU at the start of b has (command_length, SMPP 3.4 §3.2.2): b[:n] is the PDU once b holds as
// many. It returns 0 while b has fewer than 4 octets, and a [*FrameError] when no PDU of at most max
// octets starts here; a max below 0 is no limit. Nothing is allocated for what is merely announced.
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

// Frames splits a stream into PDUs of at most max octets, for a [bufio.Scanner], whose buffer must be
// allowed to grow as large (command_length, SMPP 3.4 §5.1.1). The scanner's error is a [*FrameError] for what is no SMPP, and
// [io.ErrUnexpectedEOF] where the stream ends inside a PDU.
func Frames(max int) bufio.SplitFunc {
	return func(b []byte, atEOF bool) (advance int, token []byte, err error) {
		n, err := FrameLength(b, max)
		switch {
		case err != nil:
			return 0, nil, err
		case n > 0 && n <= len(b):
			return n, b[:n], nil
		case atEOF && len(b) > 0:
			return 0, nil, io.ErrUnexpectedEOF
		}
		return 0, nil, nil
	}
}

// looksLike names what begins with these octets, at least four, that are no command_length; empty if it
// is not known.
func looksLike(b []byte) string {
	switch string(b[:4]) {
	case "HTTP", "GET ", "POST", "HEAD", "PUT ", "OPTI", "DELE", "CONN", "PATC", "TRAC", "PRI ":
		return "HTTP"
	case "SSH-":
		return "SSH"
	case "220 ", "220-", "EHLO", "HELO", "421 ", "554 ":
		return "SMTP or FTP"
	case "+OK ", "* OK":
		return "POP3 or IMAP"
	case "SIP/", "INVI", "REGI":
		return "SIP"
	case "PROX":
		return "the PROXY protocol, version 1"
	case "\r\n\r\n":
		return "the PROXY protocol, version 2"
	}
	switch reversed := binary.LittleEndian.Uint32(b); {
	case b[0] >= 0x14 && b[0] <= 0x17 && b[1] == 3 && b[2] <= 4: // a record's type and version (RFC 8446 §5.1)
		return "TLS"
	case b[0] == 0xFF && b[1] >= 0xFB && b[1] <= 0xFE: // IAC, and what is negotiated (RFC 854)
		return "Telnet"
	case b[0] == 0x03 && b[1] == 0 && b[2] == 0: // a TPKT header (RFC 1006 §6)
		return "a protocol over TPKT, such as RDP"
	case len(b) >= 8 && reversed >= HeaderLen && reversed <= 0xFFFF && commandOf(CommandID(binary.LittleEndian.Uint32(b[4:]))) != nil:
		return "SMPP with the octets of its integers in the wrong order"
	case printable(b[:min(len(b), 64)]):
		return "text"
	}
	return ""
}

func printable(b []byte) bool {
	for _, c := range b {
		if (c < ' ' || c > '~') && c != '\r' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}
