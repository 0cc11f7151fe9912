// Package interop runs the built binary against SMSCs that others wrote.
package interop

import (
	"fmt"
	"slices"
	"testing"
)

const script = `
local M = { version = 1 }

function M.handle_info(m, state)
  if m.event ~= "bound" then return end
  log.info("bound", { peer = m.peer, mode = m.mode })
  assert(esme.send_pdu(pdu.submit_sm {
    source_addr = "12345", destination_addr = "491700000001", short_message = "with TLVs",
    user_message_reference = 258, message_state = 2, tlvs = { { tag = 0x1401, value = "vendor\0x" } },
  }))
end

function M.handle_send_pdu_result(p, err)
  log.info("result", { command = p.command, sequence = p.sequence_number, error = err and tostring(err) or "none" })
end

function M.handle_resp(p, original)
  log.info("resp", { status = p.status, id = p.message_id, sequence = p.sequence_number, to = original.destination_addr })
end

function M.handle_pdu(p)
  log.info("pdu", { command = p.command, from = p.source_addr, to = p.destination_addr, text = p.text,
    reference = p.user_message_reference, sequence = p.sequence_number })
  assert(esme.reply(p, p:response()))
end

function M.handle_stop(reason, lost, state)
  log.info("stop", { reason = tostring(reason), lost = #lost })
  return "normal", state
end

return M
`

func TestNPMServer(t *testing.T) {
	needNPM(t)
	smsc, port := startSMSC(t, "node", "server.js")
	host := startHost(t, script, fmt.Sprintf(`
binds:
  acme: { smsc: "smpp://127.0.0.1:%v", system_id: acme, password: secret, script: s.lua, restart: temporary }
  wrong: { smsc: "smpp://127.0.0.1:%v", system_id: acme, password: wrong, script: s.lua, restart: temporary }
`, port, port))
	said := host.listener

	// The submit_sm as the SMSC saw it, with its TLVs.
	sub := smsc.named("submit_sm")
	for name, want := range map[string]any{"source_addr": "12345", "destination_addr": "491700000001", "user_message_reference": 258.0, "message_state": 2.0} {
		if sub[name] != want {
			t.Errorf("submit_sm.%s: the SMSC saw %v, want %v", name, sub[name], want)
		}
	}
	if m, _ := sub["short_message"].(map[string]any); m["message"] != "with TLVs" {
		t.Errorf("the SMSC saw the message %v", sub["short_message"])
	}
	// Both sides agree on the answer ...
	result := said.logged("result", "acme")
	resp := said.logged("resp", "acme")
	if result["command"] != "submit_sm" || result["error"] != "none" || result["sequence"] != sub["sequence_number"] {
		t.Errorf("handle_send_pdu_result saw %v, the SMSC %v", result, sub["sequence_number"])
	}
	if resp["id"] != "npm-1" || resp["status"] != "ESME_ROK" || resp["to"] != "491700000001" || resp["sequence"] != sub["sequence_number"] {
		t.Errorf("handle_resp saw %v", resp)
	}
	// ... on the link check, which the script does not see, and on the message that came.
	if p := smsc.named("enquire_link_resp"); p["command_status"] != 0.0 {
		t.Errorf("enquire_link_resp %v", p)
	}
	in := said.logged("pdu", "acme")
	answer := smsc.named("deliver_sm_resp")
	if in["command"] != "deliver_sm" || in["from"] != "491700000001" || in["to"] != "12345" || in["text"] != "héllo {€}" || in["reference"] != 513.0 {
		t.Errorf("handle_pdu saw %v", in)
	}
	if answer["command_status"] != 0.0 || answer["sequence_number"] != in["sequence"] {
		t.Errorf("the SMSC saw the answer %v to %v", answer, in)
	}
	// The SMSC unbinds and closes.
	if p := smsc.named("unbind_resp"); p["command_status"] != 0.0 {
		t.Errorf("unbind_resp %v", p)
	}
	if stop := said.logged("stop", "acme"); stop["reason"] != "unbound" || stop["lost"] != 0.0 {
		t.Errorf("handle_stop saw %v", stop)
	}
	// The other bind's password was refused.
	refused := func(e event) bool { return e["bind"] == "wrong" && e["reason"] == "bind_failed: ESME_RINVPASWD" }
	if !slices.ContainsFunc(said.seen, refused) {
		said.expect("that the wrong password was refused", refused)
	}
	host.end()
}
