package main

import (
	"strings"
	"testing"
)

func TestOneLine(t *testing.T) {
	for given, want := range map[string]string{
		"s.lua:1: it's wrong: é": "s.lua:1: it's wrong: é",
		"a\nb\tc\x1b[2J\x00":     `a\nb\tc\x1b[2J\x00`,
		"right\u202eleft":        `right\u202eleft`,
		"\x9b2J":                 "\ufffd2J",
		strings.Repeat("x", 400): strings.Repeat("x", 300) + " ... (400 octets)",
	} {
		if got := oneLine(given, 300); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
}
