package pdu

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func receiptPDU(text string, tlvs func(*Builder)) *PDU {
	b := NewBuilder(commandOf(CmdDeliverSM))
	b.SetInt(FieldESMClass, 4)
	b.SetString(FieldShortMessage, text)
	if tlvs != nil {
		tlvs(b)
	}
	return b.Build()
}

func TestReceipt(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		tlvs       func(*Builder)
		want       Receipt
	}{
		{"as in appendix B", "id:0123456789 sub:001 dlvrd:001 submit date:2601021504 done date:2601021505 stat:DELIVRD err:000 text:hi id:7", nil,
			Receipt{ID: "0123456789", Sub: "001", Dlvrd: "001", SubmitDate: "2601021504", DoneDate: "2601021505", Stat: "DELIVRD", Err: "000", Text: "hi id:7"}},
		{"another order, fields missing, a NUL", "stat:UNDELIV err:ABC id:a-b Text:x\x00", nil, Receipt{ID: "a-b", Stat: "UNDELIV", Err: "ABC", Text: "x"}},
		{"capitals", "ID:7 SUB:1 DLVRD:0 SUBMIT DATE:260102150405 Done Date:20260102150405 STAT:failed ERR:-1 TEXT:", nil,
			Receipt{ID: "7", Sub: "1", Dlvrd: "0", SubmitDate: "260102150405", DoneDate: "20260102150405", Stat: "failed", Err: "-1"}},
		{"spaces behind the colons, and values that are empty", "id: 12 sub: dlvrd:  submit date: 2601021504 done date: stat: EXPIRED err:", nil,
			Receipt{ID: "12", SubmitDate: "2601021504", Stat: "EXPIRED"}},
		{"lines", "id:1\r\nstat:DELIVRD\r\nerr:0\n", nil, Receipt{ID: "1", Stat: "DELIVRD", Err: "0"}},
		{"a vendor's field between", "id:1 smsc:abc stat:DELIVRD nc:4 err:001 text:", nil, Receipt{ID: "1", Stat: "DELIVRD", Err: "001"}},
		{"keys inside of words are none", "grid:9 id:1 xstat:NO stat:DELIVRD", nil, Receipt{ID: "1", Stat: "DELIVRD"}},
		{"the first of two counts", "id:1 id:2 stat:DELIVRD stat:EXPIRED", nil, Receipt{ID: "1", Stat: "DELIVRD"}},
		{"the subscriber writes keys", "id:1 stat:DELIVRD err:000 Text:stat:UNDELIV id:9", nil, Receipt{ID: "1", Stat: "DELIVRD", Err: "000", Text: "stat:UNDELIV id:9"}},
		{"the text in front", "text:hello there id:1 stat:DELIVRD", nil, Receipt{ID: "1", Stat: "DELIVRD", Text: "hello there"}},
		{"fields behind the text", "id:123 text:hello  there  stat:DELIVRD err:000", nil, Receipt{ID: "123", Stat: "DELIVRD", Err: "000", Text: "hello  there"}},
		{"the id behind the text", "stat:DELIVRD text:hi id:123", nil, Receipt{ID: "123", Stat: "DELIVRD", Text: "hi"}},
		{"all behind the text", "text:err: no sub:way id:1 sub:001 dlvrd:001 submit date:2601021504 done date:2601021505 stat:EXPIRED err:-1", nil,
			Receipt{ID: "1", Sub: "001", Dlvrd: "001", SubmitDate: "2601021504", DoneDate: "2601021505", Stat: "EXPIRED", Err: "-1", Text: "err: no sub:way"}},
		{"what is behind the text and can be no field", "id:1 text:stat: ok err: my error stat:what done date:today sub:x", nil,
			Receipt{ID: "1", Text: "stat: ok err: my error stat:what done date:today sub:x"}},
		{"the subscriber writes a field that is missing", "id:1 stat:DELIVRD err:000 text:reply sub:001 to win", nil,
			Receipt{ID: "1", Stat: "DELIVRD", Err: "000", Text: "reply sub:001 to win"}},
		{"without an err", "id:1 stat:DELIVRD text:reply sub:001 to win", nil, Receipt{ID: "1", Stat: "DELIVRD", Text: "reply sub:001 to win"}},
		{"the subscriber writes some that are missing", "id:1 stat:DELIVRD err:000 text:sub:002 is my subscription; submit date:2012312359", nil,
			Receipt{ID: "1", Stat: "DELIVRD", Err: "000", Text: "sub:002 is my subscription; submit date:2012312359"}},
		{"all that are missing stand behind the text", "id:1 stat:DELIVRD err:000 text:hi sub:no sub:001 dlvrd:001 done date:2601021505 submit date:2601021504", nil,
			Receipt{ID: "1", Sub: "001", Dlvrd: "001", SubmitDate: "2601021504", DoneDate: "2601021505", Stat: "DELIVRD", Err: "000", Text: "hi sub:no"}},
		{"some that are missing stand behind the text", "err:000 stat:DELIVRD id:A1 text:hello world done date:210101120130 sub:001 submit date:2101011200", nil,
			Receipt{ID: "A1", Sub: "001", SubmitDate: "2101011200", DoneDate: "210101120130", Stat: "DELIVRD", Err: "000", Text: "hello world"}},
		{"the dates alone behind the text", "id:A1 stat:DELIVRD err:000 Text:hello submit date:2101011200 done date:2101011201", nil,
			Receipt{ID: "A1", SubmitDate: "2101011200", DoneDate: "2101011201", Stat: "DELIVRD", Err: "000", Text: "hello"}},
		{"the last one behind the text", "sub:001 id:1 dlvrd:001 err:000 stat:DELIVRD submit date:2601021504 text:hi, done date:2601021505", nil,
			Receipt{ID: "1", Sub: "001", Dlvrd: "001", SubmitDate: "2601021504", DoneDate: "2601021505", Stat: "DELIVRD", Err: "000", Text: "hi"}},
		{"an err behind the text, with commas", "id:1,stat:DELIVRD,text:hi there,err:001,sub:001", nil, Receipt{ID: "1", Sub: "001", Stat: "DELIVRD", Err: "001", Text: "hi there"}},
		{"the text's spaces at the end, where it is the last", "id:1 stat:DELIVRD text:  hi  ", nil, Receipt{ID: "1", Stat: "DELIVRD", Text: " hi  "}},
		{"commas", "id:1,sub:001,dlvrd:001,submit date:2601021504,done date:2601021505,stat:DELIVRD,err:000,text:hi, you", nil,
			Receipt{ID: "1", Sub: "001", Dlvrd: "001", SubmitDate: "2601021504", DoneDate: "2601021505", Stat: "DELIVRD", Err: "000", Text: "hi, you"}},
		{"commas and spaces", "id:1, sub:001, smsc:a, stat:DELIVRD, err:000,", nil, Receipt{ID: "1", Sub: "001", Stat: "DELIVRD", Err: "000"}},
		{"semicolons, and nothing between two", "id:1;smsc:a;stat:;err:7;", nil, Receipt{ID: "1", Err: "7"}},
		{"a comma in an id", "id:a,b stat:DELIVRD", nil, Receipt{ID: "a,b", Stat: "DELIVRD"}},
		{"commas, and the text in front", "text:hi, you,stat:DELIVRD,id:1", nil, Receipt{ID: "1", Stat: "DELIVRD", Text: "hi, you"}},
		{"dates with other signs in their names", "id:1 Submit_Date:2601021504 Done-Date:2601021505 stat:DELIVRD", nil,
			Receipt{ID: "1", SubmitDate: "2601021504", DoneDate: "2601021505", Stat: "DELIVRD"}},
		{"dates in one word, or far apart", "id:1 SubmitDate:2601021504 done  date:2601021505 stat:DELIVRD", nil,
			Receipt{ID: "1", SubmitDate: "2601021504", DoneDate: "2601021505", Stat: "DELIVRD"}},
		{"spaces around the colons", "id : 1  sub :001 stat : DELIVRD err :  000 text : hi", nil, Receipt{ID: "1", Sub: "001", Stat: "DELIVRD", Err: "000", Text: "hi"}},
		{"nothing between the fields", "id:1sub:001dlvrd:001submit date:2601021504done date:2601021505stat:DELIVRDerr:000text:hi", nil,
			Receipt{ID: "1", Sub: "001", Dlvrd: "001", SubmitDate: "2601021504", DoneDate: "2601021505", Stat: "DELIVRD", Err: "000", Text: "hi"}},
		{"dates as people write them", "id:1 submit date:2026-01-02 15:04:05 done date:02/01/2026 15:04,stat:DELIVRD", nil,
			Receipt{ID: "1", SubmitDate: "2026-01-02 15:04:05", DoneDate: "02/01/2026 15:04", Stat: "DELIVRD"}},
		{"a space before the time", "id:1 submit date:260102 1504 done date:20260102 150405 stat:DELIVRD", nil,
			Receipt{ID: "1", SubmitDate: "260102 1504", DoneDate: "20260102 150405", Stat: "DELIVRD"}},
		{"two spaces before the time, or a tab", "id:1 submit date:260102  1504 done date:20260102\t150405 stat:DELIVRD", nil,
			Receipt{ID: "1", SubmitDate: "260102  1504", DoneDate: "20260102\t150405", Stat: "DELIVRD"}},
		{"four spaces are too many", "id:1 submit date:260102    1504 stat:DELIVRD", nil, Receipt{ID: "1", SubmitDate: "260102", Stat: "DELIVRD"}},
		{"a space before the time, and nothing behind it", "id:1submit date:260102 1504done date:260102 150506stat:DELIVRDerr:000", nil,
			Receipt{ID: "1", SubmitDate: "260102 1504", DoneDate: "260102 150506", Stat: "DELIVRD", Err: "000"}},
		{"dates as people write them, and nothing behind them", "id:1 submit date:2026-01-02 15:04:05done date:2026-01-02  15:05stat:DELIVRD", nil,
			Receipt{ID: "1", SubmitDate: "2026-01-02 15:04:05", DoneDate: "2026-01-02  15:05", Stat: "DELIVRD"}},
		{"a space before the time, and a separator", "id:1;submit date:260102 1504;done date:260102 1505,stat:DELIVRD", nil,
			Receipt{ID: "1", SubmitDate: "260102 1504", DoneDate: "260102 1505", Stat: "DELIVRD"}},
		{"a time that ends the receipt", "id:1 stat:DELIVRD done date:260102 1504", nil, Receipt{ID: "1", Stat: "DELIVRD", DoneDate: "260102 1504"}},
		{"letters behind a date", "id:1 done date:260102 15o4 stat:DELIVRD", nil, Receipt{ID: "1", DoneDate: "260102", Stat: "DELIVRD"}},
		{"dates with a space behind the text", "text:we met done date:today 1504 submit date:260102 1504 done date:260102  1505 id:1 stat:DELIVRD", nil,
			Receipt{ID: "1", SubmitDate: "260102 1504", DoneDate: "260102  1505", Stat: "DELIVRD", Text: "we met done date:today 1504"}},
		{"a date with its time, and other digits", "id:1 submit date:2601021504 150405 done date:260102 15045 stat:DELIVRD", nil,
			Receipt{ID: "1", SubmitDate: "2601021504", DoneDate: "260102", Stat: "DELIVRD"}},
		{"an id that begins with the name of a key", "id:identity-1 sub:001", nil, Receipt{ID: "identity-1", Sub: "001"}},
		{"an id that begins with a key", "id:id:7 stat:DELIVRD", nil, Receipt{ID: "id:7", Stat: "DELIVRD"}},
		{"an id that begins with the key of another", "id:err:7 stat:DELIVRD err:000", nil, Receipt{ID: "err:7", Stat: "DELIVRD", Err: "000"}},
		{"an id like a key that could not have it", "id:stat:x-7 stat:DELIVRD", nil, Receipt{ID: "stat:x-7", Stat: "DELIVRD"}},
		{"no id", "id:sub:001 stat:DELIVRD", nil, Receipt{Sub: "001", Stat: "DELIVRD"}},
		{"an id with colons", "id:ab:cd:12 stat:DELIVRD", nil, Receipt{ID: "ab:cd:12", Stat: "DELIVRD"}},
		{"an id with a time", "id:2026-01-02T15:04:05.err:7 stat:DELIVRD", nil, Receipt{ID: "2026-01-02T15:04:05.err:7", Stat: "DELIVRD"}},
		{"a text with colons", "id:1 stat:DELIVRD text:see http://a.b:80/ at 15:04, re: stat:", nil, Receipt{ID: "1", Stat: "DELIVRD", Text: "see http://a.b:80/ at 15:04, re: stat:"}},
		{"an empty field, and the subscriber writes its key", "id:1 err: text:my err:5", nil, Receipt{ID: "1", Text: "my err:5"}},
		{"two TLVs of each", "id:T", func(b *Builder) {
			b.AddTLVString(TagReceiptedMessageID, "A")
			b.AddTLVString(TagReceiptedMessageID, "B")
			b.AddTLVInt(TagMessageState, 2)
			b.AddTLVInt(TagMessageState, 5)
			b.AddTLV(TagNetworkErrorCode, "\x03\x00\x07")
			b.AddTLV(TagNetworkErrorCode, "\x01\x00\x01")
		}, Receipt{ID: "A", TextID: "T", Stat: "DELIVRD", NetworkError: NetworkErrorCode{3, 7}}},
		{"a TLV with two NULs", "", func(b *Builder) { b.AddTLV(TagReceiptedMessageID, "abc\x00xyz\x00") }, Receipt{ID: "abc"}},
		{"TLVs win", "id:1 stat:ENROUTE", func(b *Builder) { b.AddTLVString(TagReceiptedMessageID, "0A"); b.AddTLVInt(TagMessageState, 2) },
			Receipt{ID: "0A", TextID: "1", Stat: "DELIVRD"}},
		{"TLVs alone", "", func(b *Builder) {
			b.AddTLVString(TagReceiptedMessageID, "0A")
			b.AddTLVInt(TagMessageState, 5)
			b.AddTLV(TagNetworkErrorCode, "\x03\x01\x02")
		}, Receipt{ID: "0A", Stat: "UNDELIV", NetworkError: NetworkErrorCode{3, 0x102}}},
		{"a state that is not defined", "id:1 stat:ODD", func(b *Builder) { b.AddTLVInt(TagMessageState, 77) }, Receipt{ID: "1", Stat: "ODD"}},
		{"binary", "\xff\x00\x80id", nil, Receipt{}},
		{"in message_payload", "", func(b *Builder) { b.AddTLV(TagMessagePayload, "id:9 stat:DELIVRD") }, Receipt{ID: "9", Stat: "DELIVRD"}},
		{"in UCS-2", "\x00i\x00d\x00:\x009", func(b *Builder) { b.SetInt(FieldDataCoding, 8) }, Receipt{ID: "9"}},
		{"behind a header", "\x02\x70\x00id:9", func(b *Builder) { b.SetInt(FieldESMClass, 0x44) }, Receipt{ID: "9"}},
		{"intermediate", "id:9 stat:ENROUTE", func(b *Builder) { b.SetInt(FieldESMClass, 0x20) }, Receipt{ID: "9", Stat: "ENROUTE", Intermediate: true}},
	} {
		if got, ok := receiptPDU(tt.text, tt.tlvs).Receipt(); !ok || got != tt.want {
			t.Errorf("%s: %+v, %v", tt.name, got, ok)
		}
	}
	for _, class := range []int64{0, 0x08, 0x10, 0x18, 0x03, 0x40, 0x80} {
		p := receiptPDU("id:1 stat:DELIVRD", func(b *Builder) { b.SetInt(FieldESMClass, class) })
		if _, ok := p.Receipt(); ok {
			t.Errorf("esm_class 0x%02X is a receipt", class)
		}
	}
}

