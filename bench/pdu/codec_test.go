// Package pdu measures the codec beside gosmpp and go-smpp.
package pdu

import (
	"bytes"
	"strings"
	"syscall"
	"testing"
	"time"

	fiorix "github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
	"github.com/fiorix/go-smpp/smpp/pdu/pdutext"
	"github.com/linxGnu/gosmpp/data"
	gosmpp "github.com/linxGnu/gosmpp/pdu"

	"github.com/esmehost/esmehost/pdu"
)

// beside runs the same work by each codec, ours first. How many times as long as ours the others take is told by CPU time:
// it is nearly the same while other programs run.
func beside(b *testing.B, octets int, works ...work) {
	ours := 0.0
	for _, w := range works {
		b.Run(w.codec, func(b *testing.B) {
			b.ReportAllocs()
			if octets > 0 {
				b.SetBytes(int64(octets))
			}
			start := cpuTime(b)
			for b.Loop() {
				w.do()
			}
			took := float64(cpuTime(b)-start) / float64(b.N)
			b.ReportMetric(took, "cpu-ns/op")
			if w.codec == "esmehost" {
				ours = took
			} else if ours > 0 {
				b.ReportMetric(took/ours, "times")
			}
		})
	}
}

// cpuTime is what this process has used of the CPU, its garbage collector included.
func cpuTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

type work struct {
	codec string
	do    func()
}

var text = strings.Repeat("x", 100)

