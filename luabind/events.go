package luabind

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// HandlePDU calls handle_pdu(pdu, state).
func (h *Handler) HandlePDU(in *esme.Inbound) error {
	g := h.generation()
	if g.fns[cbHandlePDU] == nil {
		return nil
	}
	g = h.turn(g)
	h.hand = true
	ret, err := g.vm.Call(g.fns[cbHandlePDU], 1, ownPDU(in.PDU, in, h.kept, h.bind.opts.DataCoding0.In), g.state)
	err = g.settle(cbHandlePDU, 0, ret, err)
	h.hand = false
	switch {
	case h.died != nil:
		return h.died
	case err != nil:
		return err
	}
	return nil
}

// HandleResp calls handle_resp(pdu, original_pdu, state).
func (h *Handler) HandleResp(resp, original *pdu.PDU) {
	g := h.generation()
	switch {
	case h.dead:
		h.warn(g, "init broke the script, which gets this response no more", "pdu", resp.String(), "original", original.String())
		return
	case g.fns[cbHandleResp] == nil:
		return
	}
	g = h.turn(g)
	ret, err := g.vm.Call(g.fns[cbHandleResp], 1, ownPDU(resp, nil, nil, pdu.GSM), wrapPDU(original), g.state)
	g.settle(cbHandleResp, 0, ret, err)
}

// HandleRespTimeout calls handle_resp_timeout(pdu, state).
func (h *Handler) HandleRespTimeout(original *pdu.PDU) {
	g := h.generation()
	if h.dead || g.fns[cbHandleRespTimeout] == nil {
		h.warn(g, "no response in time", "pdu", original.String())
		return
	}
	g = h.turn(g)
	ret, err := g.vm.Call(g.fns[cbHandleRespTimeout], 1, wrapPDU(original), g.state)
	g.settle(cbHandleRespTimeout, 0, ret, err)
}

// HandleSendPDUResult calls handle_send_pdu_result(pdu, err, state).
func (h *Handler) HandleSendPDUResult(p *pdu.PDU, err error) {
	g := h.generation()
	if h.dead || g.fns[cbHandleSendPDUResult] == nil {
		if err != nil {
			h.warn(g, "PDU not sent", "pdu", p.String(), "error", err.Error())
		}
		return
	}
	g = h.turn(g)
	ret, failed := g.vm.Call(g.fns[cbHandleSendPDUResult], 1, wrapPDU(p), errorValue(g.vm.L(), err), g.state)
	g.settle(cbHandleSendPDUResult, 0, ret, failed)
}

// HandleUnparsedPDU calls handle_unparsed_pdu(raw, err, state).
func (h *Handler) HandleUnparsedPDU(raw []byte, err error) error {
	g := h.generation()
	if g.fns[cbHandleUnparsedPDU] == nil {
		h.warn(g, "a PDU cannot be decoded", "error", err.Error(), "octets", len(raw))
		return nil
	}
	g = h.turn(g)
	h.hand = true
	ret, failed := g.vm.Call(g.fns[cbHandleUnparsedPDU], 1, lua.LString(raw), errorValue(g.vm.L(), err), g.state)
	g.settle(cbHandleUnparsedPDU, 0, ret, failed)
	h.hand = false
	if h.died != nil {
		return h.died
	}
	return nil // the nack is the same whether it failed or not
}

// HandleCast calls handle_cast(request, state).
func (h *Handler) HandleCast(request any) { h.message(cbHandleCast, h.unwrap(request)) }

// HandleInfo calls handle_info(message, state).
func (h *Handler) HandleInfo(message any) {
	if b, ok := message.(esme.Bound); ok {
		h.bind.bound()
		h.log.Info("bound", "mode", b.Mode.String(), "peer", b.Peer)
		message = &vm.Table{Hash: map[vm.Data]vm.Data{"event": "bound", "mode": b.Mode.String(), "peer": b.Peer, "session": float64(h.number)}}
	}
	h.message(cbHandleInfo, h.unwrap(message))
}

func (h *Handler) message(cb callback, data vm.Data) {
	g := h.generation()
	if g.fns[cb] == nil {
		return
	}
	g = h.turn(g)
	ret, err := g.vm.Call(g.fns[cb], 1, vm.FromData(g.vm.L(), data), g.state)
	g.settle(cb, 0, ret, err)
}

// HandleCall calls handle_call(request, from, state), which returns "reply", value, state or "noreply", state.
func (h *Handler) HandleCall(request any, from *esme.From) {
	g := h.generation()
	request = h.unwrap(request)
	if g.fns[cbHandleCall] == nil {
		from.Reply("ok")
		return
	}
	g = h.turn(g)
	ret, err := g.vm.Call(g.fns[cbHandleCall], 3, vm.FromData(g.vm.L(), request), newFrom(from), g.state)
	if err == nil {
		err = g.answer(ret, from)
	}
	g.vm.Unlock()
	if err != nil {
		from.Fail(codeError("script_error", "%s", err.Error()))
		h.failed(g, cbHandleCall.String(), err)
	}
}