func TestReceiptOfDataSM(t *testing.T) {
	b := NewBuilder(commandOf(CmdDataSM))
	r := Receipt{ID: "1", Sub: "001", Dlvrd: "001", SubmitDate: "2601021504", DoneDate: "2601021505", Stat: "DELIVRD", Err: "000", Text: "x",
		NetworkError: NetworkErrorCode{3, 7}}
	r.Set(b)
	p := b.Build()
	if got, ok := p.Receipt(); !ok || got != r || p.Err() != nil {
		t.Errorf("came back as %+v, %v, %v", got, ok, p.Err())
	}
}

// A receipt that says something else than it was told is not built.
func TestReceiptThatIsRefused(t *testing.T) {
	good := Receipt{ID: "1", Sub: "001", Dlvrd: "001", SubmitDate: "2601021504", DoneDate: "260102 150405", Stat: "DELIVRD", Err: "000", Text: "a b err:1"}
	for _, tt := range []struct {
		name string
		set  func(*Receipt)
		want string
	}{
		{"good", func(*Receipt) {}, ""},
		{"empty fields", func(r *Receipt) { *r = Receipt{ID: "1", Stat: "DELIVRD", Text: " and spaces "} }, ""},
		{"an err of two words", func(r *Receipt) { r.Err = "a b" }, `deliver_sm.receipt: err "a b" would be read as "a": it must be a word without spaces, and not like another field`},
		{"an id of three", func(r *Receipt) { r.ID = "a b c" }, `deliver_sm.receipt: id "a b c" would be read as "a": it must be a word without spaces, and not like another field`},
		{"an id that is like a field", func(r *Receipt) { r.ID = "sub:001" }, `deliver_sm.receipt: id "sub:001" would be read as "": it must be a word without spaces, and not like another field`},
		{"a line", func(r *Receipt) { r.Stat = "A\n" }, `deliver_sm.receipt: stat "A\n" would be read as "A": it must be a word without spaces, and not like another field`},
	} {
		r := good
		tt.set(&r)
		b := NewBuilder(commandOf(CmdDeliverSM))
		r.Set(b)
		said := ""
		if err := b.Build().Err(); err != nil {
			said = err.Error()
		}
		if said != tt.want {
			t.Errorf("%s: %s", tt.name, said)
		}
	}
}

