package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// notHex are the signs that people and programs write between octets.
var notHex = strings.NewReplacer(":", " ", "-", " ", ",", " ", ";", " ", "\"", " ", "'", " ", "{", " ", "}", " ", `\x`, " ")

var (
	// prefixedQuote is a quote with the b of a Python literal before it; behind another quote, or behind digits, a b is a digit.
	prefixedQuote = regexp.MustCompile(`(^|[\s,;:(\[{])[bB](['"])`)
	escapedOctet  = regexp.MustCompile(`\\x[0-9A-Za-z]{3,}`)
	// prefixedAll is \x before all digits, as PostgreSQL writes octets: a PDU has 32 of them or more.
	prefixedAll = regexp.MustCompile(`^\s*\\x[0-9A-Fa-f]{32,}\s*$`)
)

// octetsOf reads hex as people have it. Groups of one or two digits each, as a program writes a list of octets, are an octet each;
// others have two digits for each octet: glued together, an odd group would move all digits behind it.
func octetsOf(text string) ([]byte, error) {
	text = prefixedQuote.ReplaceAllString(text, "$1$2")
	if wrong := escapedOctet.FindString(text); wrong != "" && !prefixedAll.MatchString(text) {
		return nil, fmt.Errorf("'%s' is \\x, two digits and characters that stand for themselves: give all octets as hex", oneLine(wrong, 40))
	}
	groups := strings.Fields(notHex.Replace(text))
	each := true
	for i, g := range groups {
		groups[i] = strings.TrimPrefix(strings.TrimPrefix(g, "0x"), "0X")
		each = each && len(groups[i]) <= 2
	}
	if len(groups) == 0 {
		return nil, errors.New("it has no digits")
	}
	octets := make([]byte, 0, len(text)/2)
	for i, g := range groups {
		if each && len(g) == 1 {
			g = "0" + g
		}
		var err error
		octets, err = hex.AppendDecode(octets, []byte(g))
		place := fmt.Sprintf("group %d, '%s',", i+1, oneLine(g, 40))
		if len(groups) == 1 {
			place = "it"
		}
		switch {
		case errors.Is(err, hex.ErrLength):
			return nil, fmt.Errorf("%s has an odd number of digits, each octet has two", place)
		case err != nil:
			return nil, errors.New(strings.TrimPrefix(err.Error(), "encoding/hex: "))
		case g == "":
			return nil, fmt.Errorf("%s has no digits", place)
		}
	}
	return octets, nil
}
