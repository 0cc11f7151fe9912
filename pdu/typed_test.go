package pdu_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/pdu/pdutest"
)

// drawn is a valid PDU of any command.
func drawn(t *rapid.T) *pdu.PDU {
	cmd := rapid.SampledFrom(pdu.Commands()).Draw(t, "command")
	return pdutest.Random(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), cmd)
}

// A PDU of any command is the same octets whether it is built by fields or from its struct, and the struct is
// the same when it is read back.
func TestTypedAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawn(t)
		octets := p.AppendTo(nil)
		var q pdu.PDU
		if err := q.Decode(octets); err != nil {
			t.Fatal(err)
		}
		m := q.Typed()
		if m.CommandID() != p.CommandID() {
			t.Fatalf("%T says %s", m, m.CommandID())
		}
		for name, encode := range map[string]func([]byte) ([]byte, error){"AppendTo": m.AppendTo, "AppendRelaxed": m.AppendRelaxed} {
			again, err := encode([]byte("before"))
			if err != nil || !bytes.Equal(again[6:], octets) || string(again[:6]) != "before" {
				t.Fatalf("%s of %T: %v\n got %x\nwant %x", name, m, err, again, octets)
			}
		}
		made := pdu.Make(m)
		if made.Err() != nil || !bytes.Equal(made.AppendTo(nil), octets) {
			t.Fatalf("Make: %v %x", made.Err(), made.AppendTo(nil))
		}
		if d := cmp.Diff(m, made.Typed()); d != "" {
			t.Fatal(d)
		}
		for i := range octets { // the struct owns what it holds
			octets[i] = 0xFF
		}
		if d := cmp.Diff(m, made.Typed()); d != "" {
			t.Fatal(d)
		}
	})
}

// What one way to build a PDU refuses, the other refuses in the same words.
func TestLimitsAreTheSame(t *testing.T) {
	long := strings.Repeat("7", 300)
	for _, cmd := range pdu.Commands() {
		for _, spec := range cmd.Fields {
			var bad []string
			switch spec.Kind {
			case pdu.KindString:
				bad = []string{long[:spec.Size], long, "a\x00b"}
			case pdu.KindTime:
				bad = []string{"2601", long[:12], long, "260101000000\x00000+"}
			case pdu.KindOctets:
				bad = []string{long[:spec.Size+1], long}
			case pdu.KindDests:
				bad = []string{string(pdu.AppendDest(nil, 1, 1, long[:21])), strings.Repeat(string(pdu.AppendDestList(nil, "x")), 255),
					strings.Repeat(string(pdu.AppendDestList(nil, "x")), 256)}
			case pdu.KindUnsuccess:
				bad = []string{string(pdu.AppendUnsuccess(nil, 1, 1, long[:22], 1)), strings.Repeat(string(pdu.AppendUnsuccess(nil, 1, 1, "1", 1)), 256)}
			}
			for _, s := range bad {
				b := pdu.NewBuilder(cmd)
				b.SetString(spec.Field, s)
				p := b.Build()
				m, _ := pdu.New(cmd.ID)
				if !setField(m, spec.Field.String(), s) {
					t.Fatalf("%T has no field for %s", m, spec.Field)
				}
				dst, err := m.AppendTo([]byte("before"))
				if p.Err() == nil || err == nil || string(dst) != "before" {
					t.Errorf("%s.%s of %d octets was not refused: %v, %v", cmd.Name, spec.Field, len(s), p.Err(), err)
					continue
				}
				if got, want := err.Error(), p.Err().Error(); got != want && spec.Kind < pdu.KindDests {
					t.Errorf("%q, but %q", got, want)
				}
				_, err = m.AppendRelaxed(nil)
				if (err == nil) != (p.RelaxedErr() == nil) {
					t.Errorf("%s.%s of %d octets, relaxed: %v, but %v", cmd.Name, spec.Field, len(s), err, p.RelaxedErr())
				}
				if p.RelaxedErr() == nil { // then it can be read back, whole
					var q pdu.PDU
					if err := q.Decode(p.AppendTo(nil)); err != nil || q.Str(spec.Field) != s {
						t.Errorf("%s.%s came back as %q, %v; want %q", cmd.Name, spec.Field, q.Str(spec.Field), err, s)
					}
					if q.Warnings()&^pdu.TLVMissing == 0 {
						t.Errorf("%s.%s of %d octets was read without a warning", cmd.Name, spec.Field, len(s))
					}
				}
			}
		}
	}
}