func TestReceiptState(t *testing.T) {
	for stat, want := range map[string]int{"DELIVRD": 2, "delivrd": 2, "FAILED": 5, "ACKED": 6, "BUFFRED": 1, "SCHEDLD": 0, "REJECTD": 8, "SKIPPED": 9, "ODD": -1, "": -1} {
		r := Receipt{Stat: stat}
		s, ok := r.State()
		if ok != (want >= 0) || ok && int(s) != want {
			t.Errorf("%q: %d, %v", stat, s, ok)
		}
		if r.Final() != (want > 1 || want < 0) {
			t.Errorf("%q final: %v", stat, r.Final())
		}
	}
	if r := (Receipt{Stat: "DELIVRD", Intermediate: true}); r.Final() {
		t.Error("an intermediate notification is the last word")
	}
}

// However hostile a text is, each of its octets is looked at a few times and no more.
func TestReceiptIsLinear(t *testing.T) {
	for _, unit := range []string{"a", " ", "id:", "i ", "id:x ", "submit date:", "submit date: ", "s s", "text:", "t:", "text: a ", "done dat ", "\x00", "err:\n", "stat:stat:", ",", ":", "id:,", "id:a,", ",a", "sub:1,", "aerr:", "text:,err:,", "1sub:", "done  ", ",abcdefghijklmnop", "done date:260102 ", "done date:260102 15:", "text:done date:260102   1234done date:",
		"sub:1 dlvrd:1 err:1 ", "sub:1,dlvrd:1,", "err:1 sub:1 done date:2601021504 dlvrd:1 submit date:260102   1504 ", "sub   :   1 err   :   1 dlvrd   :   1 "} {
		for _, before := range []string{"", "id:1 stat:A text:"} {
			for _, n := range []int{1 << 10, 1 << 16} {
				s := (before + strings.Repeat(unit, n/len(unit)+1))[:n]
				var r Receipt
				if looked := r.parse(s); looked > 40*n {
					t.Errorf("%q and %q to %d octets: %d looks, %d for each", before, unit, n, looked, looked/n)
				}
			}
		}
	}
}

