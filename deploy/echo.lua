-- Answers every message with its own text: put your own script in its place.
local M = { version = 1 }

function M.handle_pdu(p)
  if p.command == "deliver_sm" and not p.receipt then
    assert(esme.send_pdu(sms.submit { to = p.source_addr, from = p.destination_addr, text = "You said: " .. (p.text or "") }[1]))
  end
end

return M
