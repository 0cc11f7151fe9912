package esme

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// program runs a machine through what octets make up: sends, replies, defers, PDUs of the peer in pieces, writes that
// break, time, stops, closes and a consumer that is behind. It stands where the shell stands, and writes down the facts.
type program struct {
	code []byte
	m    *Machine
	cfg  Config
	now  time.Time

	facts   []fact
	queue   []string // what is accepted and waits to go out, that which is to be sent again in front
	names   int
	waiters map[*Waiter]string
	waiting []*Waiter
	inbox   []Event    // what the consumer has before it
	held    []*Inbound // handed over, neither answered nor given up

	taken   []byte // octets that the transport took and no whole PDU yet
	pending int    // what the last write will report ...
	fails   bool   // ... and whether with an error
	writing bool
	dead    bool // the transport is gone: the next write fails
	torn    bool // a write broke
	cut     bool // the stream from the peer has ended
	half    bool

	peerSeq  uint32
	stream   []byte    // from the peer, not yet arrived
	received []*outPDU // by the peer: requests that it has not answered
	wrong    error     // a rule that shows only while the machine runs

	invalid  map[string]bool // what cannot be built, and so needs no room
	rate     float64         // the last that the ledger was told
	most     Config          // the largest window, queue and unbind_limit that there were
	endless  bool            // the last of these was off at some time
	stopping bool            // the ledger was told
}

// outPDU is a request of the machine that the peer has.
type outPDU struct {
	name string
	pdu  *pdu.PDU
}

// runProgram runs code to its end and the session to its own, and returns the configuration that it began with, and the facts.
func runProgram(code []byte) (Config, []fact, error) {
	p := &program{code: code, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), waiters: map[*Waiter]string{}, invalid: map[string]bool{}, peerSeq: 1000}
	p.cfg = p.config()
	p.m = NewMachine(p.cfg)
	p.cfg = p.cfg.withDefaults()
	begins := p.cfg
	p.most = p.cfg
	p.endless = p.cfg.UnbindLimit < 0
	p.m.Connected(p.now)
	p.tellRate()
	begin := p.next()
	if begin&1 == 0 {
		p.m.Started(p.now)
	}
	if begin&2 == 0 { // most programs are about a session that is bound
		p.take(0)
		p.report()
		p.answer(0, pdu.ESME_ROK, 0)
	}
	p.collect()
	for len(p.code) > 0 && !p.m.Done() && p.wrong == nil {
		p.step(p.next())
		p.collect()
	}
	if begin&1 != 0 {
		p.m.Started(p.now)
		p.collect()
	}
	p.windUp()
	p.add(fact{kind: factEnd, must: !p.torn && !p.dead && !p.m.timers.aborted})
	return begins, p.facts, p.wrong
}

func (p *program) next() byte {
	if len(p.code) == 0 {
		return 0
	}
	b := p.code[0]
	p.code = p.code[1:]
	return b
}

func (p *program) config() Config {
	a, b, c := p.next(), p.next(), p.next()
	cfg := Config{
		Window: 1 + int(a&7), Queue: 1 + int(a>>3&7), EnquireLinkLimit: 3 * time.Second, EnquireLinkRespLimit: 2 * time.Second,
		ResponseLimit: time.Duration(1+b&7) * time.Second, SessionInitLimit: 10 * time.Second, UnbindLimit: time.Duration(1+b>>3&3) * time.Second,
	}
	if a&0x40 != 0 {
		cfg.Mode = Manual
	}
	if a&0x80 != 0 {
		cfg.TPS = 3
	}
	if b&0x20 != 0 {
		cfg.InactivityLimit = 5 * time.Second
	}
	if b&0x40 != 0 {
		cfg.EnquireLinkLimit, cfg.UnbindLimit = Infinity, Infinity
	}
	cfg.RetryThrottled = int(c >> 3 & 3)
	switch c >> 5 {
	case 1:
		cfg.StalledLimit = 2500 * time.Millisecond
	case 2:
		cfg.ShowAutomatic = true
	}
	if c == 0xFF {
		cfg.Automatic = AutoNone
	}
	if c&7 == 7 {
		cfg.NoAutoReply = true
	}
	return cfg
}

func (p *program) name(kind string) string {
	p.names++
	return fmt.Sprintf("%s%d", kind, p.names)
}

func (p *program) add(f fact) { p.facts = append(p.facts, f) }

func (p *program) since() time.Duration { return p.m.at(p.now) }