func TestReceiptProperties(t *testing.T) {
	word := rapid.StringMatching(`[A-Za-z0-9_.\-]{0,20}`)
	rapid.Check(t, func(t *rapid.T) {
		r := Receipt{ID: word.Draw(t, "id"), Sub: word.Draw(t, "sub"), Dlvrd: word.Draw(t, "dlvrd"), SubmitDate: word.Draw(t, "submit"),
			DoneDate: word.Draw(t, "done"), Stat: word.Draw(t, "stat"), Err: word.Draw(t, "err"), Text: rapid.StringN(0, 50, 60).Draw(t, "text")}
		r.Text = strings.TrimLeft(strings.TrimRight(r.Text, "\x00"), " ") // many write a space behind the colon
		var got Receipt
		got.parse(r.String())
		if got != r {
			t.Fatalf("%+v\ncame back as %+v", r, got)
		}
	})
}

func FuzzReceipt(f *testing.F) {
	f.Add("id:1 sub:001 dlvrd:001 submit date:2601021504 done date:2601021504 stat:DELIVRD err:000 text:x", uint8(4), uint8(0), "0A", []byte{2})
	f.Add("\x00i\x00d\x00:\x009", uint8(4), uint8(8), "", []byte{})
	f.Add("text:text:id:id:", uint8(0x64), uint8(0xF5), "\x00", []byte{99, 1})
	f.Fuzz(func(t *testing.T, text string, class, coding uint8, id string, state []byte) {
		b := NewBuilder(commandOf(CmdDeliverSM))
		b.SetInt(FieldESMClass, int64(class))
		b.SetInt(FieldDataCoding, int64(coding))
		b.AddTLV(TagMessagePayload, text)
		b.AddTLV(TagReceiptedMessageID, id)
		b.AddTLV(TagMessageState, string(state))
		r, ok := b.Build().Receipt()
		if ok != (class&0x3C == 4 || class&0x3C == 0x20) {
			t.Fatalf("esm_class 0x%02X: %v", class, ok)
		}
		r.State()
		r.DoneTime(time.UTC)
		var again Receipt
		if looked := again.parse(text); looked > 40*len(text)+40 {
			t.Fatalf("%d looks for %d octets", looked, len(text))
		}
		for _, v := range []string{again.ID, again.Sub, again.Stat, again.Err, again.Text} { // nothing is made up
			if !strings.Contains(text, v) {
				t.Fatalf("%q is not in %q", v, text)
			}
		}
	})
}

