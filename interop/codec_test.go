package interop

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/pdu/pdutest"
)

// samples is how many PDUs are compared in each direction.
const samples = 10_000

// notComparable says which TLVs npm's smpp 0.5.1 reads or writes in another way than the specification.
var notComparable = map[pdu.Tag]string{
	pdu.TagSourceTelematicsID:     "int16 there; 1 octet in SMPP 3.4 §5.3.2.8",
	pdu.TagAlertOnMessageDelivery: "always an octet there; without a value in SMPP 3.4 §5.3.2.41",
	pdu.TagDestAddrNPCountry:      "int32 there; 1 to 5 octets in SMPP 5.0 §4.8.4",
	pdu.TagBroadcastEndTime:       "an octet string there; a C-octet string with its NUL in SMPP 5.0 §4.8.4",
}

// repeated are the TLVs that may come more than once and that the package keeps as a list (SMPP 3.4 §4.4.1, 5.0 §4.4.1).
var repeated = map[pdu.Tag]bool{pdu.TagCallbackNum: true, pdu.TagCallbackNumPresInd: true, pdu.TagCallbackNumAtag: true,
	pdu.TagBroadcastAreaIdentifier: true, pdu.TagBroadcastErrorStatus: true}

// comparable reports whether the other side can be right about p: no TLV that it has another idea of, none
// twice that it keeps one of, none that is called like a field of the PDU, and where it writes none of which
// it knows the number only.
func comparable(p *pdu.PDU, writes bool) bool {
	seen := map[pdu.Tag]bool{}
	for tag := range p.TLVs() {
		_, defined := tag.Spec()
		field, isField := pdu.FieldByName(tag.String())
		if notComparable[tag] != "" || seen[tag] && !repeated[tag] || isField && p.Command().Has(field) || writes && !defined {
			return false
		}
		seen[tag] = true
	}
	return true
}

// view is a PDU as the other side shows it: by the names that both use.
func view(p *pdu.PDU) map[string]any {
	v := map[string]any{"command_length": p.Len(), "command_id": uint32(p.CommandID()), "command_status": uint32(p.CommandStatus()),
		"sequence_number": p.SequenceNumber()}
	for i, f := range p.Command().Fields {
		name := f.Field.String()
		switch {
		case !p.Has(f.Field), i+1 < len(p.Command().Fields) && p.Command().Fields[i+1].Kind >= pdu.KindOctets:
			// it has no body, or is the count of what follows, which the other side does not show
		case f.Kind == pdu.KindInt:
			v[name] = p.Int(f.Field)
		case f.Kind == pdu.KindOctets:
			v[name] = octets(p.Bytes(f.Field))
		case f.Kind == pdu.KindDests || f.Kind == pdu.KindUnsuccess:
			v[name] = list(p, name)
		default:
			v[name] = p.Str(f.Field)
		}
	}
	for tag, value := range p.TLVs() {
		name := tag.String()
		spec, defined := tag.Spec()
		if !defined {
			name = strconv.Itoa(int(tag))
		}
		if tag == pdu.TagBroadcastAreaIdentifier && p.CommandID() == pdu.CmdBroadcastSMResp {
			name = "failed_broadcast_area_identifier" // its name in this PDU (SMPP 5.0 §4.4.1.2)
		}
		var x any = octets(value)
		switch {
		case spec.Kind == pdu.KindInt && defined:
			x = pdu.TLVInt(value)
		case spec.Kind == pdu.KindString && defined:
			x = string(bytes.TrimRight(value, "\x00"))
		case asText[tag]:
			x = ascii(value)
		}
		if !repeated[tag] {
			v[name] = x
		} else {
			all, _ := v[name].([]any)
			v[name] = append(all, x)
		}
	}
	return v
}

// asText are octet strings that the other side reads as ASCII, in which an octet has seven bits.
var asText = map[pdu.Tag]bool{pdu.TagBroadcastContentTypeInfo: true, pdu.TagBroadcastServiceGroup: true, pdu.TagSourceNodeID: true,
	pdu.TagDestNodeID: true, pdu.TagDestAddrNPInformation: true}

func ascii(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteByte(c & 0x7F)
	}
	return s.String()
}

func octets(b []byte) any { return map[string]any{"hex": hex.EncodeToString(b)} }

