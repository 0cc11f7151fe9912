package pdu

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// rebuild makes the PDU again from what can be read of it.
func rebuild(p *PDU) *PDU {
	b := NewBuilder(p.cmd)
	b.SetStatus(p.CommandStatus())
	b.SetSequence(p.sequence)
	for _, f := range p.cmd.Fields {
		switch {
		case !p.Has(f.Field):
		case f.Kind == KindInt:
			b.SetInt(f.Field, int64(p.Int(f.Field)))
		default:
			b.SetString(f.Field, p.Str(f.Field))
		}
	}
	for t, v := range p.TLVs() {
		b.AddTLV(t, string(v))
	}
	return b.Build()
}

// consistent fails for a PDU that is read wrongly in silence. What is decoded without a pardon is canonical:
// it is the same octets when it is built again from what was read. Whatever the octets are, nothing
// panics, and all ways to show them take them.
func consistent(t interface{ Fatalf(string, ...any) }, b []byte) {
	var p PDU
	err := p.Decode(b)
	var de *DecodeError
	if err != nil && (!errors.As(err, &de) || de.Status == ESME_ROK || de.Offset > len(b) || de.Error() == "") {
		t.Fatalf("%x: %v", b, err)
	}
	_ = p.String()
	for f := range numFields {
		p.Int(f)
		p.Bytes(f)
	}
	_, _ = p.Text()
	p.Receipt()
	e := Explain(b)
	if j, err := json.Marshal(e); err != nil || !json.Valid(j) {
		t.Fatalf("%x: %s %v", b, j, err)
	}
	if err := e.WriteText(io.Discard); err != nil {
		t.Fatalf("%x: %v", b, err)
	}
	if len(b) < HeaderLen || binary.BigEndian.Uint32(b) != uint32(len(b)) {
		return
	}
	if e.Error == "" && err != nil {
		t.Fatalf("%x: is not malformed but gives %v", b, err)
	}
	if err != nil {
		return
	}
	m := p.Typed()
	if p.cmd == nil {
		if again, _ := m.AppendTo(nil); !bytes.Equal(again, b) {
			t.Fatalf("an unknown command came back as\n%x, was\n%x", again, b)
		}
		return
	}
	if strict, err := m.AppendTo(nil); err == nil { // then it is nothing that decoding would have to forgive
		var r PDU
		if err := r.Decode(strict); err != nil || r.warnings&^EmptyBody != 0 {
			t.Fatalf("%x: encoded strictly it is %x, which gives %v %v", b, strict, err, r.warnings.Codes())
		}
	}
	q := rebuild(&p)
	if p.warnings == 0 {
		if q.Err() != nil || !bytes.Equal(q.raw, b) {
			t.Fatalf("built again it is\n%x %v, was\n%x", q.raw, q.Err(), b)
		}
		if again, err := m.AppendTo(nil); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("encoded strictly it is\n%x %v, was\n%x", again, err, b)
		}
	}
	if q.RelaxedErr() != nil {
		return
	}
	// Pardoned or not: what is sent is read as the same.
	again, err := m.AppendRelaxed(nil)
	if err != nil {
		t.Fatalf("%x: %v, but the builder takes it", b, err)
	}
	var r PDU
	if err := r.Decode(again); err != nil {
		t.Fatalf("%x: sent again as %x it gives %v", b, again, err)
	}
	if d := cmp.Diff(m, r.Typed()); d != "" {
		t.Fatalf("%x: sent again as %x it is another:\n%s", b, again, d)
	}
}

// setLength makes octets a PDU of their length.
func setLength(b []byte) []byte {
	b = bytes.Clone(b)
	if len(b) >= 4 {
		binary.BigEndian.PutUint32(b, uint32(len(b)))
	}
	return b
}

