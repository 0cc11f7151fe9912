package luabind

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// witnessScript says by log what it is told, and does what a cast tells it.
const witnessScript = `
local M = { version = 1 }

local function say(...) log.info("> " .. (("%s "):rep(select("#", ...)):format(...):gsub("%s+$", ""))) end

local function numbers(pdus)
  local all = {}
  for i, p in ipairs(pdus) do all[i] = p.sequence_number end
  return "[" .. table.concat(all, " ") .. "]"
end

local function submit(to) return pdu.submit_sm { destination_addr = to } end

-- talk says so much that nobody has the room for it until the test listens.
local function talk() for i = 1, 12000 do log.info("talk") end end

local later
local hoarded = {}
local actions = {
  send = function() assert(esme.send_pdu(submit("200"))) end,
  twelve = function() for _ = 1, 12 do assert(esme.send_pdu(submit("200"))) end end,
  bind = function() assert(esme.send_pdu(pdu.bind_transceiver { system_id = "x", system_type = "t", address_range = "49*" })) end,
  password = function() assert(esme.send_pdu(pdu.bind_transceiver { password = ("x"):rep(17) })) end,
  nul = function() assert(esme.send_pdu(submit("1\0" .. "2"))) end,
  long = function() assert(esme.send_pdu(submit(("1"):rep(30)))) end,
  stop = function() esme.stop("one") esme.stop("two") end,
  stopped = function()
    esme.stop("one")
    local ok, err = esme.send_pdu(submit("200"))
    say("send", tostring(ok), err.code)
  end,
  raise = function() error("boom") end,
  hoard = function() while true do hoarded[#hoarded + 1] = {} end end,
  loop = function() while true do end end,
  answer = function() say("answered", tostring(later:reply("later"))) end,
  request = function()
    esme.spawn(function()
      local resp, err = esme.request(submit("200"), "10s")
      say("request", resp and resp.message_id or err.code)
    end)
  end,
  hurry = function()
    esme.spawn(function()
      local _, err = esme.request(submit("200"), "5ms")
      say("request", err.code)
    end)
  end,
  unbuildable = function()
    esme.spawn(function()
      local _, err = esme.request(submit(("1"):rep(30)), "10s")
      say("request", err.code, err.written)
    end)
  end,
  impatient = function()
    esme.spawn(function()
      local _, err = esme.request(submit("200"), "20ms")
      say("request", err.code, err.written)
    end)
  end,
  patient = function()
    esme.spawn(function() say("sent", tostring(esme.send_pdu(submit("201"), { wait = "20s" }))) end)
  end,
  hundred = function()
    local right = 0
    for i = 1, 100 do
      esme.spawn(function()
        local resp = assert(esme.request(submit(tostring(i)), "10s"))
        if resp.message_id == tostring(i) then right = right + 1 end
        if right == 100 then say("a hundred got their own") end
      end)
    end
  end,
}

function M.init(args)
  say("init")
  if args == "refuse" then return nil, "not today" end
  if args == "talk" then talk() end
  return { n = 0, stop_in = args }
end

local function stop_in(state, callback)
  if state.stop_in == callback then esme.stop(callback) esme.stop("again") end
end

function M.handle_pdu(p, state)
  local twice = {}
  for _, t in ipairs(p:tlvs()) do twice[#twice + 1] = t.value end
  say("pdu", p.command, p.sequence_number, p.text or "", table.concat(twice, " "))
  stop_in(state, "pdu")
  if p.text == "defer" then esme.defer(p, "1m") end
  if p.text == "raise" then error("boom") end
  if p.text == "talk" then talk() end
  if p.text == "reply" then assert(esme.reply(p, pdu.deliver_sm_resp { command_status = "ESME_RX_P_APPN" })) end
end

function M.handle_resp(p, original, state)
  say("resp", original.sequence_number, p.status, tostring(p.message_id))
  stop_in(state, "resp")
end

function M.handle_resp_timeout(p, state)
  say("timeout", p.sequence_number)
  stop_in(state, "timeout")
end

function M.handle_send_pdu_result(p, err, state)
  if err then say("refused", err.code, err.written) else say("written", p.sequence_number) end
  stop_in(state, "result")
end

function M.handle_unparsed_pdu(raw, err)
  say("unparsed", #raw, err.code)
  if raw:sub(-1) == "!" then error("raise") end
end

function M.handle_stop(reason, lost, state)
  say("stop", tostring(reason), numbers(lost))
  return "normal", state
end

function M.handle_lost_pdus(name, reason, pdus) say("lost", name, reason.kind, numbers(pdus)) end

function M.handle_call(request, from, state)
  say("call", tostring(request))
  stop_in(state, "call")
  if request == "later" then
    later = from
    return "noreply", state
  end
  return "reply", request, state
end

function M.handle_cast(request, state)
  if actions[request] then actions[request]() else say("cast", request) end
  stop_in(state, "cast")
end

function M.handle_info(message, state)
  say("info", message.event or message)
  stop_in(state, "info")
end

return M
`

