package interop

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// modesScript sends what its mode can send, and stops by itself where its session is to end so.
const modesScript = `
local M = { version = 1 }

local function sends(mode) return mode ~= "receiver" end

function M.init(args) return args end

local function done(state)
  if state.ending == "own" then esme.stop("done") end
end

function M.handle_info(m, state)
  if m.event ~= "bound" then return end
  log.info("bound", { mode = m.mode })
  if sends(m.mode) then
    assert(esme.send_pdu(pdu.submit_sm { source_addr = "12345", destination_addr = "491700000001", short_message = "from " .. esme.name }))
  end
end

function M.handle_resp(p, original, state)
  log.info("resp", { status = p.status, id = p.message_id, text = original.text })
  if state.mode == "transmitter" then done(state) end
end

function M.handle_pdu(p, state)
  log.info("pdu", { command = p.command, from = p.source_addr, to = p.destination_addr, text = p.text, reference = p.user_message_reference, sequence = p.sequence_number })
  assert(esme.reply(p, p:response()))
  done(state)
end

function M.handle_stop(reason, lost, state)
  log.info("stop", { reason = tostring(reason), lost = #lost })
  return "normal", state
end

return M
`

// said are the events of both sides by bind and name: "tx-own/stop".
type said map[string]map[string]any

// TestNPMModes and TestPerlModes bind in every mode, send both ways where the mode lets them, and end in every way:
// by own unbind, by the SMSC's, and by a cut.
func TestNPMModes(t *testing.T) {
	needNPM(t)
	testModes(t, "node", "modes.js")
}

// TestPerlModes needs Debian's libnet-smpp-perl.
func TestPerlModes(t *testing.T) {
	need(t, "perl")
	if out, err := exec.Command("perl", "-MNet::SMPP", "-e", "1").CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("Net::SMPP is not installed: %s", out)
		}
		t.Skip("Net::SMPP (libnet-smpp-perl) is not installed: the test against its server is left out")
	}
	testModes(t, "perl", "modes.pl")
}

func testModes(t *testing.T, program, file string) {
	smsc, port := startSMSC(t, program, file)
	modes := map[string]string{"trx": "transceiver", "tx": "transmitter", "rx": "receiver"}
	endings := []string{"own", "peer", "drop"}
	config := "binds:\n"
	for short, mode := range modes {
		for _, ending := range endings {
			config += fmt.Sprintf("  %s-%s: { smsc: \"smpp://127.0.0.1:%v\", mode: %s, system_id: %s-%s, password: secret, system_type: test, script: s.lua, restart: temporary, args: { mode: %s, ending: %s } }\n",
				short, ending, port, mode, short, ending, mode, ending)
		}
	}
	ours := startHost(t, modesScript, config)

	// The binds run at once: their events are put in order first.
	got, stops := said{}, 0
	ours.expect("nine stops", func(e event) bool {
		if bind, ok := e["bind"].(string); ok {
			fields, _ := e["fields"].(map[string]any)
			got[fmt.Sprint(bind, "/", e["msg"])] = fields
			if e["msg"] == "stop" {
				stops++
			}
		}
		return stops == len(modes)*len(endings)
	})
	theirs, seen := said{}, 0
	want := 9 + 6 + 3 + 2 + 3 + 3 // binds, submits, answers to delivers of rx, of trx (no drop), own and peer's unbinds
	smsc.expect("all that it was to see", func(e event) bool {
		theirs[fmt.Sprint(e["bind"], "/", e["event"])] = e
		seen++
		return seen == want
	})

	check := func(of said, key string, want map[string]any) {
		t.Helper()
		for name, value := range want {
			if fmt.Sprint(of[key][name]) != fmt.Sprint(value) {
				t.Errorf("%s: %s is %v, want %v (all: %v)", key, name, of[key][name], value, of[key])
			}
		}
	}
	none := func(of said, key string) {
		t.Helper()
		if e, ok := of[key]; ok {
			t.Errorf("%s: there is one: %v", key, e)
		}
	}
	for short, mode := range modes {
		for _, ending := range endings {
			bind := short + "-" + ending
			check(theirs, bind+"/bind_"+mode, map[string]any{"type": "test", "version": 0x34})
			check(got, bind+"/bound", map[string]any{"mode": mode})
			if short != "rx" {
				check(theirs, bind+"/submit_sm", map[string]any{"from": "12345", "to": "491700000001", "text": "from " + bind})
			} else {
				none(theirs, bind+"/submit_sm")
			}
			if short != "rx" && ending != "drop" {
				check(got, bind+"/resp", map[string]any{"status": "ESME_ROK", "id": "id-" + bind, "text": "from " + bind})
			} else {
				none(got, bind+"/resp")
			}
			if short == "rx" || short == "trx" && ending != "drop" {
				check(got, bind+"/pdu", map[string]any{"command": "deliver_sm", "from": "491700000001", "to": "12345", "text": "from the SMSC", "reference": 513})
				check(theirs, bind+"/deliver_sm_resp", map[string]any{"status": 0, "sequence": got[bind+"/pdu"]["sequence"]})
			} else {
				none(got, bind+"/pdu")
			}
			lost := 0
			switch ending {
			case "own":
				check(theirs, bind+"/unbind", map[string]any{"bind": bind})
				check(got, bind+"/stop", map[string]any{"reason": "custom: done"})
			case "peer":
				check(theirs, bind+"/unbind_resp", map[string]any{"status": 0})
				check(got, bind+"/stop", map[string]any{"reason": "unbound"})
			case "drop":
				if reason := fmt.Sprint(got[bind+"/stop"]["reason"]); !strings.HasPrefix(reason, "socket_") {
					t.Errorf("%s: stopped by %s", bind, reason)
				}
				if short != "rx" {
					lost = 1
				}
			}
			check(got, bind+"/stop", map[string]any{"lost": lost})
		}
	}
	ours.end()
}
