// Package diag says where something is wrong in a file that a person wrote, and what to do about it.
package diag

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/xrash/smetrics"
)

// Diagnostic is one thing that is wrong. Line and Column count from 1, the column in characters; 0 is
// "not known". Source is the line concerned.
type Diagnostic struct {
	File         string
	Line, Column int
	Width        int // characters to underline; 0 = 1
	Message      string
	Remedy       string
	Source       string
}

// Place returns file:line:column, as far as they are known.
func (d Diagnostic) Place() string {
	switch {
	case d.Line == 0:
		return d.File
	case d.Column == 0:
		return fmt.Sprintf("%s:%d", d.File, d.Line)
	}
	return fmt.Sprintf("%s:%d:%d", d.File, d.Line, d.Column)
}

// String returns the place, the message and the remedy in one line.
func (d Diagnostic) String() string {
	s := d.Message
	if d.Remedy != "" {
		s += "; " + d.Remedy
	}
	if p := d.Place(); p != "" {
		return p + ": " + s
	}
	return s
}

// List is everything that is wrong.
type List []Diagnostic

// Error returns the diagnostics, a line each.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Sort orders the list by place. Diagnostics of one place keep their order.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// Print writes each diagnostic with its source line and a caret under the place.
func (l List) Print(w io.Writer) {
	for _, d := range l {
		fmt.Fprintf(w, "%s: %s\n", cmp.Or(d.Place(), "error"), d.Message)
		if source, column := d.excerpt(); source != "" {
			fmt.Fprintf(w, "  %s\n", source)
			if column > 0 {
				fmt.Fprintf(w, "  %s%s\n", indent(source, column), strings.Repeat("^", max(1, min(d.Width, maxShown))))
			}
		}
		if d.Remedy != "" {
			fmt.Fprintf(w, "  %s\n", d.Remedy)
		}
	}
}

// maxShown is how many characters of a line are shown.
const maxShown = 200

// excerpt is the line, or of a long one what stands around the column, and where that is in it.
func (d Diagnostic) excerpt() (source string, column int) {
	if len(d.Source) <= maxShown {
		return d.Source, d.Column
	}
	chars := []rune(d.Source)
	from := max(0, min(d.Column-maxShown/2, len(chars)-maxShown))
	to := min(from+maxShown, len(chars))
	source, column = string(chars[from:to]), d.Column
	if from > 0 {
		source, column = "..."+source, column-from+3
	}
	if to < len(chars) {
		source += "..."
	}
	return source, column
}

// indent is as wide as the characters before the column: tabs stay tabs.
func indent(source string, column int) string {
	var b strings.Builder
	n := 1
	for _, r := range source {
		if n >= column {
			return b.String()
		}
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
		n++
	}
	b.WriteString(strings.Repeat(" ", column-n))
	return b.String()
}

// SourceLine returns the line of src, counted from 1, without its end.
func SourceLine(src []byte, line int) string {
	for i, s := range bytes.Split(src, []byte("\n")) {
		if i+1 == line {
			return strings.TrimRight(string(s), "\r")
		}
	}
	return ""
}

// Column finds the word on the line as a whole word: the column in characters, and how wide it is; 0 if
// it is not there.
func Column(src []byte, line int, word string) (column, width int) {
	if word == "" {
		return 0, 0
	}
	s := SourceLine(src, line)
	inWord := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	for from := 0; ; {
		i := strings.Index(s[from:], word)
		if i < 0 {
			return 0, 0
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+len(word):])
		if !inWord(before) && !inWord(after) {
			return utf8.RuneCountInString(s[:i]) + 1, utf8.RuneCountInString(word)
		}
		from = i + 1
	}
}

// Near returns the candidate that was probably meant by name, or "".
func Near(name string, candidates []string) string {
	best, distance := "", 3 // two letters swapped are two edits
	if len(name) < 4 {
		distance = 2
	}
	distance = max(distance, len(name)/3)
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := smetrics.WagnerFischer(strings.ToLower(name), strings.ToLower(c), 1, 1, 1); d < distance {
			best, distance = c, d
		}
	}
	return best
}

// DidYouMean returns a remedy that names the near candidate, or else says which there are.
func DidYouMean(name string, candidates []string) string {
	if near := Near(name, candidates); near != "" {
		return fmt.Sprintf("did you mean '%s'?", near)
	}
	return "known are: " + strings.Join(slices.Sorted(slices.Values(candidates)), ", ")
}

// Shortened is s, or its beginning and its length where it has more than most octets.
func Shortened(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + fmt.Sprintf(" ... (%d octets)", len(s))
}