// told reads what the script says next, which must be these; the bind's own lines are passed over.
func (r *rig) told(want ...string) {
	r.t.Helper()
	for _, w := range want {
		if got := r.expect("> "); got != "> "+w {
			r.t.Fatalf("got  %s\nwant > %s", got, w)
		}
	}
}

// The scenarios that a script can see, over loopback TCP.
func TestLuaScenarios(t *testing.T) {
	manual := esme.Config{Mode: esme.Manual}
	cast := func(r *rig, what string) {
		r.t.Helper()
		if err := r.bind.Target().Cast(what); err != nil {
			r.t.Fatal(err)
		}
	}
	call := func(r *rig, request string) chan vm.Data {
		answer := make(chan vm.Data, 1)
		go func() {
			v, err := r.bind.Target().Call(context.Background(), request)
			if err != nil {
				v = err.Error()
			}
			answer <- v
		}()
		return answer
	}
	ended := func(r *rig, stop string) { // by the bind, or after a half-close
		r.t.Helper()
		if _, err := io.Copy(io.Discard, r.peer.conn); err != nil {
			r.t.Fatal(err)
		}
		r.peer.conn.Close()
		r.told(stop)
		<-r.exit
	}
	for _, tt := range []struct {
		name  string
		setup setup
		run   func(t *testing.T, r *rig)
	}{
		{"A05 a bind that is sent arrives with its fields", setup{esme: manual}, func(t *testing.T, r *rig) {
			cast(r, "bind")
			got := r.peer.expect("bind_transceiver")
			if got.Str(pdu.FieldSystemID) != "x" || got.Str(pdu.FieldSystemType) != "t" || got.Str(pdu.FieldAddressRange) != "49*" {
				t.Fatalf("got %v", got)
			}
		}},
		{"A06 two sends are numbered 1 and 2", setup{esme: manual}, func(t *testing.T, r *rig) {
			cast(r, "send")
			cast(r, "send")
			for want := uint32(1); want < 3; want++ {
				if got := r.peer.expect("submit_sm").SequenceNumber(); got != want {
					t.Fatalf("number %d", got)
				}
			}
			r.told("written 1", "written 2")
		}},
		{"A07 a reply carries the request's number", setup{}, func(t *testing.T, r *rig) {
			r.peer.send("deliver_sm", 4321, 0, "short_message", "reply")
			if got := r.peer.expect("deliver_sm_resp"); got.SequenceNumber() != 4321 || got.CommandStatus() != pdu.ESME_RX_P_APPN {
				t.Fatalf("got %v", got)
			}
			r.told("pdu deliver_sm 4321 reply", "written 4321")
		}},
		{"A08 stop: init, handle_stop(custom, [])", setup{esme: manual}, func(t *testing.T, r *rig) {
			cast(r, "stop")
			ended(r, "stop custom: one []")
		}},
		{"A09 cast", setup{esme: manual}, func(t *testing.T, r *rig) { cast(r, "hello"); r.told("cast hello") }},
		{"A10 call", setup{esme: manual}, func(t *testing.T, r *rig) {
			if v := <-call(r, "hello"); v != "hello" {
				t.Fatalf("got %v", v)
			}
		}},
		{"A11 a call that is answered later", setup{esme: manual}, func(t *testing.T, r *rig) {
			answer := call(r, "later")
			r.told("call later")
			cast(r, "answer")
			if v := <-answer; v != "later" {
				t.Fatalf("got %v", v)
			}
			r.told("answered true")
		}},
		{"A12 info", setup{esme: manual}, func(t *testing.T, r *rig) {
			if err := r.bind.Target().Info("hello"); err != nil {
				t.Fatal(err)
			}
			r.told("info hello")
		}},
		{"A13 nothing happens: init alone", setup{esme: manual}, func(t *testing.T, r *rig) {
			<-call(r, "asked")
			r.told("call asked")
		}},
		{"A14 init refuses: no handle_stop", setup{esme: manual, options: Options{Args: "refuse"}}, func(t *testing.T, r *rig) {
			if e := <-r.exit; e.Refused == nil || !strings.Contains(e.Refused.Error(), "not today") {
				t.Fatalf("exit %+v", e)
			}
			for len(r.lines) > 0 {
				if l := <-r.lines; strings.HasPrefix(l, "> ") {
					t.Fatalf("told %s", l)
				}
			}
		}},
		{"A15 a bind that comes in is handed over", setup{esme: manual}, func(t *testing.T, r *rig) {
			r.peer.send("bind_transceiver", 3, 0)
			r.told("pdu bind_transceiver 3")
		}},
		{"A16 a bind by hand: init, send result, response", setup{esme: manual}, func(t *testing.T, r *rig) {
			cast(r, "bind")
			r.peer.answer(r.peer.expect("bind_transceiver"), pdu.ESME_ROK)
			r.told("written 1", "resp 1 ESME_ROK nil")
		}},
		{"A17 then a submit_sm in the same way", setup{esme: manual}, func(t *testing.T, r *rig) {
			cast(r, "bind")
			r.peer.answer(r.peer.expect("bind_transceiver"), pdu.ESME_ROK)
			r.told("written 1", "resp 1 ESME_ROK nil")
			cast(r, "send")
			r.peer.answer(r.peer.expect("submit_sm"), pdu.ESME_ROK, "message_id", "abc")
			r.told("written 2", "resp 2 ESME_ROK abc")
		}},
		{"A18 a response with a wrong number is dropped, the session lives", setup{}, func(t *testing.T, r *rig) {
			r.peer.send("submit_sm_resp", 4711, 0, "message_id", "x")
			r.peer.send("deliver_sm", 1, 0)
			r.peer.expect("deliver_sm_resp")
			r.told("pdu deliver_sm 1")
		}},
		{"A19 no response in time: handle_resp_timeout, and nothing for the late one", setup{esme: esme.Config{ResponseLimit: 10 * time.Millisecond}}, func(t *testing.T, r *rig) {
			cast(r, "send")
			req := r.peer.expect("submit_sm")
			r.told("written 2", "timeout 2")
			r.peer.answer(req, pdu.ESME_ROK, "message_id", "late")
			r.peer.send("deliver_sm", 1, 0)
			r.told("pdu deliver_sm 1")
		}},
		{"A20 a password of 17 characters: one send error", setup{esme: manual}, func(t *testing.T, r *rig) {
			cast(r, "password")
			r.told("refused invalid_pdu never")
		}},
		{"A24 a link check without answer: stop timers enquire_link", setup{esme: esme.Config{EnquireLinkLimit: 10 * time.Millisecond, EnquireLinkRespLimit: 10 * time.Millisecond}}, func(t *testing.T, r *rig) {
			r.peer.expect("enquire_link")
			ended(r, "stop timers: enquire_link []")
		}},
		{"A25 inactivity: stop", setup{esme: esme.Config{InactivityLimit: 10 * time.Millisecond}}, func(t *testing.T, r *rig) {
			r.peer.answer(r.peer.expect("unbind"), pdu.ESME_ROK)
			ended(r, "stop timers: inactivity []")
		}},
		{"A26 the bind is refused: handle_stop(bind_failed)", setup{}, nil},
		{"A27 a stop with an unanswered request: lost", setup{esme: esme.Config{UnbindLimit: 10 * time.Millisecond}}, func(t *testing.T, r *rig) {
			cast(r, "send")
			r.peer.expect("submit_sm")
			r.told("written 2")
			cast(r, "stop")
			r.peer.answer(r.peer.expect("unbind"), pdu.ESME_ROK)
			ended(r, "stop custom: one [2]")
		}},
		{"A29 the transport dies: handle_stop hears of all", setup{}, func(t *testing.T, r *rig) {
			cast(r, "send")
			r.peer.expect("submit_sm")
			r.told("written 2")
			r.conn.Close()
			r.told("stop socket_error: closed [2]")
			<-r.exit
		}},
		{"S01 a hundred requests of as many tasks: each gets its own response", setup{esme: esme.Config{Window: 100}}, func(t *testing.T, r *rig) {
			cast(r, "hundred")
			var reqs []*pdu.PDU
			for range 100 {
				reqs = append(reqs, r.peer.expect("submit_sm"))
			}
			for i := range reqs { // the last first
				req := reqs[len(reqs)-1-i]
				r.peer.answer(req, pdu.ESME_ROK, "message_id", req.Str(pdu.FieldDestinationAddr))
			}
			r.told("a hundred got their own")
		}},
		{"S02 the peer closes in a request: stopped", setup{}, func(t *testing.T, r *rig) {
			cast(r, "request")
			r.peer.expect("submit_sm")
			r.peer.conn.Close()
			r.told("request stopped", "stop socket_closed []")
			<-r.exit
		}},
		{"S02 the peer answers a request and closes: the answer is heard", setup{}, func(t *testing.T, r *rig) {
			cast(r, "request")
			req := r.peer.expect("submit_sm")
			r.peer.answer(req, pdu.ESME_ROK, "message_id", "id7")
			r.peer.conn.Close()
			r.told("request id7", "stop socket_closed []")
			<-r.exit
		}},
		{"S06 the script crashes while a task waits: its request is lost", setup{options: Options{Crash: true}}, func(t *testing.T, r *rig) {
			cast(r, "request")
			r.peer.expect("submit_sm")
			cast(r, "raise")
			ended(r, "written 2")
			r.told("lost test script_error [2]")
		}},
		{"S06 the state is replaced while a task waits: handle_resp hears", setup{options: Options{Limits: vm.Limits{Memory: 1 << 20, Instructions: 1 << 30, Time: time.Minute}}}, func(t *testing.T, r *rig) {
			cast(r, "request")
			req := r.peer.expect("submit_sm")
			cast(r, "hoard")
			r.expect("the script runs in a fresh state")
			r.peer.answer(req, pdu.ESME_ROK, "message_id", "id7")
			r.told("written 2", "resp 2 ESME_ROK id7")
		}},
		{"S06 a task of replaced code has had its time: handle_resp of the new code hears", setup{options: Options{OldTasks: time.Nanosecond}}, func(t *testing.T, r *rig) {
			cast(r, "request")
			req := r.peer.expect("submit_sm")
			old := r.bind.handler().generation()
			if err := r.bind.Reload(t.Context(), r.compile(witnessScript+" -- anew")); err != nil {
				t.Fatal(err)
			}
			for old.vm.Tasks() > 0 {
				runtime.Gosched()
			}
			r.peer.answer(req, pdu.ESME_ROK, "message_id", "id7")
			r.told("written 2", "resp 2 ESME_ROK id7")
		}},
		{"G02 the peer closes while init runs: init ends, then the stop", setup{options: Options{Args: "talk"}}, func(t *testing.T, r *rig) {
			r.told("init")
			r.peer.conn.Close()
			if got := r.expect("> "); !strings.HasPrefix(got, "> stop socket_") || !strings.HasSuffix(got, " []") {
				t.Fatalf("told %s", got)
			}
			<-r.exit
		}},
		{"S03 the caller's timeout comes first", setup{}, func(t *testing.T, r *rig) {
			cast(r, "hurry")
			r.peer.expect("submit_sm")
			r.told("request timeout")
		}},
		{"S04 response_limit comes first", setup{esme: esme.Config{ResponseLimit: 5 * time.Millisecond}}, func(t *testing.T, r *rig) {
			cast(r, "request")
			r.peer.expect("submit_sm")
			r.told("request timeout")
		}},
		{"S05 what cannot be built: an error, nothing on the wire", setup{}, func(t *testing.T, r *rig) {
			cast(r, "unbuildable")
			r.told("request invalid_pdu never")
		}},
		{"S08 a task that waits in the queue gives up: another gets the room", setup{esme: esme.Config{Window: 1, Queue: 1, Timeout: esme.Infinity, SessionInitLimit: esme.Infinity, EnquireLinkLimit: esme.Infinity, ResponseLimit: esme.Infinity}}, func(t *testing.T, r *rig) {
			cast(r, "send")
			req := r.peer.expect("submit_sm")
			r.told("written 2")
			cast(r, "impatient")
			queued := func() vm.Data { return r.bind.Target().Status().(*vm.Table).Hash["queued"] }
			for queued() != 1.0 {
				runtime.Gosched()
			}
			cast(r, "patient")
			if got := []string{r.expect("> "), r.expect("> ")}; !slices.Contains(got, "> request timeout never") || !slices.Contains(got, "> sent true") {
				t.Fatalf("told %q", got)
			}
			r.peer.answer(req, pdu.ESME_ROK)
			if to := r.peer.expect("submit_sm").Str(pdu.FieldDestinationAddr); to != "201" {
				t.Fatalf("to %s", to)
			}
		}},
		{"Z01 an unanswered request, the script raises under crash: handle_lost_pdus once", setup{options: Options{Crash: true}}, func(t *testing.T, r *rig) {
			cast(r, "send")
			r.peer.expect("submit_sm")
			r.told("written 2")
			cast(r, "raise")
			r.expect("script error")
			r.peer.conn.Close()
			r.expect("> lost test script_error [2]")
			if e := <-r.exit; e.Reason.Kind != esme.KindScriptError {
				t.Fatalf("exit %+v", e)
			}
			for len(r.lines) > 0 {
				if l := <-r.lines; strings.HasPrefix(l, "> ") {
					t.Fatalf("told %s more", l)
				}
			}
		}},
		{"Z02 a callback over its budget: stopped and reported", setup{options: Options{Crash: true, Limits: vm.Limits{Instructions: 100_000}}}, func(t *testing.T, r *rig) {
			cast(r, "send")
			r.peer.expect("submit_sm")
			r.told("written 2")
			cast(r, "loop")
			r.expect("script error")
			r.peer.conn.Close()
			r.expect("> lost test script_budget [2]")
			<-r.exit
		}},
		{"Z03 a generic_nack with the number is a response", setup{}, func(t *testing.T, r *rig) {
			cast(r, "send")
			r.peer.send("generic_nack", r.peer.expect("submit_sm").SequenceNumber(), pdu.ESME_RINVCMDID)
			r.told("written 2", "resp 2 ESME_RINVCMDID nil")
		}},
		{"Z04 an unknown command_id: handle_unparsed_pdu, nack, stays", setup{}, func(t *testing.T, r *rig) {
			r.peer.raw([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 7})
			r.peer.expect("generic_nack")
			r.peer.send("deliver_sm", 8, 0)
			r.peer.expect("deliver_sm_resp")
			r.told("unparsed 16 ESME_RINVCMDID", "pdu deliver_sm 8")
		}},
		{"Z05 submit_sm_resp ESME_ROK with an empty body: no message_id", setup{}, func(t *testing.T, r *rig) {
			cast(r, "send")
			seq := r.peer.expect("submit_sm").SequenceNumber()
			r.peer.raw([]byte{0, 0, 0, 16, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, byte(seq)})
			r.told("written 2", "resp 2 ESME_ROK nil")
		}},
		{"Z06 framing is lost: parse_error", setup{}, func(t *testing.T, r *rig) {
			r.peer.raw([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			r.peer.expect("generic_nack")
			ended(r, "stop parse_error: this is no SMPP but looks like HTTP []")
		}},
		{"Z07 a response of another type is not seen", setup{}, func(t *testing.T, r *rig) {
			cast(r, "send")
			seq := r.peer.expect("submit_sm").SequenceNumber()
			r.peer.send("query_sm_resp", seq, 0)
			r.peer.send("submit_sm_resp", seq, 0, "message_id", "x")
			r.told("written 2", "resp 2 ESME_ROK x")
		}},
		{"Z08 a late bind_resp: bound, and stopped after it", setup{esme: esme.Config{Mode: esme.Transmitter}}, func(t *testing.T, r *rig) {
			bind := r.peer.expect("bind_transmitter")
			cast(r, "stopped")
			r.told("send nil stopped")
			r.peer.answer(bind, pdu.ESME_ROK)
			r.peer.answer(r.peer.expect("unbind"), pdu.ESME_ROK)
			r.told("info bound")
			ended(r, "stop custom: one []")
		}},
		{"Z10 a callback blocks longer than both link limits, PDUs of the peer wait: the session lives", setup{esme: esme.Config{EnquireLinkLimit: 5 * time.Millisecond, EnquireLinkRespLimit: 300 * time.Millisecond}}, func(t *testing.T, r *rig) {
			next := func() *pdu.PDU { // that is no link check
				for {
					got := r.peer.next()
					if got.CommandID() != pdu.CmdEnquireLink {
						return got
					}
					r.peer.answer(got, pdu.ESME_ROK)
				}
			}
			r.peer.send("deliver_sm", 1, 0, "short_message", "talk")
			r.told("pdu deliver_sm 1 talk")
			r.peer.send("deliver_sm", 2, 0)
			for began := time.Now(); time.Since(began) < 400*time.Millisecond; {
				r.peer.answer(r.peer.expect("enquire_link"), pdu.ESME_ROK)
			}
			heard := make(chan bool)
			go func() {
				for l := range r.lines {
					if l == "> pdu deliver_sm 2" {
						close(heard)
						return
					}
				}
			}()
			for want := range uint32(2) {
				if got := next(); got.CommandID() != pdu.CmdDeliverSMResp || got.SequenceNumber() != want+1 {
					t.Fatalf("got %v", got)
				}
			}
			<-heard
		}},
		{"Z11 a PDU that cannot be built: one send error, and no loss after it", setup{}, func(t *testing.T, r *rig) {
			cast(r, "long")
			r.told("refused invalid_pdu never")
			r.peer.conn.(interface{ CloseWrite() error }).CloseWrite()
			ended(r, "stop socket_closed []")
		}},
		{"Z12 a send after the stop is refused", setup{}, func(t *testing.T, r *rig) {
			cast(r, "stopped")
			r.told("send nil stopped")
			r.peer.answer(r.peer.expect("unbind"), pdu.ESME_ROK)
			ended(r, "stop custom: one []")
			if err := r.bind.Target().Cast("send"); !errors.Is(err, &esme.Error{Code: esme.CodeStopped}) {
				t.Fatalf("a cast after the end: %v", err)
			}
		}},
		{"Z13 the peer unbinds: unbound", setup{}, func(t *testing.T, r *rig) {
			r.peer.send("unbind", 5, 0)
			r.peer.expect("unbind_resp")
			ended(r, "stop unbound []")
		}},
		{"Z14 own stop: drain, unbind, close", setup{}, func(t *testing.T, r *rig) {
			cast(r, "send")
			req := r.peer.expect("submit_sm")
			r.told("written 2")
			cast(r, "stop")
			r.peer.answer(req, pdu.ESME_ROK, "message_id", "x")
			r.peer.answer(r.peer.expect("unbind"), pdu.ESME_ROK)
			r.told("resp 2 ESME_ROK x")
			ended(r, "stop custom: one []")
		}},
		{"Z15 a NUL inside a C-octet string is refused", setup{}, func(t *testing.T, r *rig) {
			cast(r, "nul")
			r.told("refused invalid_pdu never")
		}},
		{"Z16 twelve time out at once: in send order", setup{esme: esme.Config{Window: 20, ResponseLimit: 20 * time.Millisecond}}, func(t *testing.T, r *rig) {
			cast(r, "twelve")
			for range 12 {
				r.peer.expect("submit_sm")
			}
			for _, want := range []string{"timeout 2", "timeout 3", "timeout 4", "timeout 5", "timeout 6", "timeout 7",
				"timeout 8", "timeout 9", "timeout 10", "timeout 11", "timeout 12", "timeout 13"} {
				if got := r.expect("> timeout"); got != "> "+want {
					t.Fatalf("told %s, want %s", got, want)
				}
			}
		}},
		{"Z17 RST told from FIN", setup{}, func(t *testing.T, r *rig) {
			r.peer.conn.(interface{ SetLinger(int) error }).SetLinger(0)
			r.peer.conn.Close()
			if got := r.expect("> stop"); !strings.HasPrefix(got, "> stop socket_error: ") || !strings.Contains(got, "reset") {
				t.Fatalf("told %s", got)
			}
			<-r.exit
		}},
		{"Z19 never bound: session_init", setup{esme: esme.Config{Mode: esme.Transmitter, SessionInitLimit: 10 * time.Millisecond}}, func(t *testing.T, r *rig) {
			r.peer.expect("bind_transmitter")
			ended(r, "stop timers: session_init []")
		}},
		{"Z20 a TLV twice: both, in order", setup{}, func(t *testing.T, r *rig) {
			cmd, _ := pdu.CommandByName("deliver_sm")
			b := pdu.NewBuilder(cmd)
			b.SetSequence(3)
			octets := b.Build().AppendTo(nil)
			octets = append(octets, "\x14\x01\x00\x03one\x14\x01\x00\x03two"...)
			octets[3] = byte(len(octets))
			r.peer.raw(octets)
			if got := r.expect("> pdu deliver_sm 3"); !strings.HasSuffix(got, "one two") {
				t.Fatalf("told %s", got)
			}
		}},
		{"Z21 deliver_sm in the same segment as bind_resp: handled after it", setup{esme: esme.Config{Mode: esme.Receiver}}, func(t *testing.T, r *rig) {
			bind := r.peer.expect("bind_receiver")
			var both []byte
			for _, name := range []string{"bind_receiver_resp", "deliver_sm"} {
				cmd, _ := pdu.CommandByName(name)
				b := pdu.NewBuilder(cmd)
				b.SetSequence(bind.SequenceNumber())
				both = b.Build().AppendTo(both)
			}
			r.peer.raw(both)
			r.told("info bound", "pdu deliver_sm 1")
		}},
		{"Z22 an octet at a time: the same", setup{}, func(t *testing.T, r *rig) {
			for _, octet := range append(r.peer.make("deliver_sm", 1, 0, "short_message", "hello"), r.peer.make("deliver_sm", 2, 0)...) {
				r.peer.raw([]byte{octet})
			}
			r.told("pdu deliver_sm 1 hello", "pdu deliver_sm 2")
		}},
		{"Z24 the peer closes while callbacks are due: all before the FIN, then the stop", setup{}, func(t *testing.T, r *rig) {
			for seq := uint32(1); seq < 4; seq++ {
				r.peer.send("deliver_sm", seq, 0)
			}
			r.peer.conn.(interface{ CloseWrite() error }).CloseWrite()
			r.told("pdu deliver_sm 1", "pdu deliver_sm 2", "pdu deliver_sm 3")
			ended(r, "stop socket_closed []")
		}},
		{"Z25 a number above 0x7FFFFFFF from the peer is echoed exactly", setup{}, func(t *testing.T, r *rig) {
			r.peer.send("deliver_sm", 0xFFFFFFFF, 0)
			if got := r.peer.expect("deliver_sm_resp").SequenceNumber(); got != 0xFFFFFFFF {
				t.Fatalf("number %d", got)
			}
			r.told("pdu deliver_sm 4294967295")
		}},
		{"Z26 own stop with PDUs of the peer in hand: all are answered, then unbind", setup{options: Options{Args: "pdu"}}, func(t *testing.T, r *rig) {
			var all []byte
			for seq := range uint32(5) {
				all = append(all, r.peer.make("deliver_sm", seq+1, 0)...)
			}
			r.peer.raw(all)
			for range 5 {
				r.peer.expect("deliver_sm_resp")
			}
			r.peer.answer(r.peer.expect("unbind"), pdu.ESME_ROK)
			r.told("pdu deliver_sm 1", "pdu deliver_sm 2", "pdu deliver_sm 3", "pdu deliver_sm 4", "pdu deliver_sm 5")
			ended(r, "stop custom: pdu []")
		}},
		{"Z27 the peer unbinds while an answer is deferred: ESME_RX_T_APPN, then unbind_resp", setup{}, func(t *testing.T, r *rig) {
			r.peer.send("deliver_sm", 5, 0, "short_message", "defer")
			r.peer.send("unbind", 6, 0)
			if got := r.peer.expect("deliver_sm_resp").CommandStatus(); got != pdu.ESME_RX_T_APPN {
				t.Fatalf("answered %s", got)
			}
			r.peer.expect("unbind_resp")
			r.told("pdu deliver_sm 5 defer")
			ended(r, "stop unbound []")
		}},
		{"Z28 a script that crashed is given nothing new", setup{options: Options{Crash: true}}, func(t *testing.T, r *rig) {
			cast(r, "send")
			r.peer.expect("submit_sm")
			r.told("written 2")
			r.peer.raw(append(r.peer.make("deliver_sm", 1, 0, "short_message", "raise"), r.peer.make("deliver_sm", 2, 0)...))
			if got := r.peer.expect("deliver_sm_resp"); got.SequenceNumber() != 1 || got.CommandStatus() != pdu.ESME_RX_T_APPN {
				t.Fatalf("what was in hand is answered %v", got)
			}
			r.told("pdu deliver_sm 1 raise")
			ended(r, "lost test script_error [2]")
		}},
		{"Z28 a script that crashed at what cannot be decoded: it is refused", setup{options: Options{Crash: true}}, func(t *testing.T, r *rig) {
			cast(r, "send")
			r.peer.expect("submit_sm")
			r.told("written 2")
			r.peer.raw(append([]byte("\x00\x00\x00\x10\x00\x01\x02\x09\x00\x00\x00\x00\x00\x00\x00!"), r.peer.make("deliver_sm", 2, 0)...))
			if got := r.peer.expect("generic_nack"); got.SequenceNumber() != '!' || got.CommandStatus() != pdu.ESME_RINVCMDID {
				t.Fatalf("what was in hand is answered %v", got)
			}
			r.told("unparsed 16 ESME_RINVCMDID")
			ended(r, "lost test script_error [2]")
		}},
		{"Z28 too many errors at what cannot be decoded: each is refused", setup{options: Options{Errors: 1, ErrorsIn: time.Hour}}, func(t *testing.T, r *rig) {
			cast(r, "send")
			r.peer.expect("submit_sm")
			r.told("written 2")
			for range 2 {
				r.peer.raw([]byte("\x00\x00\x00\x10\x00\x01\x02\x09\x00\x00\x00\x00\x00\x00\x00!"))
				r.peer.expect("generic_nack")
				r.told("unparsed 16 ESME_RINVCMDID")
			}
			ended(r, "lost test script_error [2]")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.setup.script = witnessScript
			tt.setup.options.Limits.LogRate = 10_000
			if tt.run == nil { // the bind is refused
				r := start(t, tt.setup)
				r.peer.answer(r.peer.expect("bind_transceiver"), pdu.ESME_RINVPASWD)
				r.told("init")
				ended(r, "stop bind_failed: ESME_RINVPASWD []")
				return
			}
			if tt.setup.options.Args == "talk" {
				tt.run(t, start(t, tt.setup))
				return
			}
			if tt.setup.esme.Mode != esme.Transceiver {
				r := start(t, tt.setup)
				r.told("init")
				tt.run(t, r)
				return
			}
			r := bound(t, tt.setup)
			r.told("init", "info bound")
			tt.run(t, r)
		})
	}
	for _, callback := range []string{"pdu", "resp", "timeout", "result", "call", "cast", "info"} {
		t.Run("Z23 stop inside a callback, and again: "+callback, func(t *testing.T) {
			cfg := esme.Config{UnbindLimit: 20 * time.Millisecond}
			if callback == "timeout" {
				cfg.ResponseLimit = 5 * time.Millisecond
			}
			r := bound(t, setup{script: witnessScript, esme: cfg,
				options: Options{Args: callback, Limits: vm.Limits{LogRate: 10_000}}})
			r.told("init", "info bound")
			switch callback {
			case "pdu":
				r.peer.send("deliver_sm", 1, 0)
			case "resp":
				cast(r, "send")
				r.peer.answer(r.peer.expect("submit_sm"), pdu.ESME_ROK)
			case "timeout", "result":
				cast(r, "send")
			case "call":
				call(r, "hello")
			case "cast":
				cast(r, "hello")
			}
			go func() { // the peer reads to the end of the stream, then closes
				for b := make([]byte, 4096); ; {
					if _, err := r.peer.conn.Read(b); err != nil {
						r.peer.conn.Close()
						return
					}
				}
			}()
			if got := r.expect("> stop"); !strings.HasPrefix(got, "> stop custom: "+callback+" [") {
				t.Fatalf("told %s", got)
			}
			<-r.exit
			for len(r.lines) > 0 {
				if l := <-r.lines; strings.HasPrefix(l, "> stop") {
					t.Fatalf("a second stop: %s", l)
				}
			}
		})
	}
}