// list is an array of the PDU as decode --json shows it, which the other side shows alike, but for dest_flag.
func list(p *pdu.PDU, name string) any {
	j, err := json.Marshal(pdu.Explain(p.AppendTo(nil)))
	if err != nil {
		panic(err)
	}
	var v map[string]any
	if err := json.Unmarshal(j, &v); err != nil {
		panic(err)
	}
	for _, e := range v[name].([]any) {
		delete(e.(map[string]any), "dest_flag")
	}
	return v[name]
}

// plain makes JSON's own types of a value, so that the two sides can be compared.
func plain(t *testing.T, v any) map[string]any {
	t.Helper()
	j, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(j, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// codec asks npm's smpp, a line for a line.
type codec struct {
	t   *testing.T
	in  *json.Encoder
	out *bufio.Reader
}

type codecAnswer struct {
	Error, Command, Hex string
	Fields              map[string]any
}

func startCodec(t *testing.T) *codec {
	t.Helper()
	needNPM(t)
	cmd := exec.Command("node", "codec.js")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return &codec{t: t, in: json.NewEncoder(in), out: bufio.NewReader(out)}
}

func (c *codec) ask(question any) codecAnswer {
	c.t.Helper()
	if err := c.in.Encode(question); err != nil {
		c.t.Fatal(err)
	}
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	var a codecAnswer
	if err := json.Unmarshal(line, &a); err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	return a
}

// each makes PDUs of every command in turn until as many as wanted could be compared.
func each(t *testing.T, seed uint64, writes bool, do func(p *pdu.PDU)) {
	r := rand.New(rand.NewPCG(seed, 0))
	all := pdu.Commands()
	compared := map[string]int{}
	for i, done := 0, 0; done < samples; i++ {
		p := pdutest.Random(r, all[i%len(all)])
		if !comparable(p, writes) {
			continue
		}
		done++
		compared[p.Command().Name]++
		do(p)
		if t.Failed() {
			t.Fatalf("seed %d, PDU %d: %x", seed, i, p.AppendTo(nil))
		}
	}
	if len(compared) != len(all) {
		t.Fatalf("only %d of %d commands were compared", len(compared), len(all))
	}
}

// What is encoded here means the same there.
func TestNPMDecodesWhatWeEncode(t *testing.T) {
	c := startCodec(t)
	each(t, 1, false, func(p *pdu.PDU) {
		a := c.ask(map[string]any{"decode": hex.EncodeToString(p.AppendTo(nil))})
		if a.Error != "" || a.Command != p.Command().Name {
			t.Errorf("%s: %s %s", p, a.Command, a.Error)
		}
		if d := cmp.Diff(plain(t, view(p)), a.Fields); d != "" {
			t.Errorf("%s: here -, there +\n%s", p.Command().Name, d)
		}
	})
}

// The same values give the same octets there, and they are decoded here without a pardon.
func TestWeDecodeWhatNPMEncodes(t *testing.T) {
	c := startCodec(t)
	each(t, 2, true, func(p *pdu.PDU) {
		v := view(p)
		if p.CommandStatus() == pdu.ESME_ROK {
			for i, f := range p.Command().Fields { // it fills in what is not told, with values of its own
				if _, told := v[f.Field.String()]; !told && f.Kind == pdu.KindInt && p.Command().Fields[i+1].Kind < pdu.KindOctets {
					t.Fatalf("%s has no value", f.Field)
				}
			}
		}
		for tag, value := range p.TLVs() {
			if asText[tag] {
				v[tag.String()] = octets(value)
			}
		}
		a := c.ask(map[string]any{"encode": p.Command().Name, "fields": v})
		raw, err := hex.DecodeString(a.Hex)
		if a.Error != "" || err != nil {
			t.Fatalf("%s: %s %v", p, a.Error, err)
		}
		var q pdu.PDU
		if err := q.Decode(raw); err != nil || q.Warnings()&^pdu.EmptyBody != 0 {
			t.Errorf("%x: %v %v", raw, err, q.Warnings().Codes())
		}
		// It writes TLVs in the order in which they were given, and JSON's objects here have none.
		if d := cmp.Diff(plain(t, view(p)), plain(t, view(&q))); d != "" {
			t.Errorf("%s: here -, there +\n%s", p.Command().Name, d)
		}
	})
}
