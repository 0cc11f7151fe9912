package pdu_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/esmehost/esmehost/pdu"
)

func ExampleBuilder() {
	cmd, _ := pdu.CommandByID(pdu.CmdSubmitSM)
	b := pdu.NewBuilder(cmd)
	b.SetString(pdu.FieldDestinationAddr, "491700000001")
	coding, octets := pdu.EncodeText("grüße")
	b.SetInt(pdu.FieldDataCoding, int64(coding))
	b.SetString(pdu.FieldShortMessage, string(octets))
	b.AddTLVInt(pdu.TagUserMessageReference, 7)
	p := b.Build()
	fmt.Println(p, p.Err())

	b.Reset(cmd)
	b.SetString(pdu.FieldSourceAddr, "a name that is far too long")
	fmt.Println(b.Build().Err())
	// Output:
	// submit_sm 0 destination_addr="491700000001" short_message=(5 octets) user_message_reference=7 <nil>
	// submit_sm.source_addr: 27 octets, must be at most 20
}

func ExamplePDU_Decode() {
	octets := []byte("\x00\x00\x00\x15\x80\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x07" + "abc\x00\x00")
	var p pdu.PDU // used again for each PDU: nothing is allocated
	if err := p.Decode(octets); err != nil {
		fmt.Println(err)
	}
	fmt.Println(p.CommandID(), p.CommandStatus(), p.SequenceNumber(), p.Str(pdu.FieldMessageID), p.Warnings().Codes())
	// Output: submit_sm_resp ESME_ROK 7 abc [trailing_octets]
}

func ExampleFrameLength() {
	stream := []byte("\x00\x00\x00\x10\x00\x00\x00\x15\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x10\x00")
	for {
		n, err := pdu.FrameLength(stream, 128<<10)
		if err != nil || n == 0 || n > len(stream) {
			fmt.Println(len(stream), "octets are left", err)
			return
		}
		fmt.Printf("a PDU of %d octets\n", n)
		stream = stream[n:]
	}
	// Output:
	// a PDU of 16 octets
	// 5 octets are left <nil>
}

