package main

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/esmehost/esmehost/diag"
)

// oneLine is a text that a script or a peer may have made, as a cell of a table: what would move the cursor, break the
// line or speak to the terminal is escaped, and of a long one there is the beginning. --json has all of it.
func oneLine(s string, most int) string {
	var b strings.Builder
	for _, r := range diag.Shortened(s, most) {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}