// submitSM is a submit_sm with 100 octets of text.
func submitSM(tb testing.TB) []byte {
	m := pdu.SubmitSM{Header: pdu.Header{Sequence: 7}, SourceAddrTON: 5, SourceAddr: "12345", DestAddrTON: 1, DestAddrNPI: 1,
		DestinationAddr: "491700000001", RegisteredDelivery: 1, ShortMessage: []byte(text)}
	octets, err := m.AppendTo(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return octets
}

var sink int

// ends reads the two ends of a value, so that nothing of getting at it can be left out.
func ends[T []byte | string](v T) int {
	if len(v) == 0 {
		return 0
	}
	return len(v) + int(v[0]) + int(v[len(v)-1])
}

// Each decodes a submit_sm and reads all its mandatory fields.
func BenchmarkDecodeSubmitSM(b *testing.B) {
	octets := submitSM(b)
	var p pdu.PDU
	beside(b, 0,
		work{"esmehost", func() {
			if err := p.Decode(octets); err != nil {
				b.Fatal(err)
			}
			sink += ends(p.Bytes(pdu.FieldServiceType)) + int(p.Int(pdu.FieldSourceAddrTON)) + int(p.Int(pdu.FieldSourceAddrNPI)) +
				ends(p.Bytes(pdu.FieldSourceAddr)) + int(p.Int(pdu.FieldDestAddrTON)) + int(p.Int(pdu.FieldDestAddrNPI)) +
				ends(p.Bytes(pdu.FieldDestinationAddr)) + int(p.Int(pdu.FieldESMClass)) + int(p.Int(pdu.FieldProtocolID)) +
				int(p.Int(pdu.FieldPriorityFlag)) + ends(p.Bytes(pdu.FieldScheduleDeliveryTime)) + ends(p.Bytes(pdu.FieldValidityPeriod)) +
				int(p.Int(pdu.FieldRegisteredDelivery)) + int(p.Int(pdu.FieldReplaceIfPresentFlag)) + int(p.Int(pdu.FieldDataCoding)) +
				int(p.Int(pdu.FieldSMDefaultMsgID)) + int(p.Int(pdu.FieldSMLength)) + ends(p.Bytes(pdu.FieldShortMessage))
		}},
		work{"gosmpp", func() {
			q, err := gosmpp.Parse(bytes.NewReader(octets))
			if err != nil {
				b.Fatal(err)
			}
			m := q.(*gosmpp.SubmitSM)
			d, _ := m.Message.GetMessageData()
			sink += ends(m.ServiceType) + int(m.SourceAddr.Ton()) + int(m.SourceAddr.Npi()) + ends(m.SourceAddr.Address()) +
				int(m.DestAddr.Ton()) + int(m.DestAddr.Npi()) + ends(m.DestAddr.Address()) + int(m.EsmClass) + int(m.ProtocolID) +
				int(m.PriorityFlag) + ends(m.ScheduleDeliveryTime) + ends(m.ValidityPeriod) + int(m.RegisteredDelivery) +
				int(m.ReplaceIfPresentFlag) + int(m.Message.Encoding().DataCoding()) + ends(d)
		}},
		work{"go-smpp", func() {
			q, err := fiorix.Decode(bytes.NewReader(octets))
			if err != nil {
				b.Fatal(err)
			}
			for _, name := range q.FieldList() {
				sink += q.Fields()[name].Len()
			}
		}},
	)
}

// Each encodes a submit_sm from its values.
func BenchmarkEncodeSubmitSM(b *testing.B) {
	var out []byte
	octets := []byte(text)
	beside(b, 0,
		work{"esmehost", func() {
			m := pdu.SubmitSM{SourceAddrTON: 5, SourceAddr: "12345", DestAddrTON: 1, DestAddrNPI: 1, DestinationAddr: "491700000001",
				RegisteredDelivery: 1, ShortMessage: octets}
			var err error
			if out, err = m.AppendTo(out[:0]); err != nil {
				b.Fatal(err)
			}
		}},
		work{"gosmpp", func() {
			m := gosmpp.NewSubmitSM().(*gosmpp.SubmitSM)
			m.SourceAddr.SetTon(5)
			_ = m.SourceAddr.SetAddress("12345")
			m.DestAddr.SetTon(1)
			m.DestAddr.SetNpi(1)
			_ = m.DestAddr.SetAddress("491700000001")
			m.RegisteredDelivery = 1
			if err := m.Message.SetMessageWithEncoding(text, data.GSM7BIT); err != nil {
				b.Fatal(err)
			}
			buf := gosmpp.NewBuffer(nil)
			m.Marshal(buf)
			sink += buf.Len()
		}},
		work{"go-smpp", func() {
			m := fiorix.NewSubmitSM(nil)
			f := m.Fields()
			for name, v := range map[pdufield.Name]any{pdufield.SourceAddrTON: 5, pdufield.SourceAddr: "12345", pdufield.DestAddrTON: 1,
				pdufield.DestAddrNPI: 1, pdufield.DestinationAddr: "491700000001", pdufield.RegisteredDelivery: 1,
				pdufield.ShortMessage: pdutext.Raw(text)} {
				if err := f.Set(name, v); err != nil {
					b.Fatal(err)
				}
			}
			var buf bytes.Buffer
			if err := m.SerializeTo(&buf); err != nil {
				b.Fatal(err)
			}
			sink += buf.Len()
		}},
	)
}

// Each takes a stream of 1 MiB apart. The peers can only parse from a reader.
func BenchmarkFraming(b *testing.B) {
	one := submitSM(b)
	stream := bytes.Repeat(one, (1<<20)/len(one))
	beside(b, len(stream),
		work{"esmehost", func() {
			for rest := stream; len(rest) > 0; sink++ {
				n, err := pdu.FrameLength(rest, 1<<16)
				if err != nil {
					b.Fatal(err)
				}
				rest = rest[n:]
			}
		}},
		work{"gosmpp", func() {
			for r := bytes.NewReader(stream); r.Len() > 0; sink++ {
				if _, err := gosmpp.Parse(r); err != nil {
					b.Fatal(err)
				}
			}
		}},
		work{"go-smpp", func() {
			for r := bytes.NewReader(stream); r.Len() > 0; sink++ {
				if _, err := fiorix.Decode(r); err != nil {
					b.Fatal(err)
				}
			}
		}},
	)
}

// What is measured is right: all three write and read the same octets.
func TestCodecsAgree(t *testing.T) {
	octets := submitSM(t)
	q, err := gosmpp.Parse(bytes.NewReader(octets))
	if err != nil {
		t.Fatal(err)
	}
	buf := gosmpp.NewBuffer(nil)
	q.Marshal(buf)
	if !bytes.Equal(buf.Bytes(), octets) {
		t.Errorf("gosmpp writes\n%x, we\n%x", buf.Bytes(), octets)
	}
	f, err := fiorix.Decode(bytes.NewReader(octets))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.SerializeTo(&out); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), octets) {
		t.Errorf("go-smpp writes\n%x, we\n%x", out.Bytes(), octets)
	}
}