// Each vector, cut at every octet and changed in every one, is never read wrongly in silence.
func TestVectorsCutAndChanged(t *testing.T) {
	for _, v := range vectors(t, "pdu", "malformed", "incomplete_or_malformed") {
		octets := v.octets(t)
		for i := range octets {
			consistent(t, octets[:i])
			consistent(t, setLength(octets[:i]))
			if e := Explain(octets[:i]); i > 0 && e.Error == "" && binary.BigEndian.Uint32(octets) > uint32(i) {
				t.Fatalf("%x, cut at %d, is not malformed", octets, i)
			}
			for _, x := range []byte{0, 1, 2, 0x7F, 0x80, 0xFF} {
				changed := bytes.Clone(octets)
				changed[i] = x
				consistent(t, changed)
				consistent(t, setLength(changed))
			}
		}
	}
}

// reframe takes a stream apart that comes in pieces: the PDUs, and what went wrong in the end.
func reframe(pieces [][]byte, max int) (pdus [][]byte, rest int, err error) {
	var have []byte
	for _, piece := range pieces {
		have = append(have, piece...)
		for {
			n, err := FrameLength(have, max)
			if err != nil {
				return pdus, len(have), err
			}
			if n == 0 || n > len(have) {
				break
			}
			pdus = append(pdus, bytes.Clone(have[:n]))
			have = have[n:]
		}
	}
	return pdus, len(have), nil
}

// All vectors that are whole PDUs, as one stream, split at every octet and into single octets, and merged.
func TestVectorsSplitEverywhere(t *testing.T) {
	var stream []byte
	var want [][]byte
	for _, v := range vectors(t, "pdu", "malformed") {
		octets := v.octets(t)
		if n, err := FrameLength(octets, 1<<16); err == nil && n == len(octets) {
			want = append(want, octets)
			stream = append(stream, octets...)
		}
	}
	if len(want) < 40 {
		t.Fatalf("only %d PDUs", len(want))
	}
	same := func(how string, pieces ...[]byte) {
		t.Helper()
		got, rest, err := reframe(pieces, 1<<16)
		if err != nil || rest != 0 || !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("%s: %d PDUs of %d, %d octets left, %v", how, len(got), len(want), rest, err)
		}
	}
	same("merged", stream)
	for i := range stream {
		same("split", stream[:i], stream[i:])
	}
	var single [][]byte
	for i := range stream {
		single = append(single, stream[i:i+1])
	}
	same("octet by octet", single...)

	s := bufio.NewScanner(bytes.NewReader(stream))
	s.Split(Frames(1 << 16))
	var got [][]byte
	for s.Scan() {
		got = append(got, bytes.Clone(s.Bytes()))
	}
	if s.Err() != nil || !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("a scanner: %d PDUs, %v", len(got), s.Err())
	}
}

func TestFramesErrors(t *testing.T) {
	for in, want := range map[string]string{
		"\x00\x00\x00\x10\x00\x00": io.ErrUnexpectedEOF.Error(),
		"HTTP/1.1 200 OK":          "this is no SMPP but looks like HTTP",
		"\x00\x00\xFF\xFF":         "command_length 65535 is more than max_pdu_size (100)",
	} {
		s := bufio.NewScanner(bytes.NewReader([]byte(in)))
		s.Split(Frames(100))
		if s.Scan() || s.Err() == nil || s.Err().Error() != want {
			t.Errorf("%q: %v, want %s", in, s.Err(), want)
		}
	}
}

// FuzzDecode tries all ways to read octets, as they are and as a PDU of their length.
func FuzzDecode(f *testing.F) {
	for _, v := range vectors(f, "pdu", "malformed") {
		f.Add(v.octets(f))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		consistent(t, b)
		consistent(t, setLength(b))
	})
}

