package interop

import (
	"bytes"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/pdu/pdutest"
)

// capture writes the PDUs as a TCP connection to port 2775, one a packet: requests of an ESME and what
// the SMSC answers.
func capture(t *testing.T, path string, pdus []*pdu.PDU) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := pcapgo.NewWriter(f)
	if err := w.WriteFileHeader(1<<16, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	esme, smsc := net.IPv4(127, 0, 0, 2).To4(), net.IPv4(127, 0, 0, 3).To4()
	next := map[bool]uint32{false: 1, true: 1} // sequence number of TCP by direction
	buf := gopacket.NewSerializeBuffer()
	for i, p := range pdus {
		back := p.IsResponse()
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: esme, DstIP: smsc}
		tcp := &layers.TCP{SrcPort: 40000, DstPort: 2775, Seq: next[back], Ack: next[!back], ACK: true, PSH: true, Window: 65535}
		if back {
			ip.SrcIP, ip.DstIP, tcp.SrcPort, tcp.DstPort = smsc, esme, 2775, 40000
		}
		if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		octets := p.AppendTo(nil)
		next[back] += uint32(len(octets))
		eth := &layers.Ethernet{SrcMAC: make(net.HardwareAddr, 6), DstMAC: make(net.HardwareAddr, 6), EthernetType: layers.EthernetTypeIPv4}
		if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, eth, ip, tcp, gopacket.Payload(octets)); err != nil {
			t.Fatal(err)
		}
		raw := buf.Bytes()
		ci := gopacket.CaptureInfo{Timestamp: time.Unix(1_700_000_000+int64(i), 0), CaptureLength: len(raw), Length: len(raw)}
		if err := w.WritePacket(ci, raw); err != nil {
			t.Fatal(err)
		}
	}
}

// shared are the mandatory fields that Wireshark shows one to one; others it takes apart or turns into dates.
var shared = []pdu.Field{pdu.FieldSystemID, pdu.FieldPassword, pdu.FieldSystemType, pdu.FieldInterfaceVersion, pdu.FieldAddressRange,
	pdu.FieldServiceType, pdu.FieldSourceAddrTON, pdu.FieldSourceAddrNPI, pdu.FieldSourceAddr, pdu.FieldDestAddrTON, pdu.FieldDestAddrNPI,
	pdu.FieldDestinationAddr, pdu.FieldEsmeAddr, pdu.FieldMessageID, pdu.FieldProtocolID, pdu.FieldPriorityFlag,
	pdu.FieldDataCoding, pdu.FieldSMDefaultMsgID, pdu.FieldSMLength, pdu.FieldErrorCode}

// Wireshark reads every PDU that we make, none of them is malformed, and it sees the same values.
func TestWiresharkReadsWhatWeEncode(t *testing.T) {
	need(t, "tshark")
	r := rand.New(rand.NewPCG(3, 0))
	all := pdu.Commands()
	var pdus []*pdu.PDU
	for i := range samples {
		pdus = append(pdus, pdutest.Random(r, all[i%len(all)]))
	}
	path := filepath.Join(t.TempDir(), "smpp.pcap")
	capture(t, path, pdus)
	// PDUs are not put together over packets there: each has a packet of its own, so that their numbers agree.
	args := []string{"-r", path, "-o", "smpp.reassemble_smpp_over_tcp:FALSE", "-d", "tcp.port==2775,smpp", "-T", "fields", "-E", "occurrence=f",
		"-e", "_ws.malformed", "-e", "smpp.command_length", "-e", "smpp.command_id", "-e", "smpp.command_status", "-e", "smpp.sequence_number"}
	for _, f := range shared {
		args = append(args, "-e", "smpp."+f.String())
	}
	cmd := exec.Command("tshark", args...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &complaints)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(pdus) {
		t.Fatalf("%d packets for %d PDUs", len(lines), len(pdus))
	}
	seen, strict := map[pdu.CommandID]int{}, map[pdu.CommandID]int{} // PDUs of each command; of those the ones in which nothing is forgiven
	for i, p := range pdus {
		there := strings.Split(lines[i], "\t")
		seen[p.CommandID()]++
		if misread(p) {
			there[0] = ""
		} else {
			strict[p.CommandID()]++
		}
		for k := 1; k < len(there); k++ {
			if n, err := strconv.ParseUint(there[k], 0, 32); err == nil && strings.HasPrefix(there[k], "0x") {
				there[k] = strconv.FormatUint(n, 10)
			}
		}
		here := []string{"", strconv.Itoa(p.Len()), strconv.FormatUint(uint64(p.CommandID()), 10), "", strconv.Itoa(int(p.SequenceNumber()))}
		if p.IsResponse() { // it shows no command_status of a request
			here[3] = strconv.FormatUint(uint64(p.CommandStatus()), 10)
		}
		for _, f := range shared {
			here = append(here, shown(p, f, there[len(here)]))
		}
		if d := cmp.Diff(here, there); d != "" {
			t.Fatalf("packet %d: %x\nhere -, there +\n%s", i+1, p.AppendTo(nil), d)
		}
	}
	for _, c := range all {
		if seen[c.ID] < samples/len(all) || strict[c.ID] == 0 && c.ID != pdu.CmdBroadcastSM { // which has a broadcast_rep_num always
			t.Errorf("%d %s, %d of them without a TLV that Wireshark misreads", seen[c.ID], c.Name, strict[c.ID])
		}
	}
}

// misread reports whether p has a TLV that Wireshark 4.0 reads less of than there is, and then takes what is left
// for the next one, which may then be malformed: all before that is as it was sent. broadcast_rep_num has two octets (SMPP 5.0 §4.8.4), of which it takes one, and ms_validity
// may have four since 5.0, of which it takes the one that 3.4 §5.3.2.27 knows.
func misread(p *pdu.PDU) bool {
	for t, v := range p.TLVs() {
		if t == pdu.TagBroadcastRepNum || t == pdu.TagMSValidity && len(v) == 4 {
			return true
		}
	}
	return false
}

// shown is a field as Wireshark shows it. What it shows under the name of a field that the PDU does not have
// comes from elsewhere in it.
func shown(p *pdu.PDU, f pdu.Field, there string) string {
	var spec pdu.FieldSpec
	for _, s := range p.Command().Fields {
		if s.Field == f {
			spec = s
		}
	}
	switch {
	case !p.Has(f):
		return there
	case spec.Kind == pdu.KindInt:
		return strconv.Itoa(int(p.Int(f)))
	case f == pdu.FieldServiceType && p.Str(f) == "":
		return "(Default)"
	}
	return p.Str(f)
}
