package pdu

import (
	"encoding/binary"
	"math/bits"
)

// C-octet strings are short: their NUL is found faster by looking at eight octets at once than by the routine behind bytes.IndexByte, which is
// for long ones.

// indexNUL is where the first NUL stands; the length if there is none.
func indexNUL(v []byte) (n int) {
	for ; len(v) >= 8; v = v[8:] {
		if w := nuls(binary.LittleEndian.Uint64(v)); w != 0 {
			return n + bits.TrailingZeros64(w)/8
		}
		n += 8
	}
	for i, c := range v {
		if c == 0 {
			return n + i
		}
	}
	return n + len(v)
}

// hasNUL reports whether there is a NUL in s.
func hasNUL(s string) bool {
	if len(s) < 8 {
		for i := range len(s) {
			if s[i] == 0 {
				return true
			}
		}
		return false
	}
	for rest := s; len(rest) > 8; rest = rest[8:] {
		if nuls(word(rest)) != 0 {
			return true
		}
	}
	return nuls(word(s[len(s)-8:])) != 0 // some of them for the second time
}

// word is the first eight octets of s, the first one lowest.
func word(s string) uint64 {
	return uint64(s[7])<<56 | uint64(s[6])<<48 | uint64(s[5])<<40 | uint64(s[4])<<32 |
		uint64(s[3])<<24 | uint64(s[2])<<16 | uint64(s[1])<<8 | uint64(s[0])
}

// nuls is 0 for eight octets without a NUL; else its lowest bit is in the lowest one.
func nuls(w uint64) uint64 { return (w - 0x0101010101010101) &^ w & 0x8080808080808080 }