// FuzzFraming splits a stream at any places: the PDUs are the same, and so is the fault.
func FuzzFraming(f *testing.F) {
	for _, v := range vectors(f, "pdu", "malformed", "incomplete_or_malformed") {
		f.Add(v.octets(f), []byte{1, 3, 20})
	}
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		const max = 1 << 12
		want, wantRest, wantErr := reframe([][]byte{stream}, max)
		var pieces [][]byte
		rest := stream
		for _, c := range cuts {
			n := min(int(c), len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		got, _, gotErr := reframe(append(pieces, rest), max)
		if !slices.EqualFunc(got, want, bytes.Equal) || (gotErr == nil) != (wantErr == nil) {
			t.Fatalf("%d PDUs and %v, but in pieces %d and %v", len(want), wantErr, len(got), gotErr)
		}
		total := wantRest
		for _, p := range want {
			if total += len(p); len(p) < HeaderLen || len(p) > max || binary.BigEndian.Uint32(p) != uint32(len(p)) {
				t.Fatalf("%x is no frame", p)
			}
		}
		if total != len(stream) {
			t.Fatalf("%d octets of %d are left", total, len(stream))
		}
	})
}

// TLVs come back as they were, in their order.
func TestTLVsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tlvs TLVs
		type tlv struct {
			tag   Tag
			value string
		}
		var want []tlv
		for range rapid.IntRange(0, 20).Draw(t, "n") {
			x := tlv{Tag(rapid.Uint16().Draw(t, "tag")), string(rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "value"))}
			want = append(want, x)
			tlvs.Add(x.tag, []byte(x.value))
		}
		parsed, err := ParseTLVs(tlvs.Octets())
		if err != nil {
			t.Fatal(err)
		}
		var got []tlv
		for tag, v := range parsed.All() {
			got = append(got, tlv{tag, string(v)})
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
		for i := range tlvs.Octets() { // a cut one is told, wherever it is cut
			if cut, err := ParseTLVs(tlvs.Octets()[:i]); err == nil && len(slices.Collect(func(yield func(int) bool) {
				for range cut.All() {
					yield(0)
				}
			})) >= len(want) {
				t.Fatalf("cut at %d it still has all", i)
			}
		}
	})
}

func TestTLVTooLong(t *testing.T) {
	var tlvs TLVs
	tlvs.AddMessagePayload(make([]byte, 0xFFFF))
	m := &DataSM{TLVs: tlvs}
	if _, err := m.AppendTo(nil); err != nil {
		t.Error(err)
	}
	m.TLVs.AddMessagePayload(make([]byte, 0x10000))
	_, err := m.AppendRelaxed(nil)
	if err == nil || err.Error() != "data_sm.message_payload: 65536 octets, must be at most 65535" {
		t.Error(err)
	}
	alone := TLVs{}
	alone.AddMessagePayload(make([]byte, 0x10000))
	for _, m := range []Typed{&DataSM{TLVs: alone}, &DataSMResp{TLVs: alone}, &DataSMResp{Header: Header{Status: ESME_RSYSERR}, TLVs: alone}} {
		if octets, err := m.AppendRelaxed(nil); err == nil || len(octets) > 0 || err.(*FieldError).Field != "message_payload" {
			t.Errorf("%T: %x %v", m, octets, err)
		}
	}
	two := TLVs{} // the first is named
	two.AddITSSessionInfo(ITSSessionInfo{Sequence: 200})
	two.AddMessagePayload(make([]byte, 0x10000))
	if _, err := (&DataSM{TLVs: two}).AppendRelaxed(nil); err == nil || err.(*FieldError).Field != "its_session_info" {
		t.Error(err)
	}
	added := NewBuilder(commandOf(CmdDataSM))
	added.AddTLVs(alone)
	if err := added.Build().RelaxedErr(); err == nil || err.Error() != "data_sm.message_payload: 65536 octets, must be at most 65535" {
		t.Error(err)
	}
	b := NewBuilder(commandOf(CmdDataSM)) // the only one: none is to be left out in silence
	b.AddTLV(TagMessagePayload, string(make([]byte, 0x10000)))
	if err := b.Build().RelaxedErr(); err == nil || err.Error() != "data_sm.message_payload: 65536 octets, must be at most 65535" {
		t.Error(err)
	}
}
