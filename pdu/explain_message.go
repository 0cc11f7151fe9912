package pdu

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
)

// writeMessage writes what the message of a PDU says: its header, its text, its receipt.
func (p *PDU) writeMessage(w io.Writer, zero Alphabet) {
	u := p.UDH()
	if p.Int(FieldESMClass)&esmUDHI != 0 && u == nil && len(p.payload()) > 0 {
		fmt.Fprintf(w, "header: it says that it has %d octets, the message has %d: read as text\n", p.payload()[0], len(p.payload())-1)
	}
	for id, data := range u.Elements() {
		fmt.Fprintf(w, "header: 0x%02X %s  % x\n", id, elementMeaning(id, data), data)
	}
	if len(u) > 1 && !u.Valid() {
		fmt.Fprintln(w, "header: an element runs past its end")
	}
	if s, ok := p.Segment(); ok && s.Kind == SAR {
		fmt.Fprintf(w, "segment: part %d of %d, reference %d\n", s.Number, s.Total, s.Reference)
	}
	r, isReceipt := p.Receipt()
	if isReceipt {
		fmt.Fprintf(w, "receipt: %s\n", r.meaning())
	}
	text, err := p.TextAs(zero)
	if b := p.payload(); isReceipt { // C's end of a string is no "@" of the message, though GSM 03.38 says so
		for n := len(b) - len(bytes.TrimRight(b, "\x00")); n > 0; n-- {
			text = strings.TrimSuffix(strings.TrimSuffix(text, "@"), "\x00")
		}
	}
	if err == nil && text != "" {
		fmt.Fprintf(w, "text: %q\n", text)
	}
}

// elementMeaning says in words what an information element means (3GPP 23.040 §9.2.3.24).
func elementMeaning(id uint8, data []byte) string {
	one := UDH(nil).AppendElement(id, data)
	if s, ok := one.Segment(); ok {
		return fmt.Sprintf("part %d of %d, reference %d", s.Number, s.Total, s.Reference)
	}
	if d, s, ok := one.Ports(); ok {
		return fmt.Sprintf("ports: to %d, from %d", d, s)
	}
	switch locking, single := one.Languages(); {
	case locking != 0:
		return "national main table: " + locking.String()
	case single != 0:
		return "national extension table: " + single.String()
	}
	switch id {
	case IEConcat8, IEConcat16:
		return "parts: impossible numbers"
	case 0x01:
		return "message waiting"
	case 0x06:
		return "SMSC control parameters"
	case 0x0A:
		return "text formatting"
	case 0x70:
		return "SIM toolkit security"
	}
	return "element"
}

// meaning says in words what a receipt says.
func (r *Receipt) meaning() string {
	var b strings.Builder
	add := func(name, value, meaning string) {
		if value == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %.80q", name, value)
		if meaning != "" {
			b.WriteString(" (" + meaning + ")")
		}
	}
	at := func(s string) string {
		t, ok := ParseReceiptDate(s, time.UTC)
		if !ok {
			return "no date"
		}
		return t.Format("2006-01-02 15:04:05")
	}
	add("id", r.ID, "")
	add("id in the text", r.TextID, "")
	state := "no state that is known"
	if s, ok := r.State(); ok {
		state = s.String()
	}
	if r.Final() {
		state += ", final"
	}
	add("stat", r.Stat, state)
	add("err", r.Err, "")
	if n := r.NetworkError; n.Type != 0 {
		add("network error", fmt.Sprintf("%d of network type %d", n.Code, n.Type), "")
	}
	add("submitted", r.SubmitDate, at(r.SubmitDate))
	add("done", r.DoneDate, at(r.DoneDate))
	if b.Len() == 0 {
		return "nothing that can be read"
	}
	return b.String()
}

// timeMeaning says in words what a time means.
func timeMeaning(s string) string {
	if s == "" {
		return ""
	}
	t, err := ParseTime(s, time.UTC)
	if err != nil {
		return "no SMPP time"
	}
	if !t.Relative {
		return t.Absolute.Format("2006-01-02 15:04:05.0 -07:00")
	}
	var parts []string
	for _, x := range []struct {
		n    int
		unit string
	}{{t.Years, "y"}, {t.Months, "mo"}, {t.Days, "d"}, {t.Hours, "h"}, {t.Minutes, "min"}, {t.Seconds, "s"}} {
		if x.n != 0 {
			parts = append(parts, fmt.Sprint(x.n, x.unit))
		}
	}
	if parts == nil {
		return "now"
	}
	return "in " + strings.Join(parts, " ")
}

// codingMeaning says in words what a data_coding above 0x0F means (3GPP 23.038 §4).
func codingMeaning(n uint8, zero Alphabet) string {
	a, ok := AlphabetOf(n, zero)
	if !ok {
		return "reserved"
	}
	group := "GSM"
	switch {
	case n >= 0xF0:
		group = "GSM message class"
	case n >= 0xC0:
		group = "GSM message waiting indication"
	case n >= 0x40:
		group = "GSM, to be deleted"
	}
	meaning := fmt.Sprintf("%s, %s", group, a)
	switch {
	case n >= 0xF0, n < 0x80 && n&0x10 != 0:
		meaning += fmt.Sprintf(", class %d", n&3)
	case n >= 0xC0:
		kind := [...]string{"voicemail", "fax", "e-mail", "other"}[n&3]
		meaning += fmt.Sprintf(", %s %s", kind, map[bool]string{true: "waiting", false: "none waiting"}[n&8 != 0])
	}
	return meaning
}
