-- Answers every message with its own text.
local M = { version = 1 }

function M.handle_pdu(p, state)
  if p.command == "deliver_sm" and not p.receipt then
    local parts = assert(sms.submit { to = p.source_addr, from = p.destination_addr, text = p.text })
    assert(esme.send_pdu(parts[1]))
  end
  return state
end

return M