// setField sets the struct's field of that name in the specification.
func setField(m pdu.Typed, name, s string) bool {
	v := reflect.ValueOf(m).Elem()
	f := v.FieldByNameFunc(func(n string) bool { return strings.EqualFold(n, strings.ReplaceAll(name, "_", "")) })
	switch {
	case !f.IsValid():
		return false
	case f.Kind() == reflect.String:
		f.SetString(s)
	case f.Type() == reflect.TypeFor[[]byte]():
		f.SetBytes([]byte(s))
	case f.Type() == reflect.TypeFor[[]pdu.Dest](), f.Type() == reflect.TypeFor[[]pdu.Unsuccess]():
		// Read from a PDU of these elements, which a lenient decoder takes. 256 of them do not fit into one.
		list := reflect.MakeSlice(f.Type(), 0, 0)
		for b := []byte(s); len(b) > 0; {
			var e any
			if f.Type() == reflect.TypeFor[[]pdu.Unsuccess]() {
				n := bytes.IndexByte(b[2:], 0)
				e = pdu.Unsuccess{TON: pdu.TON(b[0]), NPI: pdu.NPI(b[1]), Address: string(b[2 : 2+n])}
				b = b[2+n+5:]
			} else if n := bytes.IndexByte(b, 0); b[0] == pdu.DestFlagList {
				e, b = pdu.Dest{Flag: 2, List: string(b[1:n])}, b[n+1:]
			} else {
				e, b = pdu.Dest{Flag: 1, TON: pdu.TON(b[1]), NPI: pdu.NPI(b[2]), Address: string(b[3:n])}, b[n+1:]
			}
			list = reflect.Append(list, reflect.ValueOf(e))
		}
		f.Set(list)
	}
	return true
}

// Each TLV that is defined has a method to add it and one to read it, and they agree.
func TestTypedTLVs(t *testing.T) {
	typ := reflect.TypeFor[*pdu.TLVs]()
	var names []string
	r := rand.New(rand.NewPCG(4, 0))
	for i := range typ.NumMethod() {
		name, ok := strings.CutPrefix(typ.Method(i).Name, "Add")
		if !ok || name == "" || name[0] >= 'a' { // AdditionalStatusInfoText is no Add
			continue
		}
		for range 50 {
			var tlvs pdu.TLVs
			v := reflect.ValueOf(&tlvs)
			in := reflect.New(v.MethodByName("Add" + name).Type().In(0)).Elem()
			var spec pdu.TagSpec
			for _, s := range pdu.Tags() {
				if strings.EqualFold(strings.ReplaceAll(s.Name, "_", ""), name) {
					spec = s
				}
			}
			if spec.Name == "" {
				t.Fatalf("no TLV is called %s", name)
			}
			fill(r, in, spec)
			v.MethodByName("Add" + name).Call([]reflect.Value{in})
			switch spec.Tag { // they need another one
			case pdu.TagSourceNetworkID:
				tlvs.AddSourceNodeID("000001")
			case pdu.TagDestNetworkID:
				tlvs.AddDestNodeID("000001")
			}
			m := &pdu.DataSM{TLVs: tlvs}
			octets, err := m.AppendTo(nil)
			if err != nil {
				t.Fatalf("%+v: %v", in, err)
			}
			var p pdu.PDU
			if err := p.Decode(octets); err != nil || p.Warnings() != 0 {
				t.Fatalf("%x: %v %v", octets, err, p.Warnings().Codes())
			}
			if _, ok := p.TLV(spec.Tag); !ok {
				t.Fatalf("%x has no %s", octets, spec.Name)
			}
			read := p.Options()
			out := reflect.ValueOf(&read).MethodByName(name).Call(nil)
			if got, want := out[0].Convert(in.Type()).Interface(), in.Interface(); !out[1].Bool() || !cmp.Equal(got, want) {
				t.Errorf("%s: %+v came back as %+v", name, want, got)
			}
			if _, ok := reflect.TypeFor[pdu.TLVs]().MethodByName(name); !ok {
				t.Errorf("%s is no method of TLVs", name)
			}
		}
		names = append(names, name)
	}
	if len(names) != len(pdu.Tags()) {
		t.Errorf("%d TLVs have methods, of %d: %v", len(names), len(pdu.Tags()), names)
	}
}

