-- Answers every mobile-originated message to its sender. For everyone who wants to see a bind live.
local M = { version = 1 }

function M.init(args)
  return { answered = 0, greeting = args.greeting or "You said: " }
end

function M.handle_pdu(p, state)
  if p.command ~= "deliver_sm" or p.receipt then return state end
  local answer = state.greeting .. (p.text or "?")
  local parts, err = sms.submit { to = p.source_addr, from = p.destination_addr, text = answer }
  if not parts then
    log.warn("no answer", { error = tostring(err) })
    return state
  end
  for _, part in ipairs(parts) do
    assert(esme.send_pdu(part))
  end
  state.answered = state.answered + 1
  return state
end

function M.handle_call(request, from, state)
  return "reply", { answered = state.answered }, state
end

return M
