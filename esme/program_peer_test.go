package esme

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/esmehost/esmehost/pdu"
)

// answer lets the peer answer one of the requests that it has, with the command given, or that which belongs to it.
func (p *program) answer(which byte, status pdu.Status, id pdu.CommandID) {
	if len(p.received) == 0 {
		return
	}
	i := int(which) % len(p.received)
	req := p.received[i]
	resp, _ := req.pdu.CommandID().Response()
	if id == 0 {
		id = resp
	}
	if id == resp || id == pdu.CmdGenericNack {
		p.received = append(p.received[:i:i], p.received[i+1:]...)
	}
	r := headerOnly(id, status)
	r.SetSequence(req.pdu.SequenceNumber())
	p.fromPeer(r.AppendTo(nil))
}

// answerCongested lets the peer take a request, and say how congested it is: SMPP 5.0 §4.8.4.18.
func (p *program) answerCongested(which, congestion byte) {
	at := len(p.stream)
	p.answer(which, pdu.ESME_ROK, 0)
	if len(p.stream) > at {
		tag := pdu.TagCongestionState
		p.stream = append(p.stream, 0, byte(tag>>8), byte(tag), 0, 1, congestion%100) // behind an empty message_id
		p.stream[at+3] += 6
	}
}

func (p *program) request(id pdu.CommandID) {
	p.peerSeq++
	if id == 0x00010209 {
		p.fromPeer([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, byte(p.peerSeq >> 8), byte(p.peerSeq)})
		return
	}
	p.fromPeer(buildPDU(id, p.peerSeq, pdu.FieldSourceAddr, "").AppendTo(nil))
}

func (p *program) fromPeer(octets []byte) { p.stream = append(p.stream, octets...) }

// arrive lets n octets more come from the peer; the whole PDUs among them go into the machine, as the reader does it.
func (p *program) arrive(n int) {
	if p.cut {
		return
	}
	n = min(n, len(p.stream))
	got := p.stream[:n:n]
	for {
		k, _ := pdu.FrameLength(got, defaultMaxPDUSize)
		if k == 0 || k > len(got) {
			break
		}
		p.deliver(got[:k:k])
		got, p.stream = got[k:], p.stream[k:]
	}
}

func (p *program) deliver(octets []byte) {
	in := new(pdu.PDU)
	err := in.Decode(octets)
	refused, retried := "", p.m.counters.Retried
	if p.fails && in.IsResponse() {
		p.report() // before that a late answer could be taken for one to what broke: numbers do not come round so soon elsewhere
	}
	switch {
	case in.IsResponse():
		if o := p.m.window.get(in.SequenceNumber()); o != nil && p.m.canBeAnswered(o) && p.known(&o.pdu) {
			want, _ := o.pdu.CommandID().Response()
			if in.CommandID() == want || in.CommandID() == pdu.CmdGenericNack {
				load := in.CommandStatus() == pdu.ESME_RTHROTTLED || in.CommandStatus() == pdu.ESME_RMSGQFUL
				refused = nameOf(&o.pdu)
				p.add(fact{kind: factAnswer, name: refused, load: load, must: p.m.phase == open && !p.m.stopping(), at: p.since()})
			}
		}
	default:
		work := !p.m.stopping() && in.CommandID() == pdu.CmdDeliverSM
		p.add(fact{kind: factPeer, name: peerName(in.SequenceNumber()), must: work && !p.m.full})
		if work && p.m.full { // it is refused, which is an answer too
			p.add(fact{kind: factOwed, name: peerName(in.SequenceNumber())})
		}
	}
	if err != nil {
		p.m.Unparsed(p.now, in, err)
	} else {
		p.m.Received(p.now, in)
	}
	if p.m.counters.Retried > retried {
		p.queue = append(p.queue, refused) // in front of all that was accepted later
		slices.SortFunc(p.queue, func(a, b string) int { return cmp.Compare(accepted(a), accepted(b)) })
	}
	p.collect()
}

// accepted is the place of a name in the order of acceptance.
func accepted(name string) int {
	n, _ := strconv.Atoi(name[len("out"):])
	return n
}

func peerName(seq uint32) string { return fmt.Sprintf("in%d", seq) }

// known reports whether a PDU is one that the program sent, and not the machine by itself.
func (p *program) known(out *pdu.PDU) bool { return nameOf(out) != "" }

func nameOf(out *pdu.PDU) string {
	switch out.CommandID() {
	case pdu.CmdSubmitSM:
		return strings.TrimRight(out.Str(pdu.FieldDestinationAddr), ".")
	case pdu.CmdAlertNotification:
		return out.Str(pdu.FieldSourceAddr)
	case pdu.CmdDeliverSMResp:
		return strings.TrimRight(out.Str(pdu.FieldMessageID), ".")
	}
	return ""
}
