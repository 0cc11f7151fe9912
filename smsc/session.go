package smsc

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// session is one connection of an ESME. The reader's goroutine handles what comes; a writer's writes what
// has gathered.
type session struct {
	server *Server
	conn   net.Conn
	number int
	done   chan struct{}
	wake   chan struct{}

	mu       sync.Mutex
	out      []byte
	systemID string
	mode     pdu.CommandID // the bind request; 0: not bound
	seq      uint32
	waiting  []*delivery          // for room in the window
	inFlight map[uint32]*delivery // by sequence number
	closing  bool                 // close when out is written
	ended    bool
	fresh    bool // bound just now: what waited for the account is to be sent
	mo       int
}

// maxPDU bounds a PDU that an ESME sends, in octets.
const maxPDU = 128 << 10

func newSession(s *Server, conn net.Conn, number int) *session {
	return &session{server: s, conn: conn, number: number, done: make(chan struct{}), wake: make(chan struct{}, 1),
		inFlight: map[uint32]*delivery{}}
}

func (c *session) run() {
	var writer sync.WaitGroup
	writer.Go(c.write)
	c.read()
	c.mu.Lock()
	c.ended = true
	undelivered := c.waiting
	for _, d := range c.inFlight {
		undelivered = append(undelivered, d)
	}
	c.waiting, c.inFlight = nil, nil
	c.mu.Unlock()
	close(c.done)
	c.conn.Close()
	writer.Wait()
	c.server.forget(c, undelivered)
	c.server.log.Info("session closed", "session", c.number, "system_id", c.systemID)
}

func (c *session) read() {
	buf := make([]byte, 64<<10)
	have := 0
	var p pdu.PDU
	for {
		n, err := c.conn.Read(buf[have:])
		have += n
		used := 0
		c.mu.Lock()
		for {
			n, err := pdu.FrameLength(buf[used:have], maxPDU)
			if err != nil {
				c.answer(pdu.CmdGenericNack, pdu.ESME_RINVCMDLEN, 0)
				c.closing = true
				used = have
				break
			}
			if n == 0 || n > have-used {
				if n > len(buf) {
					buf = append(buf, make([]byte, n-len(buf))...)
				}
				break
			}
			decodeErr := p.Decode(buf[used : used+n])
			c.observe(true, &p)
			if decodeErr != nil {
				c.undecodable(&p, decodeErr)
			} else {
				c.handle(&p)
			}
			used += n
		}
		fresh := c.fresh
		c.fresh = false
		c.mu.Unlock()
		c.flush()
		if fresh {
			for _, d := range c.server.takeOutbox(c.account()) {
				c.deliver(d)
			}
		}
		have = copy(buf, buf[used:have])
		if err != nil {
			return
		}
	}
}

func (c *session) write() {
	var spare []byte
	for {
		select {
		case <-c.wake:
		case <-c.done:
			return
		}
		c.mu.Lock()
		b := c.out
		c.out = spare[:0]
		last := c.closing
		c.mu.Unlock()
		if _, err := c.conn.Write(b); err != nil {
			c.conn.Close()
			return
		}
		spare = b
		if last {
			if h, ok := c.conn.(interface{ CloseWrite() error }); ok {
				h.CloseWrite()
				c.conn.SetReadDeadline(time.Now().Add(unbindLimit))
			} else {
				c.conn.Close()
			}
			return
		}
	}
}

func (c *session) flush() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *session) observe(received bool, p *pdu.PDU) {
	if c.server.cfg.Observe != nil {
		c.server.cfg.Observe(Event{Session: c.number, SystemID: c.systemID, Received: received, PDU: p})
	}
}

// send puts a PDU into the output. The lock is held.
func (c *session) send(p *pdu.PDU) {
	c.observe(false, p)
	c.out = p.AppendTo(c.out)
}

func (c *session) answer(id pdu.CommandID, status pdu.Status, seq uint32) {
	b := newBuilder(id)
	b.SetStatus(status)
	b.SetSequence(seq)
	c.send(b.Build())
}

func (c *session) undecodable(p *pdu.PDU, err error) {
	if p.IsResponse() {
		return
	}
	status := pdu.ESME_RINVCMDLEN
	if e, ok := err.(*pdu.DecodeError); ok {
		status = e.Status
	}
	c.answer(pdu.CmdGenericNack, status, p.SequenceNumber())
}

