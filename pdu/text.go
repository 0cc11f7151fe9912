package pdu

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/warthog618/sms/encoding/gsm7/charset"
	"golang.org/x/text/encoding/charmap"
)

// What data_coding says of the text of a message (SMPP 3.4 §5.2.19), as far as text can be made of it.
const (
	codingDefault  = 0x00 // the SMSC's default alphabet: here GSM 03.38, one septet an octet
	codingASCII    = 0x01
	codingLatin1   = 0x03
	codingCyrillic = 0x06
	codingHebrew   = 0x07
	codingUCS2     = 0x08
)

const esmUDHI = 0x40 // esm_class: the message starts with a user data header

// gsmTables are GSM 03.38's default alphabet and its extension, as arrays: the library has maps.
type gsmTables struct {
	runes  [128]rune
	ext    [128]rune
	septet [0x3AA]uint16 // by rune; 0xFFFF none; above 0xFF: escape and a septet
	euro   uint16
}

const (
	gsmEscape = 0x1B
	gsmNone   = 0xFFFF
)

var gsm = func() *gsmTables {
	t := &gsmTables{}
	for i := range t.septet {
		t.septet[i] = gsmNone
	}
	for b, r := range charset.DefaultDecoder() {
		t.runes[b] = r
		t.septet[r] = uint16(b)
	}
	for b, r := range charset.DefaultExtDecoder() {
		t.ext[b] = r
		if int(r) < len(t.septet) {
			t.septet[r] = 0x1B00 | uint16(b)
		} else {
			t.euro = 0x1B00 | uint16(b) // the euro sign is the only one up there
		}
	}
	return t
}()

func (t *gsmTables) of(r rune) uint16 {
	switch {
	case r >= 0 && int(r) < len(t.septet):
		return t.septet[r]
	case r == '€':
		return t.euro
	}
	return gsmNone
}

// EncodeText encodes s as GSM 03.38, one septet an octet (data_coding 0), if every character has a place
// in the default alphabet or its extension; else as UCS-2, big-endian with surrogates (data_coding 8).
func EncodeText(s string) (dataCoding uint8, octets []byte) {
	octets = make([]byte, 0, len(s))
	for _, r := range s {
		v := gsm.of(r)
		if v == gsmNone {
			return codingUCS2, encodeUCS2(s)
		}
		if v > 0xFF {
			octets = append(octets, gsmEscape)
		}
		octets = append(octets, byte(v))
	}
	return codingDefault, octets
}

func encodeUCS2(s string) []byte {
	octets := make([]byte, 0, 2*len(s))
	for _, u := range utf16.Encode([]rune(s)) {
		octets = binary.BigEndian.AppendUint16(octets, u)
	}
	return octets
}

// FitsOnePart reports whether a text fits into one short message: 160 septets of GSM 03.38, or 140
// octets of anything else (3GPP 23.040 §9.2.3.24).
func FitsOnePart(dataCoding uint8, octets []byte) bool {
	if dataCoding == codingDefault || dataCoding&0xF4 == 0xF0 {
		return len(octets) <= 160
	}
	return len(octets) <= 140
}

// DecodeText returns the text of a message. Octets that mean nothing in their alphabet become U+FFFD. It
// is an error when the data_coding is of no text that is known.
func DecodeText(dataCoding uint8, octets []byte) (string, error) {
	switch {
	case dataCoding == codingDefault || dataCoding&0xF4 == 0xF0:
		return decodeGSM(octets), nil
	case dataCoding == codingASCII:
		return string(octets), nil
	case dataCoding == codingLatin1:
		return decodeCharmap(charmap.ISO8859_1, octets), nil
	case dataCoding == codingCyrillic:
		return decodeCharmap(charmap.ISO8859_5, octets), nil
	case dataCoding == codingHebrew:
		return decodeCharmap(charmap.ISO8859_8, octets), nil
	case dataCoding == codingUCS2:
		units := make([]uint16, 0, len(octets)/2)
		for ; len(octets) >= 2; octets = octets[2:] {
			units = append(units, binary.BigEndian.Uint16(octets))
		}
		return string(utf16.Decode(units)), nil
	}
	return "", fmt.Errorf("data_coding 0x%02X is no text that is known", dataCoding)
}

func decodeGSM(octets []byte) string {
	out := make([]byte, 0, len(octets)+8)
	for i := 0; i < len(octets); i++ {
		b := octets[i]
		r := rune(utf8.RuneError)
		switch {
		case b == gsmEscape && i+1 < len(octets) && octets[i+1] < 128 && gsm.ext[octets[i+1]] != 0:
			i++
			r = gsm.ext[octets[i]]
		case b == gsmEscape:
			r = ' ' // an escape to nothing shows as a space (3GPP 23.038 §6.2.1.1)
		case b < 128:
			r = gsm.runes[b]
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}

func decodeCharmap(m *charmap.Charmap, octets []byte) string {
	out := make([]byte, 0, len(octets)+8)
	for _, b := range octets {
		out = utf8.AppendRune(out, m.DecodeByte(b))
	}
	return string(out)
}

// payload returns the message: short_message, or where that is empty the TLV message_payload.
func (p *PDU) payload() []byte {
	if b := p.Bytes(FieldShortMessage); len(b) > 0 {
		return b
	}
	v, _ := p.TLV(TagMessagePayload)
	return v
}

// UDH returns the user data header with its length octet, borrowed; nil if there is none.
func (p *PDU) UDH() []byte {
	b := p.payload()
	if p.Int(FieldESMClass)&esmUDHI == 0 || len(b) == 0 || int(b[0]) >= len(b) {
		return nil
	}
	return b[: 1+int(b[0]) : 1+int(b[0])]
}

// Text returns the text of the message, without a user data header.
func (p *PDU) Text() (string, error) {
	return DecodeText(uint8(p.Int(FieldDataCoding)), p.payload()[len(p.UDH()):])
}
