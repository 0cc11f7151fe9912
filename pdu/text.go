package pdu

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
)

// Encoding is an alphabet (SMPP 3.4 §5.2.19) and, for GSM 03.38 (3GPP 23.038 §6.2.1.2), the languages whose tables take the places of the default ones.
type Encoding struct {
	Alphabet Alphabet
	Locking  Language // of the main table
	Single   Language // of the extension table
}

// TextError says which character of a text has no place in an alphabet (SMPP 3.4 §5.2.19).
type TextError struct {
	Alphabet Alphabet
	Offset   int  // in the text, in octets
	Rune     rune // -1 where the text is not UTF-8
}

// Code is a stable word: invalid_text where the text is not UTF-8, else not_in_alphabet.
func (e *TextError) Code() string {
	if e.Rune < 0 {
		return "invalid_text"
	}
	return "not_in_alphabet"
}

// Error names the character and its place.
func (e *TextError) Error() string {
	if e.Rune < 0 {
		return fmt.Sprintf("the text is not UTF-8 at octet %d: convert it, or send it as binary", e.Offset)
	}
	return fmt.Sprintf("%q (%U) at octet %d is not in the alphabet %s: leave the choice of it open, or take ucs2", e.Rune, e.Rune, e.Offset, e.Alphabet)
}

// Append appends s, which is UTF-8, in the encoding (SMPP 3.4 §5.2.19); for [Binary] as it is. It says nothing of lengths: see [SplitText]. A character
// that has no place is a *[TextError], and dst comes back as it was. The room of dst behind the result may be written to, as far as len(dst)+2*len(s).
func (e Encoding) Append(dst []byte, s string) ([]byte, error) {
	before := len(dst)
	dst, err := e.append(dst, s)
	if err != nil {
		return dst[:before], err
	}
	return dst, nil
}

func (e Encoding) append(dst []byte, s string) ([]byte, error) {
	bad := -1
	switch e.Alphabet {
	case GSM:
		dst, bad = tablesOf(e.Locking, e.Single).append(dst, s)
	case GSMPacked:
		return e.appendPacked(dst, s, 0)
	case ASCII:
		for i := 0; i < len(s) && bad < 0; i++ {
			if s[i] >= utf8.RuneSelf {
				bad = i
			}
		}
		if bad < 0 {
			dst = append(dst, s...)
		}
	case UCS2:
		dst, bad = appendUCS2(dst, s)
	case Binary:
		return append(dst, s...), nil
	default:
		if err := e.Alphabet.check(); err != nil {
			return dst, err
		}
		return e.appendForeign(dst, s)
	}
	if bad >= 0 {
		return dst, e.bad(s, bad)
	}
	return dst, nil
}

func (e Encoding) bad(s string, at int) error {
	r, _ := utf8.DecodeRuneInString(s[at:])
	if r == utf8.RuneError && !hasReplacement(s[at:]) {
		r = -1
	}
	return &TextError{Alphabet: e.Alphabet, Offset: at, Rune: r}
}

// appendPacked packs the text behind a user data header of so many octets, which is not appended.
func (e Encoding) appendPacked(dst []byte, s string, header int) ([]byte, error) {
	septets, bad := tablesOf(e.Locking, e.Single).append(make([]byte, 0, len(s)+16), s)
	if bad >= 0 {
		return dst, e.bad(s, bad)
	}
	return packSeptets(dst, septets, fillBits(header)), nil
}

func appendUCS2(dst []byte, s string) (out []byte, bad int) {
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !hasReplacement(s[i:]):
			return dst, i
		case r < 0x10000:
			dst = append(dst, byte(r>>8), byte(r))
		default:
			hi, lo := utf16.EncodeRune(r)
			dst = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(dst, uint16(hi)), uint16(lo))
		}
	}
	return dst, -1
}

// hasReplacement tells U+FFFD, which is a character, from octets that are not UTF-8.
func hasReplacement(s string) bool {
	_, n := utf8.DecodeRuneInString(s)
	return n == 3
}

// foreign are the alphabets that x/text writes.
var foreign = [numAlphabets]encoding.Encoding{Latin1: charmap.ISO8859_1, Cyrillic: charmap.ISO8859_5, Hebrew: charmap.ISO8859_8,
	ShiftJIS: japanese.ShiftJIS, ISO2022JP: japanese.ISO2022JP, EUCJP: japanese.EUCJP, EUCKR: korean.EUCKR}

func (e Encoding) appendForeign(dst []byte, s string) ([]byte, error) {
	x := foreign[e.Alphabet]
	if m, ok := x.(*charmap.Charmap); ok {
		for i, r := range s {
			b, ok := m.EncodeRune(r)
			if !ok {
				return dst, e.bad(s, i)
			}
			dst = append(dst, b)
		}
		return dst, nil
	}
	octets, err := x.NewEncoder().String(s)
	if err != nil || !utf8.ValidString(s) {
		for i, r := range s { // which one was it?
			if _, err := x.NewEncoder().String(string(r)); err != nil || r == utf8.RuneError {
				return dst, e.bad(s, i)
			}
		}
	}
	return append(dst, octets...), nil
}

