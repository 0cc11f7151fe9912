package pdu

import (
	"math"
	"strings"
	"testing"
)

// A PDU that was built wrongly reads back as it was set, however long its fields are.
func TestBuiltOverAnyLimitReadsBack(t *testing.T) {
	for _, n := range []int{20, 254, 65515, 65520, 65530, 65536, 70000} {
		b := NewBuilder(commandOf(CmdSubmitSM))
		source := strings.Repeat("9", n)
		b.SetString(FieldSourceAddr, source)
		b.SetString(FieldDestinationAddr, "123")
		p := b.Build()
		if got := p.Str(FieldSourceAddr); got != source {
			t.Errorf("source_addr of %d octets reads back as %d", n, len(got))
		}
		if got := p.Str(FieldDestinationAddr); got != "123" {
			t.Errorf("beside a source_addr of %d octets, destination_addr is %q", n, got)
		}
		if err := p.Err(); n > 20 && (err == nil || !strings.HasPrefix(err.Error(), "submit_sm.source_addr: ")) {
			t.Errorf("source_addr of %d octets: %v", n, err)
		}
		var again PDU
		if err := again.Decode(p.Raw()); err != nil || again.Str(FieldSourceAddr) != source {
			t.Errorf("decoded again, source_addr of %d octets is one of %d: %v", n, len(again.Bytes(FieldSourceAddr)), err)
		}
	}
}

// The elements of an array end before one that is none.
func TestArraysOfBrokenElements(t *testing.T) {
	for _, octets := range []string{"\x01", "\x01\x01", "\x02abc", "\x02", "\x03x\x00", "\x01\x01\x01" + strings.Repeat("1", 300)} {
		b := NewBuilder(commandOf(CmdSubmitMulti))
		good := string(AppendDestList(nil, "friends"))
		b.SetString(FieldDestAddress, good+octets)
		p := b.Build()
		n := 0
		for d := range p.Dests() {
			if n++; d.List != "friends" {
				t.Errorf("%q: element %d is %+v", octets, n, d)
			}
		}
		if n != 1 || p.Err() == nil {
			t.Errorf("%q: %d elements, %v", octets, n, p.Err())
		}
		_ = p.String()
	}
	for _, octets := range []string{"\x01", "\x01\x01", "\x01\x0149170\x00\x00\x00\x00", "\x01\x01491"} {
		b := NewBuilder(commandOf(CmdSubmitMultiResp))
		b.SetString(FieldUnsuccessSME, octets)
		p := b.Build()
		for u := range p.UnsuccessSMEs() {
			t.Errorf("%q: %+v", octets, u)
		}
		if p.Err() == nil {
			t.Errorf("%q is taken", octets)
		}
	}
}

func TestAppendToOfWhatIsNoPDU(t *testing.T) {
	if got := new(PDU).AppendTo([]byte("x")); string(got) != "x" {
		t.Errorf("the zero PDU appends %q", got)
	}
	var p PDU
	if err := p.Decode([]byte("short")); err == nil {
		t.Error("5 octets are a PDU")
	}
	if got := p.AppendTo(nil); string(got) != "short" {
		t.Errorf("what was too short appends %q", got)
	}
}

// What a value's bits cannot hold is refused, and not cut to fit.
func TestPartsThatDoNotFit(t *testing.T) {
	for want, add := range map[string]func(*TLVs){
		"data_sm.its_session_info: Sequence is 128, must be 0 to 127":   func(t *TLVs) { t.AddITSSessionInfo(ITSSessionInfo{Sequence: 128}) },
		"data_sm.callback_num_pres_ind: Screening is 4, must be 0 to 3": func(t *TLVs) { t.AddCallbackNumPresInd(CallbackNumPresInd{3, 4}) },
		"data_sm.callback_num_pres_ind: Presentation is 7, must be 0 to 3": func(t *TLVs) {
			t.AddCallbackNumPresInd(CallbackNumPresInd{7, 9})
		},
		"data_sm.ms_msg_wait_facilities: Type is 4, must be 0 to 3": func(t *TLVs) { t.AddMSMsgWaitFacilities(MSMsgWaitFacilities{Type: 4}) },
	} {
		m := &DataSM{}
		add(&m.TLVs)
		for _, encode := range []func([]byte) ([]byte, error){m.AppendTo, m.AppendRelaxed} {
			if out, err := encode(nil); err == nil || err.Error() != want || len(out) != 0 {
				t.Errorf("got %x %v, want %s", out, err, want)
			}
		}
	}
}