// handle answers what the ESME sent. The lock is held.
func (c *session) handle(p *pdu.PDU) {
	seq := p.SequenceNumber()
	switch id := p.CommandID(); id {
	case pdu.CmdBindTransceiver, pdu.CmdBindTransmitter, pdu.CmdBindReceiver:
		c.bind(p)
	case pdu.CmdEnquireLink:
		c.answer(pdu.CmdEnquireLinkResp, pdu.ESME_ROK, seq)
	case pdu.CmdUnbind:
		c.answer(pdu.CmdUnbindResp, pdu.ESME_ROK, seq)
		c.closing = true
	case pdu.CmdUnbindResp:
		c.closing = true
	case pdu.CmdSubmitSM, pdu.CmdDataSM, pdu.CmdSubmitMulti:
		c.submit(p)
	case pdu.CmdDeliverSMResp, pdu.CmdDataSMResp:
		c.delivered(p)
	case pdu.CmdGenericNack, pdu.CmdEnquireLinkResp:
		c.delivered(p)
	default:
		if resp, ok := id.Response(); ok {
			c.answer(resp, pdu.ESME_RINVMSGID, seq) // query, cancel, replace: nothing is kept
		} else if !p.IsResponse() {
			c.answer(pdu.CmdGenericNack, pdu.ESME_RINVCMDID, seq)
		}
	}
}

func (c *session) bind(p *pdu.PDU) {
	resp, _ := p.CommandID().Response()
	systemID := p.Str(pdu.FieldSystemID)
	status := c.server.mayBind(systemID, p.Str(pdu.FieldPassword))
	if c.mode != 0 {
		status = pdu.ESME_RALYBND
	}
	if status != pdu.ESME_ROK {
		c.server.log.Warn("bind refused", "session", c.number, "system_id", systemID, "status", status.String())
		c.answer(resp, status, p.SequenceNumber())
		return
	}
	c.systemID, c.mode = systemID, p.CommandID()
	b := newBuilder(resp)
	b.SetSequence(p.SequenceNumber())
	b.SetString(pdu.FieldSystemID, "esmehost-sim")
	if p.Int(pdu.FieldInterfaceVersion) >= 0x34 {
		b.AddTLVInt(pdu.TagSCInterfaceVersion, 0x34)
	}
	c.send(b.Build())
	c.server.log.Info("bound", "session", c.number, "system_id", systemID, "mode", p.CommandID().String())
	if c.mode != pdu.CmdBindTransmitter {
		c.fresh = true
		if c.server.cfg.MORate > 0 {
			c.server.clock.after(c.moInterval(), c.sendMO)
		}
	}
}

func (c *session) submit(p *pdu.PDU) {
	resp, _ := p.CommandID().Response()
	if c.mode == 0 || c.mode == pdu.CmdBindReceiver {
		c.answer(resp, pdu.ESME_RINVBNDSTS, p.SequenceNumber())
		return
	}
	status, answered := c.server.fate()
	if !answered {
		return
	}
	b := newBuilder(resp)
	b.SetSequence(p.SequenceNumber())
	b.SetStatus(status)
	var id string
	if status == pdu.ESME_ROK {
		id = strconv.FormatUint(c.server.messages.Add(1), 10)
		b.SetString(pdu.FieldMessageID, id)
	}
	answer := b.Build()
	var receipt *delivery
	if id != "" && p.Int(pdu.FieldRegisteredDelivery)&3 == 1 {
		receipt = &delivery{pdu: receiptFor(p, id, time.Now())}
	}
	finish := func() {
		if receipt != nil {
			c.server.clock.after(c.server.cfg.ReceiptDelay, func() { c.server.deliver(c.account(), receipt) })
		}
	}
	if c.server.cfg.Latency == 0 {
		c.send(answer)
		finish()
		return
	}
	c.server.clock.after(c.server.cfg.Latency, func() {
		c.mu.Lock()
		c.send(answer)
		c.mu.Unlock()
		c.flush()
		finish()
	})
}

func (c *session) account() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.systemID
}

