package luabind

import (
	"io"
	"strings"
	"testing"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// O4: what an init has sent that refuses or fails ends once.
func TestAnInitThatFailsAfterItHasSent(t *testing.T) {
	const script = `
		return {
			init = function(how)
				for i = 1, 2 do assert(esme.send_pdu(pdu.submit_sm { destination_addr = "1" })) end
				if how == "refuse" then return nil, "not today" end
				error("boom")
			end,
			handle_send_pdu_result = function(p, err) log.info("result " .. (err and err.code or "written")) end,
			handle_stop = function() log.info("stop") end,
			handle_lost_pdus = function(name, reason, pdus) log.info(("lost %s %d %s"):format(name, #pdus, reason.kind)) end,
		}`
	for _, tt := range []struct {
		name, how string
		mode      esme.Mode
		want      string
	}{
		{"refused, not sent", "refuse", esme.Transceiver, "result stopped, result stopped"},
		{"refused, sent", "refuse", esme.Manual, "result written, result written, lost test 2 custom"},
		{"failed, not sent", "fail", esme.Transceiver, "result stopped, result stopped"},
		{"failed, sent", "fail", esme.Manual, "result written, result written, lost test 2 script_error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := start(t, setup{script: script, esme: esme.Config{Mode: tt.mode}, options: Options{Args: tt.how}})
			if e := <-r.exit; e.Refused == nil {
				t.Fatalf("exit %+v", e)
			}
			close(r.lines)
			var got []string
			for l := range r.lines {
				if strings.HasPrefix(l, "result") || strings.HasPrefix(l, "lost") || strings.HasPrefix(l, "stop") {
					got = append(got, l)
				}
			}
			if g := strings.Join(got, ", "); g != tt.want {
				t.Errorf("got  %s\nwant %s", g, tt.want)
			}
		})
	}
}

// O4: an init that breaks its state hears of nothing more, and a fresh state is given what it sent and nobody answered. What
// was answered meanwhile is in the log.
func TestAnInitThatBreaksItsStateAfterItHasSent(t *testing.T) {
	const script = `
		local hoard = {}
		return {
			init = function()
				for i = 1, 3 do assert(esme.send_pdu(pdu.submit_sm { destination_addr = tostring(i) })) end
				repeat until esme.status().in_flight == 2
				for i = 1, 14 do hoard[i] = ("x"):rep(2^20) end
			end,
			handle_resp = function() log.info("told of a response") end,
			handle_send_pdu_result = function() log.info("told of a send result") end,
			handle_stop = function() log.info("told of the stop") end,
			handle_lost_pdus = function(name, reason, pdus)
				log.info(("told of %d lost, %s, %d held, %s"):format(#pdus, pdus[1].destination_addr, #hoard, reason.kind))
			end,
		}`
	r := start(t, setup{script: script, esme: esme.Config{Mode: esme.Manual}, options: Options{Limits: vm.Limits{Memory: 8 << 20, InitInstructions: 1 << 40}}})
	r.peer.answer(r.peer.expect("submit_sm"), pdu.ESME_ROK)
	if e := <-r.exit; e.Refused == nil || e.Reason.Kind != esme.KindScriptBudget {
		t.Fatalf("exit %+v", e)
	}
	close(r.lines)
	var got []string
	answered := 0
	for l := range r.lines {
		if strings.HasPrefix(l, "told") {
			got = append(got, l)
		}
		if strings.HasPrefix(l, "init broke the script, which gets this response no more") {
			answered++
		}
	}
	if want := "told of 2 lost, 2, 0 held, script_budget"; strings.Join(got, "; ") != want || answered != 1 {
		t.Errorf("got  %s, and %d responses in the log\nwant %s, and 1", strings.Join(got, "; "), answered, want)
	}
	if i := r.bind.Info(); i.Errors != 1 || i.Trips != 1 {
		t.Errorf("%+v", i)
	}
}

// Z23: an init that sends and then stops: what it sent is refused, and the session ends at once, whatever the limits.
func TestAnInitThatSendsAndStops(t *testing.T) {
	r := start(t, setup{script: `
		return {
			init = function()
				for i = 1, 2 do assert(esme.send_pdu(pdu.submit_sm { destination_addr = "1" })) end
				esme.stop("early")
				local ok, err = esme.send_pdu(pdu.submit_sm { destination_addr = "1" })
				log.info(("> late %s %s"):format(err.code, err.written))
			end,
			handle_send_pdu_result = function(p, err) log.info(("> result %s %s"):format(err.code, err.written)) end,
			handle_stop = function(reason, lost) log.info(("> stop %s %d"):format(tostring(reason), #lost)) end,
		}`, esme: esme.Config{UnbindLimit: esme.Infinity, SessionInitLimit: esme.Infinity, Timeout: esme.Infinity}})
	if sent, err := io.ReadAll(r.peer.conn); err != nil || len(sent) > 0 {
		t.Fatalf("the session sent %x, %v", sent, err)
	}
	r.peer.conn.Close()
	if e := <-r.exit; e.Reason.String() != "custom: early" {
		t.Fatalf("exit %+v", e)
	}
	r.told("late stopped never", "result stopped never", "result stopped never", "stop custom: early 0")
}