// step runs one instruction. The low bits say which, the high bits how.
func (p *program) step(op byte) {
	how := op >> 5
	switch op & 31 {
	case 0, 1:
		p.send(request, how == 7)
	case 2:
		p.send(waited, how == 7)
	case 3:
		p.send(message, false)
	case 4:
		p.cancel(how)
	case 5, 6:
		p.answer(how, pdu.ESME_ROK, 0)
	case 7:
		p.answer(how, pdu.ESME_RSUBMITFAIL, 0)
	case 8:
		p.answer(how, pdu.ESME_RINVCMDID, pdu.CmdGenericNack)
	case 9:
		p.answer(how, pdu.ESME_ROK, pdu.CmdQuerySMResp)
	case 10:
		p.fromPeer(headerWith(pdu.CmdSubmitSMResp, uint32(how)*0x10000000))
	case 11, 12:
		p.request(pdu.CmdDeliverSM)
	case 13:
		p.request(pdu.CmdEnquireLink)
	case 14:
		p.request(0x00010209) // unknown
	case 15:
		switch {
		case how <= 5: // the SMSC has too much
			p.answer(how, pdu.ESME_RTHROTTLED, 0)
		case p.next() < 0x40:
			p.request(pdu.CmdUnbind)
		}
	case 16:
		p.arrive(int(how)*7 + 1)
	case 17, 18:
		p.arrive(len(p.stream))
	case 19, 20:
		p.handle(how)
	case 21:
		p.replyTo(how)
	case 22:
		p.take(0)
		p.report()
	case 23:
		p.take(0)
	case 24:
		p.report()
	case 25:
		switch {
		case how <= 2:
			p.answer(how, pdu.ESME_RMSGQFUL, 0)
		case how <= 5:
			p.answerCongested(how, p.next())
		case p.next() < 0x40:
			p.take(1 + int(p.next()))
		}
	case 26:
		p.pass(time.Duration(how+1) * 400 * time.Millisecond)
	case 27:
		if p.next() < 0x30 { // else few programs would come far
			p.stopIt(how)
		}
	case 28:
		p.behind(how, true)
	case 29:
		p.behind(how, false)
	case 30:
		if how > 5 {
			p.tune()
		}
		p.hangUp()
	case 31:
		p.flushAndSettle()
	}
}

func buildPDU(id pdu.CommandID, seq uint32, f pdu.Field, value string) *pdu.PDU {
	cmd, _ := pdu.CommandByID(id)
	b := pdu.NewBuilder(cmd)
	b.SetSequence(seq)
	if value != "" {
		b.SetString(f, value)
	}
	return b.Build()
}

func headerWith(id pdu.CommandID, seq uint32) []byte {
	p := headerOnly(id, pdu.ESME_ROK)
	p.SetSequence(seq)
	return p.AppendTo(nil)
}

func (p *program) send(c class, invalid bool) {
	name := p.name("out")
	out := buildPDU(pdu.CmdSubmitSM, 0, pdu.FieldDestinationAddr, name)
	switch {
	case invalid:
		out = buildPDU(pdu.CmdSubmitSM, 0, pdu.FieldDestinationAddr, name+strings.Repeat(".", 30))
	case c == message:
		out = buildPDU(pdu.CmdAlertNotification, 0, pdu.FieldSourceAddr, name)
	}
	var w *Waiter
	if c == waited {
		if invalid {
			return // the session checks before it lets anybody wait
		}
		w = newWaiter()
		p.waiters[w] = name
	}
	p.invalid[name] = invalid
	queued := p.m.queue.len()
	p.accept(fact{name: name, class: c, queued: queued}, func() error {
		err := p.m.Send(p.now, out, w)
		if err == nil {
			p.queue = append(p.queue, name)
			if w != nil {
				p.waiting = append(p.waiting, w)
			}
		}
		return err
	})
}

// accept calls fn, after which facts may come at once, and writes down whether it accepted.
func (p *program) accept(f fact, fn func() error) {
	f.kind = factAccept
	at := len(p.facts)
	p.add(f)
	if err := fn(); err != nil {
		var e *Error
		errors.As(err, &e)
		p.facts[at].kind, p.facts[at].code = factRefuse, e.Code
	}
	p.collect()
}

func (p *program) cancel(which byte) {
	switch {
	case which > 5: // the numbers come round: soon, or now
		p.m.window.last = uint32(which-6) * (maxSequence - 1)
		return
	case len(p.waiting) == 0:
		return
	}
	i := int(which) % len(p.waiting)
	w := p.waiting[i]
	p.waiting = slices.Delete(p.waiting, i, i+1)
	name := p.waiters[w]
	if which&1 == 1 {
		w.gone = func() bool { return true }
		p.add(fact{kind: factLeft, name: name})
		return
	}
	far := p.m.Cancel(w)
	p.unqueue(name)
	p.add(fact{kind: factCancel, name: name, far: far})
}
