package luabind

import (
	"context"
	"errors"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// target is a bind as others reach it: whatever session it has at the moment.
type target struct{ bind *Bind }

// Target is the bind as scripts of others and an operator's commands reach it.
func (b *Bind) Target() Target { return target{b} }

// Name of the bind.
func (t target) Name() string { return t.bind.opts.Name }

// live finds the session and its handler.
func (t target) live() (*Handler, *esme.Session, error) {
	t.bind.mu.Lock()
	h := t.bind.current
	t.bind.mu.Unlock()
	if h != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.s != nil && h.gen.Load() != nil && !h.over {
			return h, h.s, nil
		}
	}
	return nil, nil, &esme.Error{Code: esme.CodeStopped, Retryable: true, Message: "the bind " + t.bind.opts.Name + " has no session"}
}

// session finds the session, for a PDU that is to go out by it.
func (t target) session() (*esme.Session, error) {
	_, s, err := t.live()
	return s, unsent(err)
}

// unsent is an error that kept a PDU from going out.
func unsent(err error) error {
	var e *esme.Error
	if !errors.As(err, &e) || e.Written != "" {
		return err
	}
	never := *e
	never.Written = esme.WrittenNever
	return &never
}

// Send accepts p for sending.
func (t target) Send(p *pdu.PDU) error {
	s, err := t.session()
	if err != nil {
		return err
	}
	return s.Send(p)
}

// SendWait is Send that waits for room.
func (t target) SendWait(ctx context.Context, p *pdu.PDU) error {
	s, err := t.session()
	if err != nil {
		return err
	}
	return s.SendWait(ctx, p)
}

// Request sends p and waits for the response.
func (t target) Request(ctx context.Context, p *pdu.PDU) (*pdu.PDU, error) {
	s, err := t.session()
	if err != nil {
		return nil, err
	}
	return s.Request(ctx, p)
}

// Stop ends the session in order.
func (t target) Stop(reason string) error {
	_, s, err := t.live()
	if err != nil {
		return err
	}
	s.Stop(esme.Reason{Kind: esme.KindCustom, Detail: reason})
	return nil
}

// Call asks handle_call.
func (t target) Call(ctx context.Context, request vm.Data) (vm.Data, error) {
	h, s, err := t.live()
	if err != nil {
		return nil, err
	}
	m, err := h.weigh(request)
	if err != nil {
		return nil, err
	}
	v, err := s.Call(ctx, m)
	if e, ok := err.(*esme.Error); ok && e.Code == esme.CodeQueueFull { // it was not taken
		h.unwrap(m)
	}
	return v, err
}

// Cast tells handle_cast.
func (t target) Cast(request vm.Data) error {
	h, s, err := t.live()
	if err != nil {
		return err
	}
	return h.posted(request, s.Cast)
}

// Info tells handle_info.
func (t target) Info(message vm.Data) error {
	h, s, err := t.live()
	if err != nil {
		return err
	}
	return h.posted(message, s.Info)
}

// InfoAfter tells handle_info later, unless the session ends before.
func (t target) InfoAfter(delay time.Duration, message vm.Data) error {
	h, _, err := t.live()
	if err != nil {
		return err
	}
	return h.sendAfter(delay, message)
}

// SendRaw writes octets as they are.
func (t target) SendRaw(octets []byte) error {
	s, err := t.session()
	if err != nil {
		return err
	}
	return s.SendRaw(octets)
}

// Status is what esme.status() returns.
func (t target) Status() vm.Data {
	m := map[vm.Data]vm.Data{"name": t.bind.opts.Name, "state": "stopped"}
	if h, s, err := t.live(); err == nil {
		st := s.Status()
		m["state"], m["mode"], m["peer"] = st.State, st.Mode.String(), st.Peer
		m["in_flight"], m["queued"], m["window"] = float64(st.InFlight), float64(st.Queued), float64(st.Window)
		m["session"], m["generation"] = float64(h.number), float64(h.generation().number)
		m["tls"] = s.TLS()
		c := st.Counters
		m["counters"] = &vm.Table{Hash: map[vm.Data]vm.Data{"sent": float64(c.Sent), "received": float64(c.Received),
			"responses": float64(c.Responses), "timeouts": float64(c.Timeouts), "late": float64(c.Late), "lost": float64(c.Lost)}}
	}
	return &vm.Table{Hash: m}
}