func TestSameID(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"abc-1", "abc-1", true}, {"ABC", "abc", true}, {"0007", "7", true}, {"000a", "A", true}, {"0A1B", "2587", true}, {"2587", "a1b", true}, {"0", "000", true},
		{"0xA", "10", false}, {"7", "8", false}, {"", "", false}, {"", "0", false}, {"abc", "abd", false}, {"g1", "17", false},
		{"ffffffffffffffffffffffffffffffff", "340282366920938463463374607431768211455", true}, {"K", "\u212a", false}, // a Kelvin sign
		{strings.Repeat("9", 5000), strings.Repeat("9", 5000), true}, {strings.Repeat("9", 5000), strings.Repeat("9", 4999), false},
	} {
		if got := SameID(tt.a, tt.b); got != tt.want {
			t.Errorf("%q, %q: %v", tt.a, tt.b, got)
		}
		if got := SameID(tt.b, tt.a); got != tt.want {
			t.Errorf("%q, %q: %v", tt.b, tt.a, got)
		}
	}
}

// In UCS-2 the last character may end in a zero octet.
func TestReceiptInUCS2(t *testing.T) {
	for _, end := range []string{"", "\x00", "\x00\x00", "\x00\x00\x00"} {
		for _, text := range []string{"\u597d\u4e00", "\u0400", "hi"} {
			octets, _ := appendUCS2(nil, "id:7 stat:DELIVRD text:"+text)
			p := receiptPDU(string(octets)+end, func(b *Builder) { b.SetInt(FieldDataCoding, 8) })
			if r, _ := p.Receipt(); r.Text != text || r.ID != "7" {
				t.Errorf("%q and %q: %q", text, end, r.Text)
			}
		}
	}
}
