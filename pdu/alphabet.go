package pdu

import "fmt"

// Alphabet is how the characters of a text are written as octets (SMPP 3.4 §5.2.19).
type Alphabet uint8

// The alphabets. The zero value is GSM, which is what data_coding 0 means unless a bind says otherwise.
const (
	GSM       Alphabet = iota // GSM 03.38, one septet an octet (3GPP 23.038 §6.2.1)
	GSMPacked                 // GSM 03.38, eight septets in seven octets (§6.1.2.1)
	ASCII                     // IA5
	Latin1                    // ISO 8859-1
	Cyrillic                  // ISO 8859-5
	Hebrew                    // ISO 8859-8
	UCS2                      // UTF-16, big-endian: UCS-2 and surrogates
	ShiftJIS                  // JIS X 0208
	ISO2022JP                 // JIS X 0208 by escape sequences
	EUCJP                     // JIS X 0208 and X 0212
	EUCKR                     // KS C 5601
	Binary                    // octets, no text
	numAlphabets
)

var alphabetNames = [numAlphabets]string{"gsm", "gsm_packed", "ascii", "latin1", "cyrillic", "hebrew", "ucs2",
	"shift_jis", "iso_2022_jp", "euc_jp", "euc_kr", "binary"}

// String is the name that scripts and configurations write (SMPP 3.4 §5.2.19).
func (a Alphabet) String() string {
	if a < numAlphabets {
		return alphabetNames[a]
	}
	return fmt.Sprintf("alphabet %d", uint8(a))
}

// AlphabetByName finds an alphabet by its name (SMPP 3.4 §5.2.19).
func AlphabetByName(name string) (Alphabet, bool) {
	for a, n := range alphabetNames {
		if n == name {
			return Alphabet(a), true
		}
	}
	return 0, false
}

// AlphabetNames are the names of all alphabets (SMPP 3.4 §5.2.19).
func AlphabetNames() []string { return append([]string(nil), alphabetNames[:]...) }

// The values of data_coding that name an alphabet (SMPP 3.4 §5.2.19). ShiftJIS is what gateways send as
// "JIS X 0208"; "extended Kanji JIS" has X 0212 too, which only EUC-JP can write.
var alphabetOfCoding = [16]Alphabet{
	0x0: GSM, 0x1: ASCII, 0x2: Binary, 0x3: Latin1, 0x4: Binary, 0x5: ShiftJIS, 0x6: Cyrillic, 0x7: Hebrew, 0x8: UCS2,
	0x9: numAlphabets, 0xA: ISO2022JP, 0xB: numAlphabets, 0xC: numAlphabets, 0xD: EUCJP, 0xE: EUCKR, 0xF: numAlphabets,
}

// AlphabetOf returns the alphabet that a data_coding stands for; zero is what 0 means. It is false for a
// value that is reserved or whose text is not known (pictograms).
//
// Above 0x0F the octet is read as GSM's own data coding scheme, as SMSCs do that pass it on: 0x10-0x7F have
// the alphabet in bits 3 and 2, 0xC0-0xEF are message waiting indications, 0xF0-0xFF have a message
// class and 8-bit data by bit 2 (3GPP 23.038 §4). GSM text in there is packed where zero is [GSMPacked].
func AlphabetOf(dataCoding uint8, zero Alphabet) (Alphabet, bool) {
	gsm := GSM
	if zero == GSMPacked {
		gsm = GSMPacked
	}
	switch {
	case dataCoding == 0:
		return zero, true
	case dataCoding < 0x10:
		a := alphabetOfCoding[dataCoding]
		return a, a != numAlphabets
	case dataCoding < 0x80:
		if dataCoding&0x20 != 0 {
			return 0, false // compressed, which nobody sends
		}
		switch dataCoding & 0x0C {
		case 0x00:
			return gsm, true
		case 0x04:
			return Binary, true
		case 0x08:
			return UCS2, true
		}
		return 0, false
	case dataCoding < 0xC0:
		return 0, false
	case dataCoding < 0xE0:
		return gsm, true
	case dataCoding < 0xF0:
		return UCS2, true
	case dataCoding&0x04 != 0:
		return Binary, true
	}
	return gsm, true
}

// dataCoding is the value for an alphabet. A flash message has class 0.
func (a Alphabet) dataCoding(flash bool) (uint8, bool) {
	if flash {
		switch a {
		case GSM, GSMPacked:
			return 0xF0, true
		case UCS2:
			return 0x18, true // 0xF0 has no UCS-2
		case Binary:
			return 0xF4, true
		}
		return 0, false
	}
	if a == GSM || a == GSMPacked {
		return 0, true
	}
	if a == Binary {
		return 0x04, true
	}
	for c, x := range alphabetOfCoding {
		if x == a {
			return uint8(c), true
		}
	}
	return 0, false
}

// check refuses a number that is no alphabet.
func (a Alphabet) check() error {
	if a >= numAlphabets {
		return fmt.Errorf("%d is no alphabet: take one of the constants", uint8(a))
	}
	return nil
}
