package pdu

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type vector struct {
	Source, Hex, Kind, Encoding, Text string
	Expect                            json.RawMessage
	Remarks                           []string
}

// vectors reads testdata/vectors.jsonl: what other implementations test themselves with.
func vectors(t testing.TB, kinds ...string) []vector {
	t.Helper()
	f, err := os.Open("testdata/vectors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []vector
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var v vector
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		for _, k := range kinds {
			if v.Kind == k {
				all = append(all, v)
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("no vectors")
	}
	return all
}

func (v vector) octets(t testing.TB) []byte {
	b, err := hex.DecodeString(v.Hex)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVectorsExplained(t *testing.T) {
	for _, v := range vectors(t, "pdu", "malformed", "incomplete_or_malformed") {
		got, err := json.Marshal(Explain(v.octets(t)))
		if err != nil {
			t.Fatal(err)
		}
		var g, w map[string]any
		if err := json.Unmarshal(got, &g); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if err := json.Unmarshal(v.Expect, &w); err != nil {
			t.Fatal(err)
		}
		for k := range g {
			if _, known := w[k]; !known && v.Source == "SMPP v5.0 spec 3.2.2" {
				delete(g, k) // this vector leaves some keys out
			}
		}
		if d := cmp.Diff(w, g); d != "" {
			t.Errorf("%s\n%s\n%s", v.Source, v.Hex, d)
		}
	}
}

// Each vector is tried by a test of its kind.
func TestVectorKinds(t *testing.T) {
	src, err := os.ReadFile("testdata/vectors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{"pdu": true, "malformed": true, "incomplete_or_malformed": true, "tlv": true, // here
		"encoding": true, "time": true} // in text_test.go and time_test.go
	for line := range bytes.Lines(src) {
		var v vector
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		if !tried[v.Kind] {
			t.Errorf("no test tries the kind %q: %s", v.Kind, v.Source)
		}
	}
}

// What a vector remarks is what a pardon says.
func TestVectorsRemarks(t *testing.T) {
	seen := 0
	for _, v := range vectors(t, "pdu") {
		var p PDU
		if err := p.Decode(v.octets(t)); err != nil {
			t.Errorf("%s: %v", v.Source, err)
		}
		var want Warnings
		for _, r := range v.Remarks {
			switch {
			case strings.HasPrefix(r, "over-length c_octet_string"):
				want |= OverlongString
			case strings.HasSuffix(r, "trailing octets"):
				want |= TrailingOctets
			case r == "empty body in response":
				want |= EmptyBody
			case r == "unknown command_id":
				if p.cmd != nil {
					t.Errorf("%s: the command is known", v.Source)
				}
			case strings.HasPrefix(r, "unknown TLV"):
				if tag := fmt.Sprintf("unknown TLV 0x%04X", 0); r != tag {
					t.Errorf("%s: %s", v.Source, r)
				} else if _, ok := p.TLV(0); !ok {
					t.Errorf("%s: it has no TLV 0x0000", v.Source)
				}
			default:
				t.Errorf("%s: what is %q?", v.Source, r)
			}
			seen++
		}
		if p.warnings != want {
			t.Errorf("%s: %v, want %v", v.Source, p.warnings.Codes(), want.Codes())
		}
	}
	if seen < 10 {
		t.Errorf("only %d remarks", seen)
	}
}

// A TLV that stands alone: what is expected of it is said; more may be said.
func TestVectorsTLV(t *testing.T) {
	for _, v := range vectors(t, "tlv") {
		list, ok := ExplainTLVs(v.octets(t))
		if !ok || len(list) != 1 {
			t.Fatalf("%s: %v %v", v.Source, list, ok)
		}
		for i := range v.octets(t) {
			if cut, ok := ExplainTLVs(v.octets(t)[:i]); ok {
				t.Errorf("%s cut at %d is %v", v.Hex, i, cut)
			}
		}
		j, err := json.Marshal(list[0])
		if err != nil {
			t.Fatal(err)
		}
		var got, want map[string]any
		if err := json.Unmarshal(j, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(v.Expect, &want); err != nil {
			t.Fatal(err)
		}
		for k, w := range want {
			if got[k] != w {
				t.Errorf("%s: %s is %v, want %v", v.Hex, k, got[k], w)
			}
		}
	}
}

func TestCanonicalVectorsComeBack(t *testing.T) {
	n := 0
	for _, v := range vectors(t, "pdu") {
		octets := v.octets(t)
		var p PDU
		if err := p.Decode(octets); err != nil {
			t.Errorf("%s: %v", v.Source, err)
			continue
		}
		if p.cmd == nil || p.warnings != 0 {
			continue
		}
		n++
		q := rebuild(&p)
		if got := q.AppendTo(nil); q.Err() != nil || !bytes.Equal(got, octets) {
			t.Errorf("%s\n got %x %v\nwant %x", v.Source, got, q.Err(), octets)
		}
	}
	if n < 20 {
		t.Fatalf("only %d canonical vectors", n)
	}
}

func TestBuilderLimits(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  func(b *Builder)
		want string
	}{
		{"a string too long", func(b *Builder) { b.SetString(FieldSourceAddr, strings.Repeat("1", 21)) }, "submit_sm.source_addr: 21 octets, must be at most 20"},
		{"a NUL inside", func(b *Builder) { b.SetString(FieldServiceType, "a\x00b") }, "submit_sm.service_type: has a NUL inside"},
		{"an integer too large", func(b *Builder) { b.SetInt(FieldESMClass, 256) }, "submit_sm.esm_class: 256, must be 0 to 255"},
		{"an integer below 0", func(b *Builder) { b.SetInt(FieldESMClass, -1) }, "submit_sm.esm_class: -1, must be 0 to 255"},
		{"a message too long", func(b *Builder) { b.SetString(FieldShortMessage, strings.Repeat("x", 255)) },
			"submit_sm.short_message: 255 octets, must be at most 254; longer text goes into message_payload"},
		{"a time of another length", func(b *Builder) { b.SetString(FieldValidityPeriod, "2601") }, "submit_sm.validity_period: 4 characters, must be 0 or 16 (YYMMDDhhmmsstnnp)"},
		{"what is no time", func(b *Builder) { b.SetString(FieldValidityPeriod, "000002000000000X") },
			"submit_sm.validity_period: the last character must be +, - or R, must be YYMMDDhhmmsstnnp"},
		{"a TLV too long", func(b *Builder) { b.AddTLV(TagUserMessageReference, "abc") }, "submit_sm.user_message_reference: 3 octets, must be 2"},
		{"a TLV too large", func(b *Builder) { b.AddTLVInt(TagUserMessageReference, 70000) }, "submit_sm.user_message_reference: 70000, must be 0 to 65535"},
		{"a field of another command", func(b *Builder) { b.SetString(FieldMessageID, "1") }, "submit_sm.message_id: the command has no such field"},
		{"nothing", func(b *Builder) {}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := NewBuilder(commandOf(CmdSubmitSM))
			b.SetString(FieldDestinationAddr, "200")
			tt.set(b)
			p := b.Build()
			got := ""
			if p.Err() != nil {
				got = p.Err().Error()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if p.Str(FieldDestinationAddr) != "200" {
				t.Errorf("destination_addr reads back as %q", p.Str(FieldDestinationAddr))
			}
		})
	}
}

// deliver is a deliver_sm in hex: class is esm_class and protocol_id, rest what is behind schedule_delivery_time.
func deliver(class, schedule, rest string) string {
	body := "00" + "000000" + "000000" + class + "00" + schedule + rest
	return fmt.Sprintf("%08x", HeaderLen+len(body)/2) + "00000005" + "00000000" + "00000001" + body
}

// sar are the three SAR TLVs in hex.
func sar(reference, total, number string) string {
	return fmt.Sprintf("020c%04x%s020e%04x%s020f%04x%s", len(reference)/2, reference, len(total)/2, total, len(number)/2, number)
}

// queryResp is a query_sm_resp in hex with a final_date.
func queryResp(date string) string {
	return fmt.Sprintf("%08x", HeaderLen+4+len(date)/2) + "80000003" + "00000000" + "00000001" + "6100" + date + "0200"
}

// changed is a PDU in hex with another octet at a place.
func changed(hexed string, at int, octet byte) string {
	return hexed[:2*at] + fmt.Sprintf("%02x", octet) + hexed[2*at+2:]
}

func TestWarnings(t *testing.T) {
	const cut = "00000012800000030000000000000002" + "6100" // the fields behind message_id are not there
	for hexed, want := range map[string]string{
		cut:                                      "",
		"00000010800000040000000000000002":       "empty_body",
		"000000138000000400000000000000026100ff": "trailing_octets",
		"00000012800000040000000000000002" + "6161":                                  "missing_nul",
		"00000016800000040000000000000002" + "6100" + "02040001":                     "tlv_overrun",
		"00000017800000040000000000000002" + "6100" + "0204000101":                   "tlv_length",
		"00000053800000040000000000000002" + strings.Repeat("61", 66) + "00":         "overlong_string",
		deliver("0000", "3236303130323135303430353030302b00", "000000000000"):        "",
		deliver("0000", "3236303133323135303430353030302b00", "000000000000"):        "time_format", // the 32nd of January
		deliver("0000", "32363031303231353034303500", "000000000000"):                "time_length",
		deliver("0000", "3236303130323135303400", "000000000000"):                    "time_length",
		deliver("4000", "00", "000000000007"+"05000301020161"):                       "",
		deliver("4000", "00", "000000000001"+"00"):                                   "",           // an empty header
		deliver("4000", "00", "000000000002"+"0561"):                                 "udh_length", // it says 5 octets, and 1 is left
		deliver("4000", "00", "000000000005"+"0400090161"):                           "udh_length", // its element says 9
		deliver("4000", "00", "000000000000"):                                        "udh_length", // there is none
		deliver("4000", "00", "000000000000"+"0424000403000901"):                     "udh_length", // in message_payload
		"000000128000000300000008" + "00000002" + "6100":                             "truncated_body",
		queryResp("32363031303231353034303500"):                                      "", // as SMSCs report it
		queryResp("32363031303261353034303500"):                                      "time_format",
		changed(deliver("0000", "00", "000000000000"), 11, 5):                        "value_range", // command_status
		changed(deliver("0000", "00", "000000000000"), 12, 0x80):                     "value_range", // sequence_number
		changed(deliver("0000", "00", "000000000000"), 25, 5):                        "value_range", // priority_flag
		deliver("0000", "00", "000002000000"):                                        "value_range", // replace_if_present_flag
		deliver("0000", "00", "000000000000"+"020e000100"):                           "value_range", // sar_total_segments
		deliver("0000", "00", "000000000000"+"0304000164"):                           "value_range", // number_of_messages
		deliver("0000", "00", "000000000000"+"001000020001"):                         "tlv_length",  // source_telematics_id
		deliver("0000", "00", "0000000000ff"+strings.Repeat("61", 255)):              "message_length",
		deliver("0000", "00", "00000000000161"+"0424000162"):                         "message_twice",
		deliver("0000", "00", "00000000000161"+"04240000"):                           "",
		deliver("0000", "00", "000000000000"+"0424000162"+"0424000163"):              "message_twice",
		deliver("0000", "00", "000000000000"+"04240000"+"0424000163"):                "message_twice",
		deliver("0000", "00", "00000000000161"+"04240000"+"0424000163"):              "message_twice",
		deliver("4000", "00", "000000000006"+"050003010203"):                         "segment_marks", // part 3 of 2
		deliver("4000", "00", "000000000006"+"050003010200"):                         "segment_marks", // part 0 of 2
		deliver("4000", "00", "000000000006"+"050003010001"):                         "segment_marks", // part 1 of 0
		deliver("4000", "00", "000000000007"+"06080400010203"):                       "segment_marks", // with a reference of 16 bits
		deliver("4000", "00", "000000000005"+"0400020102"):                           "segment_marks", // an octet too few
		deliver("4000", "00", "000000000006"+"050003010202"):                         "",
		deliver("4000", "00", "000000000000"+"04240006"+"050003010203"):              "segment_marks", // in message_payload
		deliver("0000", "00", "000000000006"+"050003010203"):                         "",              // no header is announced
		deliver("0000", "00", "000000000000"+sar("0102", "02", "02")):                "",
		deliver("0000", "00", "000000000000"+sar("0102", "02", "03")):                "segment_marks",
		deliver("0000", "00", "000000000000"+"020e000102"+"020f000101"):              "", // one of the three is missing: they are to be ignored
		deliver("0000", "00", "000000000000"+"020c00020001"):                         "",
		deliver("0000", "00", "000000000000"+sar("01", "02", "02")):                  "tlv_length",
		deliver("4000", "00", "000000000006"+"050003010202"+"020c00020001"):          "segment_marks",
		deliver("4000", "00", "000000000006"+"050003010202"+sar("0102", "02", "02")): "segment_marks", // twice
		deliver("4000", "00", "000000000001"+"00"+sar("0102", "02", "02")):           "",              // a header without such an element
		"0000001f000000210000000000000001000000000000000000000000000000":             "value_range",   // no destination
		"0000001b0000011100000000000000010000000000000000000000":                     "tlv_missing",
	} {
		b, _ := hex.DecodeString(hexed)
		var p PDU
		err := p.Decode(b)
		if got := strings.Join(p.Warnings().Codes(), ","); got != want || (err != nil) != (hexed == cut) {
			t.Errorf("%s: %q, %v; want %q", hexed, got, err, want)
		}
	}
}

// Of a request with a fault there are no fields: they would be half of something. A response has those before the fault.
func TestFieldsBeforeAFault(t *testing.T) {
	for _, tt := range []struct {
		name, hexed, fault string
		field              Field
		want               string
		has                bool
		warnings           string
	}{
		{"a request", "00000013" + "00000003" + "00000000" + "00000002" + "610001", "query_sm.source_addr_npi: truncated at 19", FieldMessageID, "", false, ""},
		{"a response", "00000013" + "80000003" + "00000000" + "00000002" + "610061", "query_sm_resp.final_date: no NUL at 18", FieldMessageID, "a", true, ""},
		{"a string without NUL that is not the last", "00000012" + "80000003" + "00000000" + "00000002" + "6161", "query_sm_resp.message_id: no NUL at 16", FieldMessageID, "", false, ""},
		{"an error response", "00000013" + "80000003" + "00000008" + "00000002" + "610061", "", FieldMessageID, "a", true, "truncated_body"},
		{"an error response of TLVs", "00000017" + "80000103" + "00000008" + "00000002" + "0423000303001f", "", FieldMessageID, "", false, "body_left_out"},
		{"an error response of vendors' TLVs, which may be anything", "00000015" + "80000103" + "00000008" + "00000002" + "1401000161", "", FieldMessageID, "\x14\x01", true, "trailing_octets"},
		{"an error response of a TLV of a wrong length", "00000016" + "80000103" + "00000008" + "00000002" + "042300020300", "", FieldMessageID, "\x04#", true, "trailing_octets"},
		{"a success of TLVs", "00000017" + "80000103" + "00000000" + "00000002" + "0423000303001f", "", FieldMessageID, "\x04#", true, "tlv_overrun"},
	} {
		b, _ := hex.DecodeString(tt.hexed)
		var p PDU
		fault := ""
		if err := p.Decode(b); err != nil {
			fault = err.Error()
		}
		if fault != tt.fault || p.Str(tt.field) != tt.want || p.Has(tt.field) != tt.has || strings.Join(p.Warnings().Codes(), ",") != tt.warnings ||
			p.SequenceNumber() != 2 {
			t.Errorf("%s: %q, %q %v, %v", tt.name, fault, p.Str(tt.field), p.Has(tt.field), p.Warnings().Codes())
		}
	}
}

func TestFrameLength(t *testing.T) {
	for in, want := range map[string]string{
		"\x00\x00\x00":     "",
		"\x00\x00\x00\x10": "",
		"\x00\x00\x00\x0f": "command_length 15 is less than a header (16)",
		"\xff\xff\xff\xff": "command_length 4294967295 is more than max_pdu_size (1000)",
		"\x00\x00\x03\xe9": "command_length 1001 is more than max_pdu_size (1000)",
		"HTTP/1.1 400":     "this is no SMPP but looks like HTTP",
		"\x16\x03\x01\x02": "this is no SMPP but looks like TLS",
		"SSH-2.0-OpenSSH":  "this is no SMPP but looks like SSH",
	} {
		_, err := FrameLength([]byte(in), 1000)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func submitSM() *PDU {
	b := NewBuilder(commandOf(CmdSubmitSM))
	b.SetString(FieldSourceAddr, "12345")
	b.SetString(FieldDestinationAddr, "491700000001")
	b.SetString(FieldShortMessage, strings.Repeat("x", 100))
	return b.Build()
}

func BenchmarkDecodeSubmitSM(b *testing.B) {
	octets := submitSM().AppendTo(nil)
	var p PDU
	var n int
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Decode(octets); err != nil {
			b.Fatal(err)
		}
		for i := range p.cmd.Fields {
			if f := &p.cmd.Fields[i]; f.Kind == KindInt {
				n += int(p.Int(f.Field))
			} else {
				n += len(p.Bytes(f.Field))
			}
		}
	}
}

func BenchmarkAppendSubmitSM(b *testing.B) {
	p := submitSM()
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = p.AppendTo(out[:0])
	}
}
