package pdu

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The ways in which SMSCs write a receipt, mixed at random: the order of the fields, which of them there are, how keys are written, what
// stands between, and the forms of the dates. Each reads as what it was made of.
func TestReceiptForms(t *testing.T) {
	var (
		dates = rapid.SampledFrom([]string{"2601021504", "260102150405", "20260102150405", "260102 1504", "260102 150405", "20260102 1504", "260102  1504",
			"260102\t1504", "0000000000", "2026-01-02 15:04:05", "02/01/2026 15:04", "2026-01-02T15:04:05"})
		spaces = rapid.SampledFrom([]string{"", "", "", " ", "  "})
		keys   = [...][]string{{"id"}, {"sub"}, {"dlvrd"}, {"submit date", "submit_date", "submit-date", "submitdate", "submit  date"},
			{"done date", "done_date", "donedate", "done  date"}, {"stat"}, {"err"}, {"text"}}
		values = [...]*rapid.Generator[string]{
			rapid.StringMatching(`[0-9]{1,10}|[0-9A-F]{8}|[0-9a-f]{8}-[0-9]{4}`), rapid.StringMatching(`[0-9]{1,3}`), rapid.StringMatching(`[0-9]{1,3}`), dates, dates,
			rapid.SampledFrom([]string{"DELIVRD", "EXPIRED", "UNDELIV", "REJECTD", "FAILED", "ACKED", "BUFFRED", "delivrd"}),
			rapid.SampledFrom([]string{"000", "255", "-1", "A1", "EC8"}), rapid.SampledFrom([]string{"", "hi", "hello, you", "at 15:04 we met"})}
	)
	rapid.Check(t, func(t *rapid.T) {
		between := rapid.SampledFrom([]string{" ", " ", "  ", ",", ", ", ";", "|", "\r\n", "\t", ""}).Draw(t, "between")
		order := rapid.Permutation([]int{keyID, keySub, keyDlvrd, keySubmitDate, keyDoneDate, keyStat, keyErr}).Draw(t, "order")
		if between == "" { // right behind another value only an id would not be known from the value
			order = append([]int{keyID}, deleteKey(order, keyID)...)
		}
		order = append(order, keyText)
		inside := between != "" && rapid.IntRange(0, 3).Draw(t, "inside") == 0 // the text is not the last
		if inside {
			order = rapid.Permutation(order).Draw(t, "any order")
		}
		var want Receipt
		var parts []string
		without := [keyNone]bool{}
		for key := range without {
			without[key] = rapid.IntRange(0, 5).Draw(t, "without") == 0
		}
		if inside && oneBehindErr(order, without) { // one field, and not the only one that misses, behind a text that stands where appendix B has it: it is of the text
			inside = false
			order = append(deleteKey(order, keyText), keyText)
		}
		for _, key := range order {
			if without[key] {
				continue
			}
			if key == keyText && between == "" && len(parts) == 1 && want.ID != "" {
				continue // "id:1text:" may be an id with a colon
			}
			name := rapid.SampledFrom(keys[key]).Draw(t, "name")
			switch rapid.IntRange(0, 2).Draw(t, "case") {
			case 1:
				name = strings.ToUpper(name)
			case 2:
				name = strings.ToUpper(name[:1]) + name[1:]
			}
			before, behind := spaces.Draw(t, "before"), spaces.Draw(t, "behind")
			value := values[key].Draw(t, "value")
			if inside && (key == keySubmitDate || key == keyDoneDate) && strings.ContainsAny(value, "-/") {
				value = "2601021504" // what is no plain date may be the subscriber's
			}
			if between == "" { // then a key is known only as appendix B has it, and from values of capitals and digits
				name, before = keys[key][0], ""
				if key != keyText {
					value = strings.ToUpper(value)
				}
			}
			*want.field(key) = value
			parts = append(parts, name+before+":"+behind+value)
		}
		s := strings.Join(parts, between)
		want.Text = strings.TrimLeft(want.Text, " ")
		var got Receipt
		if looked := got.parse(s); looked > 40*len(s)+40 {
			t.Fatalf("%d looks for %d octets", looked, len(s))
		}
		got.Text = strings.TrimLeft(got.Text, " ") // a space behind the colon
		if got != want {
			t.Fatalf("%q\nis   %+v\nwant %+v", s, got, want)
		}
	})
}

// oneBehindErr reports whether an id, a stat and an err stand before the text of a receipt and one field behind it, and
// others are not there.
func oneBehindErr(order []int, without [keyNone]bool) bool {
	text := slices.Index(order, keyText)
	for _, key := range []int{keyID, keyStat, keyErr} {
		if without[key] || slices.Index(order, key) > text {
			return false
		}
	}
	behind := 0
	for _, key := range order[text+1:] {
		if !without[key] {
			behind++
		}
	}
	return behind == 1 && slices.Contains(without[:], true)
}

func deleteKey(keys []int, key int) (rest []int) {
	for _, k := range keys {
		if k != key {
			rest = append(rest, k)
		}
	}
	return rest
}