// What is sent is appended to the program's own slice, which is used again: nothing is allocated.
func ExampleSubmitSM() {
	var out []byte
	for i, to := range []string{"491700000001", "491700000002"} {
		m := pdu.SubmitSM{Header: pdu.Header{Sequence: uint32(i + 1)}, SourceAddrTON: pdu.TONAlphanumeric, SourceAddr: "shop",
			DestAddrTON: pdu.TONInternational, DestAddrNPI: pdu.NPIISDNE164, DestinationAddr: to, ShortMessage: []byte("hello")}
		m.TLVs.AddUserMessageReference(7)
		var err error
		if out, err = m.AppendTo(out); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(len(out), "octets to write")
	// Output: 120 octets to write
}

func ExamplePDU_Typed() {
	p := pdu.Make(&pdu.DeliverSM{SourceAddr: "491700000001", ESMClass: pdu.ESMClassTypeMCDeliveryReceipt})
	switch m := p.Typed().(type) {
	case *pdu.DeliverSM:
		fmt.Println("from", m.SourceAddr, m.ESMClass)
	case *pdu.Unknown:
		fmt.Println("what is", m.ID)
	}
	// Output: from 491700000001 4
}

// The TLVs keep their order; one that is defined has its type, a vendor's is octets, and any may be repeated.
func ExampleTLVs() {
	const vendorsOwn pdu.Tag = 0x1401
	var m pdu.SubmitSM
	m.TLVs.AddSourcePort(9200)
	m.TLVs.Add(vendorsOwn, []byte{1, 2, 3})
	m.TLVs.AddCallbackNum(pdu.CallbackNum{DigitMode: pdu.DigitModeASCII, TON: pdu.TONInternational, NPI: pdu.NPIISDNE164, Digits: "4930123"})
	m.TLVs.AddCallbackNum(pdu.CallbackNum{DigitMode: pdu.DigitModeASCII, Digits: "110"})
	p := pdu.Make(&m)

	port, ok := p.Options().SourcePort()
	fmt.Println(port, ok)
	value, ok := p.Options().Get(vendorsOwn)
	fmt.Println(value, ok)
	for v := range p.Options().Values(pdu.TagCallbackNum) {
		number, ok := pdu.ParseCallbackNum(v)
		fmt.Println(number.Digits, ok)
	}
	for tag, v := range p.TLVs() {
		fmt.Println(tag, len(v))
	}
	// Output:
	// 9200 true
	// [1 2 3] true
	// 4930123 true
	// 110 true
	// source_port 2
	// 0x1401 3
	// callback_num 10
	// callback_num 6
}

// A command that is not defined is no error: its header is read, and its body is kept.
func ExampleUnknown() {
	octets := []byte("\x00\x00\x00\x13\x00\x01\x02\x03\x00\x00\x00\x00\x00\x00\x00\x09" + "abc")
	var p pdu.PDU
	if err := p.Decode(octets); err != nil {
		fmt.Println(err)
	}
	fmt.Println(p.Command() == nil, p.CommandID(), p.SequenceNumber())
	m := p.Typed().(*pdu.Unknown)
	fmt.Printf("%s\n", m.Body)
	again, err := m.AppendTo(nil)
	fmt.Println(bytes.Equal(again, octets), err)
	// Answer it as SMPP 3.4 §3.3 asks.
	nack, _ := (&pdu.GenericNack{Header: pdu.Header{Status: pdu.ESME_RINVCMDID, Sequence: p.SequenceNumber()}}).AppendTo(nil)
	fmt.Printf("%x\n", nack)
	// Output:
	// true 0x00010203 9
	// abc
	// true <nil>
	// 00000010800000000000000300000009
}

// A body that cannot be understood says where, and with what to answer.
func ExampleDecodeError() {
	var p pdu.PDU
	err := p.Decode([]byte("\x00\x00\x00\x12\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x07" + "\x00\x01"))
	var bad *pdu.DecodeError
	if errors.As(err, &bad) {
		fmt.Println(bad)
		resp, _ := p.CommandID().Response()
		fmt.Println("answer", p.SequenceNumber(), "with", resp, bad.Status)
	}
	// Output:
	// submit_sm.source_addr_npi: truncated at 18
	// answer 7 with submit_sm_resp ESME_RINVCMDLEN
}

// A value that breaks a limit is named with it.
func ExampleFieldError() {
	m := pdu.SubmitSM{DestinationAddr: "491700000001", ShortMessage: make([]byte, 300)}
	_, err := m.AppendTo(nil)
	var refused *pdu.FieldError
	if errors.As(err, &refused) {
		fmt.Println(refused.Command, refused.Field, refused.Code())
		fmt.Println(refused)
	}
	// Output:
	// submit_sm short_message field_limit
	// submit_sm.short_message: 300 octets, must be at most 254; longer text goes into message_payload
}

// A peer that is known to take more can be sent more; what the wire cannot carry is refused all the same.
func ExamplePDU_RelaxedErr() {
	bind := pdu.BindTransceiver{SystemID: "shop", Password: "longer than eight", InterfaceVersion: pdu.InterfaceVersion34}
	_, err := bind.AppendTo(nil)
	fmt.Println(err)
	octets, err := bind.AppendRelaxed(nil)
	fmt.Println(len(octets), err)

	p := pdu.Make(&bind) // the same for a PDU
	fmt.Println(p.Err() != nil, p.RelaxedErr())

	_, err = (&pdu.BindTransceiver{SystemID: "a\x00b"}).AppendRelaxed(nil)
	fmt.Println(err)
	// Output:
	// bind_transceiver.password: 17 octets, must be at most 8
	// 44 <nil>
	// true <nil>
	// bind_transceiver.system_id: has a NUL inside
}

// A connection is a stream of PDUs; what is none is named.
func ExampleFrames() {
	link, _ := (&pdu.EnquireLink{Header: pdu.Header{Sequence: 1}}).AppendTo(nil)
	stream := string(link) + string(link) + "HTTP/1.1 400 Bad Request\r\n"

	const max = 128 << 10
	in := bufio.NewScanner(strings.NewReader(stream))
	in.Buffer(nil, max)
	in.Split(pdu.Frames(max))
	var p pdu.PDU
	for in.Scan() {
		if err := p.Decode(in.Bytes()); err != nil {
			fmt.Println(err)
		}
		fmt.Println(p.String())
	}
	fmt.Println(in.Err())
	// Output:
	// enquire_link 1
	// enquire_link 1
	// this is no SMPP but looks like HTTP
}
