package pdu

import (
	"math/big"
	"strings"
)

// SameID reports whether two message ids are the same in the forms that SMSCs give them in: verbatim; in another
// case; with zeros in front; one in hexadecimal digits and the other in decimal ones (a submit_sm_resp may have
// "0A1B" where the receipt has "2587": SMPP 3.4 appendix B has decimal ones, and §5.2.23 leaves the form to the SMSC). An empty id is the same as no other.
//
// The last form can be wrong about two short ids ("10" and "16"): where an SMSC keeps to one form, compare verbatim.
func SameID(a, b string) bool {
	if a == "" || b == "" || len(a) > maxID || len(b) > maxID {
		return a == b && a != ""
	}
	if asciiFold(a, b) {
		return true
	}
	a, b = trimZeros(a), trimZeros(b)
	return asciiFold(a, b) || hexIsDecimal(a, b) || hexIsDecimal(b, a)
}

// maxID is more than message_id holds (65 octets, SMPP 3.4 §5.2.23): what is longer is compared verbatim.
const maxID = 100

func trimZeros(s string) string {
	if t := strings.TrimLeft(s, "0"); t != "" {
		return t
	}
	return "0"
}

// hexIsDecimal reports whether h in hexadecimal is the number d in decimal.
func hexIsDecimal(h, d string) bool {
	if len(h) > len(d) || !digits(d, false) || !digits(h, true) {
		return false
	}
	x, _ := new(big.Int).SetString(h, 16)
	y, _ := new(big.Int).SetString(d, 10)
	return x.Cmp(y) == 0
}

func digits(s string, hex bool) bool {
	for i := range len(s) {
		c := s[i]
		if !('0' <= c && c <= '9' || hex && ('a' <= c|0x20 && c|0x20 <= 'f')) {
			return false
		}
	}
	return s != ""
}