// What the specification forbids is refused by both ways to build, and sent when that is asked for.
func TestForbiddenValues(t *testing.T) {
	submit, multi, broadcast := commandOf(CmdSubmitSM), commandOf(CmdSubmitMulti), commandOf(CmdBroadcastSM)
	for want, build := range map[string]func() *Builder{
		"submit_sm.validity_period: the first 15 characters must be digits, must be YYMMDDhhmmsstnnp": func() *Builder {
			b := NewBuilder(submit)
			b.SetString(FieldValidityPeriod, "99999999999999zz")
			return b
		},
		"submit_sm.receipted_message_id: does not end with a NUL": func() *Builder {
			b := NewBuilder(submit)
			b.AddTLV(TagReceiptedMessageID, "abc")
			return b
		},
		"submit_sm.command_status: ESME_RSYSERR, must be 0 in a request": func() *Builder {
			b := NewBuilder(submit)
			b.SetStatus(ESME_RSYSERR)
			return b
		},
		"submit_sm.sar_total_segments: 0, must be 1 to 255": func() *Builder {
			b := NewBuilder(submit)
			b.AddTLVInt(TagSARTotalSegments, 0)
			return b
		},
		"submit_sm.number_of_messages: 200, must be 0 to 99": func() *Builder {
			b := NewBuilder(submit)
			b.AddTLVInt(TagNumberOfMessages, 200)
			return b
		},
		"submit_sm.ms_validity: 2 octets, must be 1 or 4": func() *Builder {
			b := NewBuilder(submit)
			b.AddTLV(TagMSValidity, "\x01\x02")
			return b
		},
		"submit_multi.dest_address: 0 elements, must be at least 1": func() *Builder { return NewBuilder(multi) },
		"broadcast_sm.broadcast_area_identifier: is mandatory":      func() *Builder { return NewBuilder(broadcast) },
	} {
		p := build().Build()
		if err := p.Err(); err == nil || err.Error() != want {
			t.Errorf("built: %v, want %s", err, want)
		}
		if err := p.RelaxedErr(); err != nil {
			t.Errorf("%s: relaxed it is %v", want, err)
		}
		m := p.Typed()
		if out, err := m.AppendTo(nil); err == nil || err.Error() != want || len(out) != 0 {
			t.Errorf("encoded: %x %v, want %s", out, err, want)
		}
		if out, err := m.AppendRelaxed(nil); err != nil || string(out) != string(p.Raw()) {
			t.Errorf("%s: relaxed it is %x %v, built it is %x", want, out, err, p.Raw())
		}
	}
	b := NewBuilder(commandOf(CmdQueryBroadcastSMResp))
	b.AddTLVInt(TagMessageState, 1)
	b.AddTLV(TagBroadcastAreaIdentifier, "\x00x")
	b.AddTLVInt(TagBroadcastAreaSuccess, 255)
	if err := b.Build().Err(); err != nil {
		t.Errorf("a broadcast_area_success of 255: %v", err)
	}
}

// A length that was set and is another than the octets have is no PDU to guess at.
func TestLengthSetWrong(t *testing.T) {
	b := NewBuilder(commandOf(CmdSubmitSM))
	b.SetInt(FieldSMLength, 9)
	b.SetString(FieldShortMessage, "abc")
	if err := b.Build().RelaxedErr(); err == nil || err.Error() != "submit_sm.sm_length: 9, but short_message has 3 octets; it need not be set" {
		t.Error(err)
	}
	b.SetInt(FieldSMLength, 3)
}

func TestUnknownIsNoDefinedCommand(t *testing.T) {
	if _, err := (&Unknown{ID: CmdSubmitSM}).AppendTo(nil); err == nil ||
		err.Error() != "submit_sm.command_id: is defined: use the struct of the command" {
		t.Error(err)
	}
	if out, err := (&Unknown{ID: math.MaxUint32}).AppendTo(nil); err != nil || len(out) != HeaderLen {
		t.Errorf("%x %v", out, err)
	}
}

// An error response keeps what body it came with, through its struct too: none, or fields that are all empty.
func TestTypedKeepsEmptyBodies(t *testing.T) {
	for i := range commands {
		cmd := &commands[i]
		if !cmd.ID.IsResponse() || len(cmd.Fields) == 0 {
			continue
		}
		b := NewBuilder(cmd)
		b.SetStatus(ESME_RSYSERR)
		bare := b.Build()
		b.set = true
		empty := b.Build()
		if bare.Len() == empty.Len() {
			t.Fatalf("%s: both are of %d octets", cmd.Name, bare.Len())
		}
		for _, p := range []*PDU{bare, empty} {
			var q PDU
			if err := q.Decode(p.Raw()); err != nil {
				t.Fatal(err)
			}
			if out, err := q.Typed().AppendTo(nil); err != nil || string(out) != string(p.Raw()) {
				t.Errorf("%x came back as %x %v", p.Raw(), out, err)
			}
		}
	}
}

// An error response may have TLVs where its fields would be: one that is short, too.
func TestBodyLeftOutBeforeOneTLV(t *testing.T) {
	var p PDU
	octets := []byte("\x00\x00\x00\x15\x80\x00\x01\x03\x00\x00\x00\x45\x00\x00\x00\x01\x04\x25\x00\x01\x02")
	if err := p.Decode(octets); err != nil || p.Warnings() != BodyLeftOut {
		t.Fatalf("%v %v", err, p.Warnings().Codes())
	}
	if v, ok := p.Options().DeliveryFailureReason(); !ok || v != 2 {
		t.Errorf("delivery_failure_reason is %v %v", v, ok)
	}
	if id, ok := p.TLV(TagDeliveryFailureReason); !ok || len(id) != 1 || p.Has(FieldMessageID) {
		t.Errorf("%x %v", id, ok)
	}
}

func TestMSValidityOfNoLength(t *testing.T) {
	for n, want := range map[int]Warnings{1: 0, 2: TLVLength, 3: TLVLength, 4: 0, 5: TLVLength} {
		m := &DataSM{}
		m.TLVs.Add(TagMSValidity, make([]byte, n))
		octets, err := m.AppendRelaxed(nil)
		var p PDU
		if derr := p.Decode(octets); err != nil || derr != nil || p.Warnings() != want {
			t.Errorf("%d octets: %v %v %v", n, err, derr, p.Warnings().Codes())
		}
	}
}
