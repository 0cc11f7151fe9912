package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// notHex are the signs that people and programs write between octets.
var notHex = strings.NewReplacer(":", " ", "-", " ", ",", " ", ";", " ", "\"", " ", "'", " ", "{", " ", "}", " ", `\x`, " ")

// octetsOf reads hex as people have it. Groups of one or two digits each, as a program writes a list of octets, are an octet each;
// others have two digits for each octet: glued together, an odd group would move all digits behind it.
func octetsOf(text string) ([]byte, error) {
	groups := strings.Fields(notHex.Replace(text))
	each := true
	for i, g := range groups {
		groups[i] = strings.TrimPrefix(strings.TrimPrefix(g, "0x"), "0X")
		each = each && len(groups[i]) <= 2
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