// fill sets a value of a TLV to something that it may be.
func fill(r *rand.Rand, v reflect.Value, s pdu.TagSpec) {
	size := s.Min + r.IntN(min(s.Max, 200)-s.Min+1)
	switch v.Kind() {
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		v.SetUint(r.Uint64() & (1<<(8*v.Type().Size()) - 1))
		if s.Hi != 0 {
			v.SetUint(uint64(s.Lo + r.Uint32N(s.Hi-s.Lo+1)))
		}
	case reflect.String:
		if s.Kind == pdu.KindString {
			size--
		}
		v.SetString(strings.Repeat("5", size))
		if s.Tag == pdu.TagBroadcastEndTime {
			v.SetString("260102150405104+")
		}
	case reflect.Slice:
		v.SetBytes([]byte(pdutest.Octets(r, size)))
	case reflect.Struct:
		switch x := v.Addr().Interface().(type) {
		case *pdu.NetworkErrorCode:
			*x = pdu.NetworkErrorCode{Type: 3, Code: uint16(r.Uint32())}
		case *pdu.CallbackNum:
			*x = pdu.CallbackNum{DigitMode: pdu.DigitModeASCII, TON: pdu.TONInternational, NPI: pdu.NPIISDNE164, Digits: strings.Repeat("4", 1+r.IntN(16))}
		case *pdu.CallbackNumAtag:
			*x = pdu.CallbackNumAtag{DataCoding: 3, Text: []byte(pdutest.Octets(r, 1+r.IntN(64)))}
		case *pdu.CallbackNumPresInd:
			*x = pdu.CallbackNumPresInd{Presentation: uint8(r.IntN(4)), Screening: uint8(r.IntN(4))}
		case *pdu.Subaddress:
			*x = pdu.Subaddress{Kind: pdu.SubaddressUser, Address: []byte(pdutest.Octets(r, 1+r.IntN(22)))}
		case *pdu.MSMsgWaitFacilities:
			*x = pdu.MSMsgWaitFacilities{Active: r.IntN(2) == 0, Type: uint8(r.IntN(4))}
		case *pdu.ITSSessionInfo:
			*x = pdu.ITSSessionInfo{Session: uint8(r.Uint32()), Sequence: uint8(r.IntN(128)), End: r.IntN(2) == 0}
		case *pdu.MSValidity:
			*x = pdu.MSValidity{Behaviour: uint8(r.IntN(4))}
			if r.IntN(2) == 0 {
				*x = pdu.MSValidity{Behaviour: 4, Units: 9, Count: uint16(r.Uint32())}
			}
		case *pdu.BroadcastContentType:
			*x = pdu.BroadcastContentType{Network: 1, Type: uint16(r.Uint32())}
		case *pdu.BroadcastFrequencyInterval:
			*x = pdu.BroadcastFrequencyInterval{Unit: 9, Count: uint16(r.Uint32())}
		case *pdu.BroadcastAreaIdentifier:
			*x = pdu.BroadcastAreaIdentifier{Format: 2, Details: []byte(pdutest.Octets(r, 1+r.IntN(100)))}
		case *pdu.BillingIdentification:
			*x = pdu.BillingIdentification{Format: 0x80, Data: []byte(pdutest.Octets(r, 1+r.IntN(1000)))}
		default:
			panic(v.Type().String())
		}
	}
}

