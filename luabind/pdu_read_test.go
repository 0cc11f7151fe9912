package luabind

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/pdu"
)

// Each field and TLV reads back what was built, by its name.
func TestEveryFieldReadsBack(t *testing.T) {
	for _, cmd := range pdu.Commands() {
		b := pdu.NewBuilder(cmd)
		for i, f := range cmd.Fields {
			switch f.Kind {
			case pdu.KindInt:
				b.SetInt(f.Field, int64(i+1))
			case pdu.KindString, pdu.KindOctets:
				b.SetString(f.Field, strings.Repeat("x", min(f.Size-1, 3+i)))
			}
		}
		p := &pduValue{PDU: b.Build()}
		for _, f := range cmd.Fields {
			if f.Kind == pdu.KindDests || f.Kind == pdu.KindUnsuccess {
				continue // a list: TestArraysOfPDUs
			}
			v := p.get(nil, f.Field.String())
			want := lua.LValue(lua.LString(p.Bytes(f.Field)))
			if f.Kind == pdu.KindInt {
				want = lua.LNumber(p.Int(f.Field))
			}
			if v != want {
				t.Errorf("%s.%s is %v, not %v", cmd.Name, f.Field, v, want)
			}
		}
	}
}

// Numbers up to 255, statuses, commands and texts that recur are read without making anything.
func TestReadingAllocatesNothing(t *testing.T) {
	cmd, _ := pdu.CommandByName("submit_sm")
	b := pdu.NewBuilder(cmd)
	b.SetString(pdu.FieldSourceAddr, "12345")
	b.SetString(pdu.FieldDestinationAddr, "491700000001")
	b.SetInt(pdu.FieldDataCoding, 8)
	p := &pduValue{PDU: b.Build()}
	for _, name := range []string{"source_addr", "destination_addr", "service_type", "data_coding", "command", "status", "command_status", "sequence_number", "with", "user_message_reference"} {
		if n := testing.AllocsPerRun(100, func() { p.get(nil, name) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestRecurringTextsAreRight(t *testing.T) {
	for i := range 20_000 { // more than there are places
		s := strings.Repeat(string(rune('a'+i%26)), i%30) + string(rune('0'+i%10))
		if got := recurring([]byte(s)); got != lua.LString(s) {
			t.Fatalf("%q became %v", s, got)
		}
	}
}

func BenchmarkReadField(b *testing.B) {
	cmd, _ := pdu.CommandByName("submit_sm")
	build := pdu.NewBuilder(cmd)
	build.SetString(pdu.FieldSourceAddr, "12345")
	p := &pduValue{PDU: build.Build()}
	for _, name := range []string{"source_addr", "data_coding", "status"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.get(nil, name)
			}
		})
	}
}
