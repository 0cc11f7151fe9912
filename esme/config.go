package esme

import (
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// Infinity switches a limit off.
const Infinity time.Duration = -1

// Unlimited switches a count off.
const Unlimited = -1

// Mode says how the session binds.
type Mode uint8

// The modes. With Manual nothing is bound by the session itself: the handler sends the bind PDU, and
// nothing that is sent waits for a bind.
const (
	Transceiver Mode = iota
	Transmitter
	Receiver
	Manual
)

// String returns the mode as it is written in a configuration.
func (m Mode) String() string {
	switch m {
	case Transceiver:
		return "transceiver"
	case Transmitter:
		return "transmitter"
	case Receiver:
		return "receiver"
	}
	return "manual"
}

// command is the bind request of the mode.
func (m Mode) command() pdu.CommandID {
	switch m {
	case Transmitter:
		return pdu.CmdBindTransmitter
	case Receiver:
		return pdu.CmdBindReceiver
	}
	return pdu.CmdBindTransceiver
}

// Automatic is the set of things that the session does by itself. The zero value means all of them.
type Automatic uint8

// What can be automatic. AutoNone takes everything into the handler's hands.
const (
	AutoBind        Automatic = 1 << iota // bind after Init
	AutoEnquireLink                       // answer the peer's enquire_link
	AutoPing                              // send enquire_link after silence
	AutoUnbind                            // answer unbind, and unbind before closing
	AutoReply                             // answer a deliver_sm or data_sm that the handler left unanswered
	AutoNack                              // generic_nack for what cannot be decoded
	AutoNone

	autoAll = AutoNone - 1
)

// Config holds the options of a session. The zero value works: every field says what zero means.
// Durations may be [Infinity], counts [Unlimited].
type Config struct {
	Mode Mode

	// Fields of the bind PDU (SMPP 3.4 §4.1).
	SystemID, Password, SystemType, AddressRange string
	InterfaceVersion                             uint8 // 0 = 0x34
	AddrTON, AddrNPI                             uint8

	Timeout              time.Duration // connect, TLS and Init together; 0 = 5 s
	SessionInitLimit     time.Duration // not bound by then: stop; 0 = 10 s
	EnquireLinkLimit     time.Duration // silence of the peer before a ping; 0 = 30 s
	EnquireLinkRespLimit time.Duration // silence after a ping before the stop; 0 = 30 s
	InactivityLimit      time.Duration // no message PDU either way: stop; 0 = off
	ResponseLimit        time.Duration // a request that was written, without response; a write that is not done: stop; 0 = 60 s
	StalledLimit         time.Duration // no answer since a request went out: stop; 0 = off
	UnbindLimit          time.Duration // drain, unbind and close, each; 0 = 5 s

	SourceAddress string        // host, or host:port (for one session at a time), that connections come from; empty: the system chooses
	KeepAlive     time.Duration // between TCP keep-alive probes; 0 = 15 s
	TLS           *TLS          // encryption; nil: none, unless the address says smpps://

	Window     int     // requests in flight; 0 = 10
	Queue      int     // requests that wait for the bind or the window; 0 = 1000. It and the window hold 64 KiB a place at most
	Mailbox    int     // calls, casts, messages, and what became of own PDUs, that wait for the handler; deferred answers; 0 = 10,000
	Backlog    int     // octets of the peer's requests that wait for the handler; of what became of own PDUs; that wait for the peer; 0 = 4 MiB
	TPS        float64 // requests per second; 0 = unlimited
	MaxPDUSize int     // octets; 0 = 128 KiB

	// RetryThrottled is how often a request that the SMSC refused for its load (ESME_RTHROTTLED,
	// ESME_RMSGQFUL) is sent again, under its number and before all that was accepted later, until the
	// handler is told of the refusal. 0: it is told of the first.
	RetryThrottled int

	RelaxedLengths bool // send what is longer than SMPP allows, where the wire can carry it ([pdu.PDU.RelaxedErr])

	NoAutoReply   bool // no ESME_ROK for a deliver_sm or data_sm that the handler did not answer; ESME_RX_T_APPN stays
	Automatic     Automatic
	ShowAutomatic bool // show automatic traffic to the handler too
}

const (
	defaultInterfaceVersion = 0x34
	defaultMaxPDUSize       = 128 << 10
	defaultBacklog          = 4 << 20
	defaultDeferLimit       = 10 * time.Second
)

func (c Config) withDefaults() Config {
	limit := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		} else if *d < 0 {
			*d = Infinity
		}
	}
	limit(&c.Timeout, 5*time.Second)
	limit(&c.SessionInitLimit, 10*time.Second)
	limit(&c.EnquireLinkLimit, 30*time.Second)
	limit(&c.EnquireLinkRespLimit, 30*time.Second)
	limit(&c.InactivityLimit, Infinity)
	limit(&c.ResponseLimit, 60*time.Second)
	limit(&c.StalledLimit, Infinity)
	limit(&c.UnbindLimit, 5*time.Second)
	if c.Window == 0 {
		c.Window = 10
	}
	if c.Mailbox == 0 {
		c.Mailbox = 10_000
	}
	if c.Backlog <= 0 {
		c.Backlog = defaultBacklog
	}
	if c.Queue == 0 {
		c.Queue = 1000
	}
	if c.MaxPDUSize <= 0 {
		c.MaxPDUSize = defaultMaxPDUSize
	}
	if c.InterfaceVersion == 0 {
		c.InterfaceVersion = defaultInterfaceVersion
	}
	switch {
	case c.Automatic == 0:
		c.Automatic = autoAll
	case c.Automatic&AutoNone != 0:
		c.Automatic = AutoNone
	}
	if c.Mode == Manual {
		c.Automatic &^= AutoBind
	}
	return c
}

// refusal is what keeps a built PDU from being sent; nil if nothing does.
func (c *Config) refusal(p *pdu.PDU) error {
	if c.RelaxedLengths {
		return p.RelaxedErr()
	}
	return p.Err()
}

func (c *Config) auto(a Automatic) bool { return c.Automatic&a != 0 }
