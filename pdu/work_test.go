package pdu

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// workSize is how many octets of a unit are in a PDU that FuzzWork tries.
const workSize = 8000

// hostile are PDUs that try to make a reader do more than their length is worth: workSize octets of the unit
// stand between head and tail.
var hostile = []struct {
	name             string
	id               CommandID
	status           byte
	head, unit, tail string
}{
	{"TLVs without a value", CmdDeliverSMResp, 0, "\x00", "\x14\x00\x00\x00", ""},
	{"the same TLV again and again", CmdDataSM, 0, noFields, "\x03\x81\x00\x04\x01\x01\x01\x35", ""},
	{"TLVs of wrong lengths", CmdDataSM, 0, noFields, "\x02\x04\x00\x00", ""},
	{"an error response of TLVs", CmdDataSMResp, 8, "", "\x04\x23\x00\x03\x03\x00\x1f", ""},
	{"an error response of broken TLVs", CmdDataSMResp, 8, "", "\x04\x23\x00\x03\x03\x00\x1f", "\xff"},
	{"a string without an end", CmdDataSM, 0, "", "x", ""},
	{"a string that is very long", CmdDataSM, 0, "", "x", noFields},
	{"a TLV string of NULs", CmdSubmitSMResp, 0, "\x00\x00\x1d\x1f\x40", "\x00", ""},
	{"a message of escapes", CmdDataSM, 0, noFields + payload, "\x1b", ""},
	{"a message of UCS-2", CmdDataSM, 0, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08" + payload, "\x04\x30", ""},
	{"a message of surrogates", CmdDataSM, 0, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08" + payload, "\xd8\x3d", ""},
	{"a receipt of keys", CmdDataSM, 0, "\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00" + payload, "submit date:id:", ""},
	{"a header of elements", CmdDataSM, 0, "\x00\x00\x00\x00\x00\x00\x00\x40\x00\x00" + payload + "\xff", "\x00\x00", ""},
	{"destinations", CmdSubmitMulti, 0, "\x00\x00\x00\x00\xff", "\x02xxxxxxxxxxxxxxxxxxxx\x00", strings.Repeat("\x00", 12)},
	{"failures", CmdSubmitMultiResp, 0, "\x00\xff", "\x00\x00x\x00\x00\x00\x00\x01", ""},
}

const (
	noFields = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" // of a data_sm
	payload  = "\x04\x24\x1f\x40"                         // a message_payload of workSize octets
)

// repeated is a PDU of so many octets of a unit.
func repeated(id CommandID, status byte, head, unit, tail string, size int) []byte {
	b := []byte{0, 0, 0, 0, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id), 0, 0, 0, status, 0, 0, 0, 1}
	body := strings.Repeat(unit, size/max(1, len(unit))+1)[:size]
	return setLength(append(b, head+body+tail...))
}

// readEverything is what a program can do with a PDU.
func readEverything(b []byte) {
	var p PDU
	_ = p.Decode(b)
	_ = p.String()
	p.Typed()
	for range p.TLVs() {
	}
	p.TLV(0xFFFF)
	for range p.UDH().Elements() {
	}
	p.Receipt()
	text, _ := p.Text()
	if m, err := SplitText(text, TextOptions{Languages: []Language{Turkish}}); err == nil {
		m.SetReference(7)
	}
	var r Reassembler
	r.Add(time.Time{}, &p, GSM)
	e := Explain(b)
	_, _ = e.MarshalJSON()
	_ = e.WriteText(io.Discard)
	s := bufio.NewScanner(bytes.NewReader(b))
	s.Buffer(nil, 1<<20)
	for s.Split(Frames(1 << 20)); s.Scan(); {
	}
}

const (
	workEnv = "PDU_TEST_WORK"     // makes this binary read one PDU, from standard input
	binEnv  = "PDU_TEST_COUNTING" // where the binary is that counts
)

func TestReadEverything(t *testing.T) {
	if os.Getenv(workEnv) != "" {
		b, err := io.ReadAll(os.Stdin)
		if err != nil {
			t.Fatal(err)
		}
		readEverything(b)
		return
	}
	for _, h := range hostile {
		readEverything(repeated(h.id, h.status, h.head, h.unit, h.tail, workSize))
	}
}

// statements counts the statements of this package that run when a PDU is read, by its own test binary built to
// count them.
func statements(t *testing.T, bin string, b []byte) (work int) {
	profile := filepath.Join(t.TempDir(), "profile")
	cmd := exec.Command(bin, "-test.run=^TestReadEverything$", "-test.coverprofile="+profile)
	cmd.Env = append(os.Environ(), workEnv+"=1")
	cmd.Stdin = bytes.NewReader(b)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%x: %v\n%s", b, err, out)
	}
	src, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(src)) { // file:from,to statements times
		f := strings.Fields(line)
		var statements, times int
		if len(f) == 3 {
			fmt.Sscan(f[1], &statements)
			fmt.Sscan(f[2], &times)
			work += statements * times
		}
	}
	return work
}

// perOctet is the most statements that an octet is worth: several times what the seeds take, and a small part of what
// one look at each octet for each TLV would.
const perOctet = 150

// FuzzWork looks for octets that make a reader work more than in proportion to their number. The work is counted, not
// timed, so that it is the same on each machine.
func FuzzWork(f *testing.F) {
	if testing.CoverMode() != "" {
		f.Skip("this run counts statements already")
	}
	for _, h := range hostile {
		f.Add(uint32(h.id), h.status, []byte(h.head), []byte(h.unit), []byte(h.tail))
	}
	bin := os.Getenv(binEnv) // a worker of the fuzzer has it from who started it
	if bin == "" {
		bin = filepath.Join(f.TempDir(), "pdu.test")
		if out, err := exec.Command("go", "test", "-c", "-cover", "-covermode=count", "-o", bin, ".").CombinedOutput(); err != nil {
			f.Fatalf("%v\n%s", err, out)
		}
		f.Setenv(binEnv, bin)
	}
	f.Fuzz(func(t *testing.T, id uint32, status byte, head, unit, tail []byte) {
		if len(unit) > 100 || len(head)+len(tail) > 500 {
			return
		}
		b := repeated(CommandID(id), status, string(head), string(unit), string(tail), workSize)
		readEverything(b) // here too, which tells the fuzzer what is new
		work := statements(t, bin, b)
		if work < 100 {
			t.Fatalf("only %d statements are counted", work)
		}
		if work > perOctet*len(b) {
			t.Errorf("%d statements for %d octets, %d for each", work, len(b), work/len(b))
		}
	})
}
