package pdu_test

import (
	"fmt"

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