// Parsers of composite TLVs say no to every wrong length, and never panic.
func TestTypedTLVsOfWrongLength(t *testing.T) {
	for _, spec := range pdu.Tags() {
		for n := range 1100 {
			if n > 300 && n < 1000 {
				continue // no limit is near
			}
			var tlvs pdu.TLVs
			value := make([]byte, n)
			if n > 0 {
				value[n-1] = byte(spec.Lo)
			}
			switch spec.Tag {
			case pdu.TagSourceNodeID, pdu.TagDestNodeID:
				value = bytes.Repeat([]byte("7"), n)
			}
			tlvs.Add(spec.Tag, value)
			name := spec.Name
			v := reflect.ValueOf(tlvs)
			typ := v.Type()
			for i := range typ.NumMethod() {
				if strings.EqualFold(typ.Method(i).Name, strings.ReplaceAll(name, "_", "")) {
					ok := v.Method(i).Call(nil)[1].Bool()
					fits := n >= spec.Min && n <= spec.Accept
					if spec.Tag == pdu.TagMSValidity {
						fits = n == 1 || n == 4
					}
					if ok != fits {
						t.Errorf("%s of %d octets: %v", name, n, ok)
					}
				}
			}
			_, err := (&pdu.DataSM{TLVs: tlvs}).AppendTo(nil)
			nul := spec.Kind == pdu.KindString && n > 1 // it has NULs inside
			ok := n >= spec.Min && n <= spec.Max && !nul
			if spec.Tag == pdu.TagMSValidity {
				ok = n == 1 || n == 4
			}
			if (err == nil) != ok {
				t.Errorf("%s of %d octets: %v", name, n, err)
			}
		}
	}
}

func TestDestsAndUnsuccess(t *testing.T) {
	m := &pdu.SubmitMulti{DestAddress: []pdu.Dest{{TON: 1, NPI: 1, Address: "491700000001"}, {List: "friends"}, {Flag: pdu.DestFlagList}}}
	octets, err := m.AppendTo(nil)
	if err != nil {
		t.Fatal(err)
	}
	var p pdu.PDU
	if err := p.Decode(octets); err != nil {
		t.Fatal(err)
	}
	got := slices.Collect(p.Dests())
	want := []pdu.Dest{{Flag: 1, TON: 1, NPI: 1, Address: "491700000001"}, {Flag: 2, List: "friends"}, {Flag: 2}}
	if d := cmp.Diff(want, got); d != "" || p.Int(pdu.FieldNumberOfDests) != 3 {
		t.Errorf("%d: %s", p.Int(pdu.FieldNumberOfDests), d)
	}
	for range p.Dests() {
		break // an iterator may be left early
	}
	if d := (pdu.Dest{Flag: pdu.DestFlagSME, TON: 1, NPI: 1, Address: "7", List: "friends"}); string(d.AppendTo(nil)) != "\x01\x01\x017\x00" {
		t.Errorf("%x is no SME address", d.AppendTo(nil))
	}
	if _, err := (&pdu.SubmitMulti{DestAddress: []pdu.Dest{{Flag: 3}}}).AppendTo(nil); err == nil || err.Error() != "submit_multi.dest_address: [0] dest_flag is 3, must be 1 or 2" {
		t.Error(err)
	}
	// Elements with another flag cannot be read: nobody knows how long they are.
	octets, _ = hex.DecodeString("0000002000000021" + "0000000000000001" + "00000000" + "01" + "03010100" + "00000000" + "000000")
	if err := p.Decode(octets); err == nil || err.(*pdu.DecodeError).Status != pdu.ESME_RINVDESTFLAG {
		t.Errorf("%v", err)
	}
}

func TestUnknownCommands(t *testing.T) {
	m := &pdu.Unknown{Header: pdu.Header{Sequence: 9}, ID: 0x00010200, Body: []byte("vendor's own")}
	octets, err := m.AppendTo(nil)
	if err != nil {
		t.Fatal(err)
	}
	var p pdu.PDU
	if err := p.Decode(octets); err != nil || p.Command() != nil {
		t.Fatal(p.Command(), err)
	}
	if d := cmp.Diff(pdu.Typed(m), p.Typed()); d != "" {
		t.Error(d)
	}
	if err := (&pdu.SubmitSM{}).Read(&p); err == nil || err.Error() != "the PDU is a 0x00010200, not a submit_sm" {
		t.Error(err)
	}
}

