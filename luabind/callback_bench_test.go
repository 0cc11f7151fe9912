package luabind

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// What forwarding costs: the same Lua, by the bare engine with a userdata whose fields are ready-made, and by a
// handler. The goals are 700 ns and 3 allocations more for handle_pdu, and 500 ns for handle_resp.
const (
	readsFive = `function(p, state)
		if p.source_addr ~= "" and p.destination_addr ~= "" and p.esm_class == 0 and p.data_coding == 0 and p.short_message ~= "" then
			state.n = state.n + 1
		end
		return state
	end`
	readsThree = `function(p, original, state)
		if p.command_status == 0 and p.message_id ~= "" and original.destination_addr ~= "" then state.n = state.n + 1 end
		return state
	end`
)

func deliverSM(tb testing.TB) *pdu.PDU {
	tb.Helper()
	cmd, _ := pdu.CommandByName("deliver_sm")
	b := pdu.NewBuilder(cmd)
	b.SetString(pdu.FieldSourceAddr, "491700000001")
	b.SetString(pdu.FieldDestinationAddr, "12345")
	b.SetString(pdu.FieldShortMessage, "a text of the usual length, that a subscriber has typed into a phone")
	return decoded(tb, b.Build())
}

func decoded(tb testing.TB, p *pdu.PDU) *pdu.PDU {
	tb.Helper()
	d := new(pdu.PDU)
	if err := d.Decode(p.AppendTo(nil)); err != nil {
		tb.Fatal(err)
	}
	return d
}

// idle is a handler with the script loaded and no session.
func idle(tb testing.TB, script string) *Handler {
	tb.Helper()
	dir := tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "s.lua"), []byte(script), 0o644); err != nil {
		tb.Fatal(err)
	}
	prog, wrong := Compile(dir, "s.lua")
	if len(wrong) > 0 {
		tb.Fatal(wrong.Error())
	}
	h := NewBind(Options{Name: "idle", Limits: vm.Limits{Time: vm.Unlimited}}, prog).NewHandler()
	g, err := h.newest(nil)
	if err != nil {
		tb.Fatal(err)
	}
	g.state = g.vm.L().NewTable()
	g.state.(*lua.LTable).RawSetString("n", lua.LNumber(0))
	tb.Cleanup(g.vm.Close)
	return h
}

func BenchmarkHandlePDU(b *testing.B) {
	h := idle(b, "return { handle_pdu = "+readsFive+"}")
	in := &esme.Inbound{PDU: deliverSM(b)}
	inTurns(b, 700, bare(b, readsFive, 1, map[string]lua.LValue{"source_addr": lua.LString("491700000001"), "destination_addr": lua.LString("12345"),
		"esm_class": lua.LNumber(0), "data_coding": lua.LNumber(0), "short_message": lua.LString("a text")}),
		func() {
			if err := h.HandlePDU(in); err != nil {
				b.Fatal(err)
			}
		})
}

func BenchmarkHandleResp(b *testing.B) {
	h := idle(b, "return { handle_resp = "+readsThree+"}")
	cmd, _ := pdu.CommandByName("submit_sm_resp")
	r := pdu.NewBuilder(cmd)
	r.SetString(pdu.FieldMessageID, "0123456789")
	resp, original := decoded(b, r.Build()), deliverSM(b)
	inTurns(b, 500, bare(b, readsThree, 2, map[string]lua.LValue{"command_status": lua.LNumber(0), "message_id": lua.LString("abc"), "destination_addr": lua.LString("1")}),
		func() { h.HandleResp(resp, original) })
}

// inTurns runs a bare callback and a forwarded one in turns, a block each, and prints what the forwarding adds: the
// difference of the best blocks, which a busy machine disturbs least, and of the allocations.
func inTurns(b *testing.B, goal float64, bare, forwarded func()) {
	const block = 200
	best := [2]time.Duration{math.MaxInt64, math.MaxInt64}
	for b.Loop() {
		for which, call := range []func(){bare, forwarded} {
			began := time.Now()
			for range block {
				call()
			}
			best[which] = min(best[which], time.Since(began))
		}
	}
	one := func(d time.Duration) float64 { return float64(d) / block }
	b.ReportMetric(one(best[0]), "bare-ns")
	b.ReportMetric(one(best[1])-one(best[0]), "more-ns")
	b.ReportMetric(goal, "goal-ns")
	b.ReportMetric(testing.AllocsPerRun(100, forwarded)-testing.AllocsPerRun(100, bare), "more-allocs")
	b.ReportMetric(0, "ns/op")
}

// bare calls the function with PDUs whose fields are Lua values already.
func bare(b *testing.B, function string, pdus int, fields map[string]lua.LValue) func() {
	L := lua.NewState()
	b.Cleanup(L.Close)
	if err := L.DoString("return " + function); err != nil {
		b.Fatal(err)
	}
	fn := L.Get(-1)
	L.Pop(1)
	meta := L.NewTable()
	meta.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
		L.Push(fields[string(L.Get(2).(lua.LString))])
		return 1
	}))
	state := L.NewTable()
	state.RawSetString("n", lua.LNumber(0))
	return func() {
		L.Push(fn)
		for range pdus {
			L.Push(&lua.LUserData{Metatable: meta})
		}
		L.Push(state)
		if err := L.PCall(pdus+1, 1, nil); err != nil {
			b.Fatal(err)
		}
		L.Pop(1)
	}
}

// A callback that the script does not define costs no allocation.
func TestUndefinedCallbacksAllocateNothing(t *testing.T) {
	h := idle(t, "return { handle_cast = function() end }")
	in := &esme.Inbound{PDU: deliverSM(t)}
	p := deliverSM(t)
	if n := testing.AllocsPerRun(100, func() {
		h.HandlePDU(in)
		h.HandleResp(p, p)
		h.HandleSendPDUResult(p, nil)
		h.HandleInfo("x")
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