// AppendText appends the text of octets in the encoding, as UTF-8 (SMPP 3.4 §5.2.19). What means nothing in the alphabet becomes
// U+FFFD; [Binary] is appended as it is.
func (e Encoding) AppendText(dst, octets []byte) []byte { return e.appendText(dst, octets, 0) }

// Decode is AppendText to a string (SMPP 3.4 §5.2.19).
func (e Encoding) Decode(octets []byte) string {
	return string(e.AppendText(make([]byte, 0, len(octets)+8), octets))
}

func (e Encoding) appendText(dst, octets []byte, header int) []byte {
	switch e.Alphabet {
	case GSM:
		return tablesOf(e.Locking, e.Single).appendText(dst, octets)
	case GSMPacked:
		septets := unpackSeptets(make([]byte, 0, len(octets)*8/7), octets, fillBits(header))
		return tablesOf(e.Locking, e.Single).appendText(dst, septets)
	case ASCII:
		for _, b := range octets {
			if b < utf8.RuneSelf {
				dst = append(dst, b)
			} else {
				dst = utf8.AppendRune(dst, utf8.RuneError)
			}
		}
		return dst
	case UCS2:
		return appendFromUCS2(dst, octets)
	case Binary:
		return append(dst, octets...)
	}
	if e.Alphabet.check() != nil {
		return append(dst, strings.Repeat(string(utf8.RuneError), len(octets))...)
	}
	x := foreign[e.Alphabet]
	if m, ok := x.(*charmap.Charmap); ok {
		for _, b := range octets {
			dst = utf8.AppendRune(dst, m.DecodeByte(b))
		}
		return dst
	}
	text, err := x.NewDecoder().Bytes(octets)
	if err != nil { // the decoders replace what they do not know; one that does not is not trusted
		return utf8.AppendRune(dst, utf8.RuneError)
	}
	return append(dst, text...)
}

func appendFromUCS2(dst, octets []byte) []byte {
	for ; len(octets) >= 2; octets = octets[2:] {
		r := rune(binary.BigEndian.Uint16(octets))
		if utf16.IsSurrogate(r) {
			if len(octets) < 4 {
				r = utf8.RuneError
			} else if r = utf16.DecodeRune(r, rune(binary.BigEndian.Uint16(octets[2:]))); r != utf8.RuneError {
				octets = octets[2:]
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	if len(octets) > 0 {
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	return dst
}

// EncodeText encodes s as GSM 03.38, one septet an octet (data_coding 0), if every character has a place
// in the default alphabet or its extension (SMPP 3.4 §5.2.19); else as UCS-2, big-endian with surrogates (data_coding 8), where
// what is not UTF-8 becomes U+FFFD. [SplitText] has the other alphabets, and text of more than one part.
func EncodeText(s string) (dataCoding uint8, octets []byte) {
	octets, bad := gsmDefault.append(make([]byte, 0, len(s)), s)
	if bad < 0 {
		return 0, octets
	}
	octets, _ = appendUCS2(make([]byte, 0, 2*len(s)), string([]rune(s)))
	return 8, octets
}

// DecodeText returns the text of octets (SMPP 3.4 §5.2.19). Those that mean nothing in their alphabet become U+FFFD. It is an
// error when the data_coding is of no text that is known. data_coding 0 is read as GSM 03.38; see
// [PDU.TextAs] for other SMSCs, packed text, and messages with a user data header.
func DecodeText(dataCoding uint8, octets []byte) (string, error) {
	a, ok := AlphabetOf(dataCoding, GSM)
	if !ok || a == Binary {
		return "", fmt.Errorf("data_coding 0x%02X is no text that is known", dataCoding)
	}
	return Encoding{Alphabet: a}.Decode(octets), nil
}

// Text returns the text of the message, without a user data header, in UTF-8 (SMPP 3.4 §5.2.19); data_coding 0 is read as GSM 03.38. It is an
// error when data_coding is of no text that is known.
func (p *PDU) Text() (string, error) { return p.TextAs(GSM) }

// TextAs is Text where zero is what data_coding 0 means to the peer (SMPP 3.4 §5.2.19: its default alphabet).
func (p *PDU) TextAs(zero Alphabet) (string, error) {
	e, err := p.Encoding(zero)
	if err != nil {
		return "", err
	}
	u := p.UDH()
	octets := p.payload()[len(u):]
	return string(e.appendText(make([]byte, 0, len(octets)+8), octets, len(u))), nil
}

// Encoding says how the message's text is written (SMPP 3.4 §5.2.19): by data_coding, of which zero is the meaning of 0, and
// the national languages of the user data header. It is an error when it is no text that is known.
func (p *PDU) Encoding(zero Alphabet) (Encoding, error) {
	dataCoding := uint8(p.Int(FieldDataCoding))
	a, ok := AlphabetOf(dataCoding, zero)
	if !ok || a == Binary {
		return Encoding{Alphabet: Binary}, fmt.Errorf("data_coding 0x%02X is no text that is known", dataCoding)
	}
	if err := a.check(); err != nil {
		return Encoding{Alphabet: Binary}, err
	}
	e := Encoding{Alphabet: a}
	if a == GSM || a == GSMPacked {
		e.Locking, e.Single = p.UDH().Languages()
	}
	return e, nil
}
