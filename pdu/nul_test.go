package pdu

import (
	"bytes"
	"testing"
)

// A NUL is found at each place of strings of each length, beside octets that differ from it by a bit, and others behind it.
func TestNUL(t *testing.T) {
	for length := range 40 {
		for _, fill := range []byte{0x01, 0x80, 0x81, 0xFF, 'x'} {
			v := bytes.Repeat([]byte{fill}, length)
			if n := indexNUL(v); n != length || hasNUL(string(v)) {
				t.Fatalf("% x: a NUL at %d, %t", v, n, hasNUL(string(v)))
			}
			more := bytes.Clone(v)
			for at := length - 1; at >= 0; at-- {
				v[at], more[at] = 0, 0 // alone, and with others behind it
				for _, v := range [][]byte{v, more} {
					if n := indexNUL(v); n != at || !hasNUL(string(v)) {
						t.Fatalf("% x: a NUL at %d, %t, want %d", v, n, hasNUL(string(v)), at)
					}
				}
				v[at] = fill
			}
		}
	}
}
