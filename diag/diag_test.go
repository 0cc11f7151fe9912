package diag_test

import (
	"strings"
	"testing"

	"github.com/esmehost/esmehost/diag"
)

func TestPrintPutsTheCaretUnderThePlace(t *testing.T) {
	src := []byte("a: 1\n\tgrüße = sned_pdu(x)\n")
	column, width := diag.Column(src, 2, "sned_pdu")
	l := diag.List{{File: "b.lua", Line: 2, Column: column, Width: width, Message: "no such thing",
		Remedy: diag.DidYouMean("sned_pdu", []string{"reply", "send_pdu"}), Source: diag.SourceLine(src, 2)}}
	var b strings.Builder
	l.Print(&b)
	want := "b.lua:2:10: no such thing\n  \tgrüße = sned_pdu(x)\n  \t        ^^^^^^^^\n  did you mean 'send_pdu'?\n"
	if b.String() != want {
		t.Fatalf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestColumnFindsWholeWordsOnly(t *testing.T) {
	if c, _ := diag.Column([]byte("foobar foo"), 1, "foo"); c != 8 {
		t.Fatalf("column %d", c)
	}
	if c, _ := diag.Column([]byte("foobar"), 1, "foo"); c != 0 {
		t.Fatalf("column %d", c)
	}
}

func TestNear(t *testing.T) {
	known := []string{"window", "queue", "response_limit"}
	for name, want := range map[string]string{"windwo": "window", "qeue": "queue", "respons_limit": "response_limit", "zebra": ""} {
		if got := diag.Near(name, known); got != want {
			t.Errorf("Near(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestSort(t *testing.T) {
	l := diag.List{{File: "b", Line: 1}, {File: "a", Line: 2}, {File: "a", Line: 1, Column: 3}, {File: "a", Line: 1, Column: 1}}
	l.Sort()
	if got := l.Error(); got != "a:1:1: \na:1:3: \na:2: \nb:1: " {
		t.Fatalf("got %q", got)
	}
}
