package pdu

import "testing"

// What a PDU lacks reads as nothing, by each getter, and what it has lies where it should, also where the body ends early.
func TestFieldsOfFaultyBodies(t *testing.T) {
	type want map[Field]string // of a string its octets, of an integer one; what is not here is not there
	tests := []struct {
		name   string
		id     CommandID
		status byte
		body   string
		want   want
	}{
		{"a string that ends with the PDU", CmdSubmitSMResp, 0, "abc", want{FieldMessageID: "abc"}},
		{"an error response that ends in a string", CmdQuerySMResp, 8, "id\x00260102", want{FieldMessageID: "id"}},
		{"an error response that ends in its integers", CmdQuerySMResp, 8, "id\x00\x00\x02", want{FieldMessageID: "id", FieldFinalDate: "", FieldMessageState: "\x02"}},
		{"an error response of TLVs alone", CmdDataSMResp, 8, "\x04\x23\x00\x03\x03\x00\x1f", want{}},
		{"an error response of nothing", CmdDataSMResp, 8, "", want{}},
		{"a request that ends early", CmdDeliverSM, 0, "\x00\x01\x01491700000001\x00", want{}},
		{"a request whose message ends early", CmdDeliverSM, 0, "\x00\x01\x01a\x00\x01\x01b\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05hell", want{}},
		{"a request that is whole", CmdCancelSM, 0, "\x00id\x00\x05\x06a\x00\x07\x08b\x00", want{FieldServiceType: "", FieldMessageID: "id",
			FieldSourceAddrTON: "\x05", FieldSourceAddrNPI: "\x06", FieldSourceAddr: "a", FieldDestAddrTON: "\x07", FieldDestAddrNPI: "\x08", FieldDestinationAddr: "b"}},
	}
	for _, test := range tests {
		var p PDU
		_ = p.Decode(repeated(test.id, test.status, test.body, "", "", 0))
		for f := range Field(numFields) + 1 {
			want, ok := test.want[f]
			octets, kind, there := p.Value(f)
			if there != ok || p.Has(f) != ok || string(octets) != want || p.Str(f) != want || (p.Bytes(f) == nil) == ok {
				t.Errorf("%s: %s is %q (%t, %t), %q, want %q (%t)", test.name, f, octets, there, p.Has(f), p.Bytes(f), want, ok)
			}
			n := uint32(0)
			if ok && kind == KindInt {
				n = uint32(want[0])
			}
			if p.Int(f) != n {
				t.Errorf("%s: %s is %d, want %d", test.name, f, p.Int(f), n)
			}
		}
	}
}