// receiptFor makes the delivery receipt of a message (SMPP 3.4 appendix B).
func receiptFor(p *pdu.PDU, id string, now time.Time) *pdu.PDU {
	text, _ := p.Text()
	if r := []rune(text); len(r) > 20 {
		text = string(r[:20])
	}
	date := now.UTC().Format("0601021504")
	b := newBuilder(pdu.CmdDeliverSM)
	b.SetInt(pdu.FieldESMClass, 4)
	b.SetString(pdu.FieldSourceAddr, p.Str(pdu.FieldDestinationAddr))
	b.SetString(pdu.FieldDestinationAddr, p.Str(pdu.FieldSourceAddr))
	_, octets := pdu.EncodeText(pdu.Receipt{ID: id, Sub: "001", Dlvrd: "001", SubmitDate: date, DoneDate: date,
		Stat: "DELIVRD", Err: "000", Text: strings.Map(ascii, text)}.String())
	b.SetString(pdu.FieldShortMessage, string(octets))
	b.AddTLVString(pdu.TagReceiptedMessageID, id)
	b.AddTLVInt(pdu.TagMessageState, 2)
	return b.Build()
}

func ascii(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}

// deliver sends a message to the ESME as soon as the window has room.
func (c *session) deliver(d *delivery) {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		c.server.deliver(c.systemID, d)
		return
	}
	c.waiting = append(c.waiting, d)
	c.deliverWaiting()
	c.mu.Unlock()
	c.flush()
}

func (c *session) deliverWaiting() {
	for len(c.waiting) > 0 && len(c.inFlight) < c.server.cfg.Window && !c.closing && !c.ended {
		d := c.waiting[0]
		c.waiting = c.waiting[1:]
		c.seq++
		if c.seq > 0x7FFFFFFF {
			c.seq = 1
		}
		d.tries++
		c.inFlight[c.seq] = d
		p := *d.pdu
		p.SetSequence(c.seq)
		c.send(&p)
	}
}

// retryAfter is how long a message that the ESME could not take waits; maxTries how often it is sent.
const (
	retryAfter = time.Second
	maxTries   = 5
)

// delivered takes the answer to a message.
func (c *session) delivered(p *pdu.PDU) {
	d := c.inFlight[p.SequenceNumber()]
	if d == nil {
		return
	}
	delete(c.inFlight, p.SequenceNumber())
	if p.CommandStatus() == pdu.ESME_RX_T_APPN && d.tries < maxTries {
		account := c.systemID
		c.server.clock.after(retryAfter, func() { c.server.deliver(account, d) })
	}
	if d.answered != nil {
		d.answered(p.CommandStatus())
		d.answered = nil
	}
	c.deliverWaiting()
}

// sendMO sends a mobile-originated message and sees to the next one.
func (c *session) sendMO() {
	c.mu.Lock()
	if c.ended || c.closing {
		c.mu.Unlock()
		return
	}
	cfg := &c.server.cfg
	n := c.mo
	c.mo++
	c.mu.Unlock()
	m := MO{From: cfg.MOFrom, To: cfg.MOTo, Text: cfg.MOTexts[n%len(cfg.MOTexts)]}
	if m.From == "" {
		m.From = fmt.Sprintf("4917000%05d", 1+n%10_000)
	}
	if m.To == "" {
		m.To = "12345"
	}
	c.deliver(&delivery{pdu: m.PDU()})
	c.server.clock.after(c.moInterval(), c.sendMO)
}

func (c *session) moInterval() time.Duration {
	return time.Duration(float64(time.Second) / c.server.cfg.MORate)
}

// unbind ends the session in order.
func (c *session) unbind() {
	c.mu.Lock()
	if c.mode == 0 {
		c.closing = true
	} else if !c.closing {
		c.seq++
		c.answer(pdu.CmdUnbind, pdu.ESME_ROK, c.seq)
	}
	c.mu.Unlock()
	c.flush()
}

func (c *session) info() (SessionInfo, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return SessionInfo{Session: c.number, SystemID: c.systemID, Mode: strings.TrimPrefix(c.mode.String(), "bind_"),
		Peer: c.conn.RemoteAddr().String()}, c.mode != 0 && !c.closing
}

// receives reports whether messages of the account may go to the session.
func (c *session) receives(systemID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.systemID == systemID && (c.mode == pdu.CmdBindReceiver || c.mode == pdu.CmdBindTransceiver) && !c.closing && !c.ended
}