// The structs encode without an allocation when there is room.
func TestEncodingDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 1024)
	text := []byte("hello")
	var tlvs pdu.TLVs
	tlvs.AddUserMessageReference(7)
	if n := testing.AllocsPerRun(100, func() {
		m := pdu.SubmitSM{SourceAddr: "12345", DestinationAddr: "491700000001", ShortMessage: text, TLVs: tlvs}
		if _, err := m.AppendTo(buf); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Not even where there is something to pardon.
func TestDecodingDoesNotAllocate(t *testing.T) {
	var all [][]byte
	for _, cmd := range pdu.Commands() {
		all = append(all, pdutest.Random(rand.New(rand.NewPCG(1, 2)), cmd).AppendTo(nil))
	}
	for _, time := range []string{"260102150405000+", "2601021504050000", "260102150405", "26010215040x"} {
		b := pdu.NewBuilder(commandOf(t, pdu.CmdDeliverSM))
		b.SetInt(pdu.FieldESMClass, 0x40)
		b.SetString(pdu.FieldValidityPeriod, time)
		b.SetString(pdu.FieldShortMessage, "\x09abc")
		all = append(all, b.Build().AppendTo(nil))
	}
	var p pdu.PDU
	for _, octets := range all {
		if n := testing.AllocsPerRun(100, func() {
			if err := p.Decode(octets); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%x: %v allocations", octets, n)
		}
	}
}

func commandOf(t *testing.T, id pdu.CommandID) *pdu.Command {
	cmd, ok := pdu.CommandByID(id)
	if !ok {
		t.Fatal(id)
	}
	return cmd
}

// A request has no status and one of the numbers that requests have; a response has what its request had.
func TestHeaderLimits(t *testing.T) {
	for _, tt := range []struct {
		m    pdu.Typed
		want string
	}{
		{&pdu.SubmitSM{Header: pdu.Header{Sequence: 0x7FFFFFFF}}, ""},
		{&pdu.SubmitSM{Header: pdu.Header{Sequence: 0x80000000}}, "submit_sm.sequence_number: 2147483648, must be at most 2147483647"},
		{&pdu.EnquireLink{Header: pdu.Header{Status: pdu.ESME_RSYSERR}}, "enquire_link.command_status: ESME_RSYSERR, must be 0 in a request"},
		{&pdu.SubmitSMResp{Header: pdu.Header{Status: pdu.ESME_RSYSERR, Sequence: 0xFFFFFFFF}}, ""},
		{&pdu.GenericNack{Header: pdu.Header{Status: pdu.ESME_RINVCMDID, Sequence: 0}}, ""},
	} {
		got := ""
		if _, err := tt.m.AppendTo(nil); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%T: %q, want %q", tt.m, got, tt.want)
		}
		if _, err := tt.m.AppendRelaxed(nil); err != nil {
			t.Errorf("%T relaxed: %v", tt.m, err)
		}
	}
}

// What says something else than it means, or has values that are reserved, is refused, in whatever way it is built.
func TestMessagesThatContradictThemselves(t *testing.T) {
	twicePayload := pdu.TLVs{}
	twicePayload.AddMessagePayload([]byte{})
	twicePayload.AddMessagePayload([]byte("zz"))
	payload := func(octets string) (t pdu.TLVs) {
		t.AddMessagePayload([]byte(octets))
		return t
	}
	private := func(indicator pdu.PrivacyIndicator) (t pdu.TLVs) {
		t.AddPrivacyIndicator(indicator)
		return t
	}
	sar := func(total, number uint8) (t pdu.TLVs) {
		t.AddSARMsgRefNum(7)
		t.AddSARTotalSegments(total)
		t.AddSARSegmentSeqnum(number)
		return t
	}
	alone := pdu.TLVs{}
	alone.AddSARTotalSegments(2)
	for _, tt := range []struct {
		m    pdu.Typed
		want string
	}{
		{&pdu.SubmitSM{ESMClass: 0x40}, "submit_sm.esm_class: 0x40 has the UDHI bit, but the message does not start with a user data header"},
		{&pdu.SubmitSM{ESMClass: 0x40, ShortMessage: []byte("\x05\x00")}, "submit_sm.esm_class: 0x40 has the UDHI bit, but the message does not start with a user data header"},
		{&pdu.DataSM{ESMClass: 0xC0, TLVs: payload("\x03\x00\x09\x01")}, "data_sm.esm_class: 0xC0 has the UDHI bit, but the message does not start with a user data header"},
		{&pdu.DeliverSM{ESMClass: 0x40, ShortMessage: []byte("\x05\x00\x03\x01\x02\x01a")}, ""},
		{&pdu.DataSM{ESMClass: 0x40, TLVs: payload("\x05\x00\x03\x01\x02\x01a")}, ""},
		{&pdu.SubmitSM{TLVs: twicePayload}, "submit_sm.message_payload: is there 2 times, must be once"},
		{&pdu.SubmitSM{ShortMessage: []byte("a"), TLVs: payload("bc")}, "submit_sm.message_payload: 2 octets beside a short_message of 1, must be one of the two"},
		{&pdu.SubmitSM{ShortMessage: []byte("a"), TLVs: payload("")}, ""},
		{&pdu.ReplaceSM{ShortMessage: []byte("a"), TLVs: payload("bc")}, "replace_sm.message_payload: 2 octets beside a short_message of 1, must be one of the two"},
		{&pdu.SubmitSMResp{TLVs: twicePayload}, "submit_sm_resp.message_payload: is there 2 times, must be once"},
		{&pdu.SubmitSM{ESMClass: 0x3F, RegisteredDelivery: 0xFF, SourceAddrTON: 9, DestAddrNPI: 77, DataCoding: 0x90, TLVs: private(9)}, ""}, // networks extend these
		{&pdu.SubmitSM{ReplaceIfPresentFlag: 7}, "submit_sm.replace_if_present_flag: 7, must be at most 1: others are reserved"},
		{&pdu.SubmitSM{PriorityFlag: 200}, "submit_sm.priority_flag: 200, must be at most 4: others are reserved"},
		{&pdu.SubmitSM{PriorityFlag: 4, ReplaceIfPresentFlag: 1}, ""},
		{&pdu.SubmitSM{ESMClass: 0x40, ShortMessage: []byte("\x05\x00\x03\x01\x02\x03a")}, "submit_sm.esm_class: the user data header's element 0x00 is 01 02 03, must be a reference, " +
			"the number of parts, and that of this part, from 1"},
		{&pdu.DataSM{TLVs: sar(2, 2)}, ""},
		{&pdu.DataSM{TLVs: alone}, ""}, // to be ignored (SMPP 3.4 §5.3.2.22)
		{&pdu.DataSM{TLVs: sar(2, 3)}, "data_sm.sar_segment_seqnum: 3, must be at most sar_total_segments (2)"},
		{&pdu.SubmitSM{ESMClass: 0x40, ShortMessage: []byte("\x05\x00\x03\x01\x02\x01a"), TLVs: sar(2, 1)},
			"submit_sm.sar_msg_ref_num: the user data header says already which part the message is"},
	} {
		_, strict := tt.m.AppendTo(nil)
		octets, err := tt.m.AppendRelaxed(nil)
		if err != nil {
			t.Errorf("%+v relaxed: %v", tt.m, err)
			continue
		}
		var p pdu.PDU
		if err := p.Decode(octets); err != nil || (p.Warnings() == 0) != (tt.want == "") {
			t.Errorf("%x: %v %v", octets, err, p.Warnings().Codes())
		}
		b := pdu.NewBuilder(p.Command())
		for _, f := range p.Command().Fields {
			if f.Kind == pdu.KindInt {
				b.SetInt(f.Field, int64(p.Int(f.Field)))
			} else {
				b.SetString(f.Field, p.Str(f.Field))
			}
		}
		b.AddTLVs(p.Options())
		built := b.Build()
		for _, err := range []error{strict, built.Err(), pdu.Make(tt.m).Err()} {
			if got := fmt.Sprint(err); got != tt.want && (err != nil || tt.want != "") {
				t.Errorf("%+v: %v, want %s", tt.m, err, tt.want)
			}
		}
		if built.RelaxedErr() != nil {
			t.Errorf("%+v: %v", tt.m, built.RelaxedErr())
		}
	}
	_, err := (&pdu.SubmitSM{ShortMessage: make([]byte, 256)}).AppendRelaxed(nil)
	if err == nil || err.Error() != "submit_sm.short_message: 256 octets, must be at most 255; longer text goes into message_payload" {
		t.Error(err)
	}
}
