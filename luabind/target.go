package luabind

import (
	"context"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// Name of the bind.
func (t ownTarget) Name() string { return t.h.bind.opts.Name }

// session is the live one.
func (t ownTarget) session() (*esme.Session, error) {
	t.h.mu.Lock()
	defer t.h.mu.Unlock()
	if t.h.s == nil || t.h.over {
		return nil, codeError(esme.CodeStopped, "the bind %s has no session", t.h.bind.opts.Name)
	}
	return t.h.s, nil
}

// Send accepts p for sending.
func (t ownTarget) Send(p *pdu.PDU) error {
	s, err := t.session()
	if err != nil {
		return err
	}
	return s.Send(p)
}

// SendWait is Send that waits for room.
func (t ownTarget) SendWait(ctx context.Context, p *pdu.PDU) error {
	s, err := t.session()
	if err != nil {
		return err
	}
	return s.SendWait(ctx, p)
}

// Request sends p and waits for the response.
func (t ownTarget) Request(ctx context.Context, p *pdu.PDU) (*pdu.PDU, error) {
	s, err := t.session()
	if err != nil {
		return nil, err
	}
	return s.Request(ctx, p)
}

// Stop ends the session in order.
func (t ownTarget) Stop(reason string) error {
	s, err := t.session()
	if err != nil {
		return err
	}
	s.Stop(esme.Reason{Kind: esme.KindCustom, Detail: reason})
	return nil
}

// Call asks handle_call.
func (t ownTarget) Call(ctx context.Context, request vm.Data) (vm.Data, error) {
	s, err := t.session()
	if err != nil {
		return nil, err
	}
	return s.Call(ctx, request)
}

// Cast tells handle_cast.
func (t ownTarget) Cast(request vm.Data) error {
	s, err := t.session()
	if err != nil {
		return err
	}
	return s.Cast(request)
}

// Info tells handle_info.
func (t ownTarget) Info(message vm.Data) error {
	s, err := t.session()
	if err != nil {
		return err
	}
	return s.Info(message)
}

// Status is what esme.status() returns.
func (t ownTarget) Status() vm.Data {
	h := map[vm.Data]vm.Data{"name": t.h.bind.opts.Name, "state": "stopped"}
	if s, err := t.session(); err == nil {
		st := s.Status()
		h["state"], h["mode"], h["peer"] = st.State, st.Mode.String(), st.Peer
		h["in_flight"], h["queued"], h["window"] = float64(st.InFlight), float64(st.Queued), float64(st.Window)
		h["session"], h["generation"] = float64(t.h.number), float64(t.h.generation().number)
		c := st.Counters
		h["counters"] = &vm.Table{Hash: map[vm.Data]vm.Data{"sent": float64(c.Sent), "received": float64(c.Received),
			"responses": float64(c.Responses), "timeouts": float64(c.Timeouts), "late": float64(c.Late), "lost": float64(c.Lost)}}
	}
	return &vm.Table{Hash: h}
}
