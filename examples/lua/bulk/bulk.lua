-- Sends a list of messages as fast as the window lets them go, and follows each to its receipt. The list is
-- in the configuration, or comes by `esmehost call bulk '{"to": [...], "text": "..."}'`.
local M = { version = 1 }

function M.init(args)
  return {
    from = args.from or "12345",
    args = args,
    sent = 0, accepted = 0, refused = 0, unknown = 0, delivered = 0, failed = 0,
    waiting = {}, -- message_id to destination, until the receipt comes
    early = {},   -- receipts that came before the response
  }
end

-- A task may wait for room in the queue, so that a list of any length goes through.
local function send(list, from, text)
  for _, to in ipairs(list) do
    local parts = assert(sms.submit { to = to, from = from, text = text, receipt = true })
    for _, part in ipairs(parts) do -- a long text has several, each with a receipt of its own
      local ok, err = esme.send_pdu(part, { wait = "60s" })
      esme.send(esme.name, ok and { sent = to } or { failed = to, error = tostring(err) })
    end
  end
end

function M.handle_info(message, state)
  if message.event == "bound" and state.args.to then
    assert(esme.spawn(send, state.args.to, state.from, state.args.text or "hello"))
    state.args.to = nil
  elseif message.sent then
    state.sent = state.sent + 1
  elseif message.failed then
    log.error("not sent", { to = message.failed, error = message.error })
  end
  return state
end

local function done(id, stat, state)
  state.waiting[id] = nil
  if stat == "DELIVRD" then
    state.delivered = state.delivered + 1
  else
    state.failed = state.failed + 1
  end
end

function M.handle_resp(p, original, state)
  if p.command ~= "submit_sm_resp" then return state end
  if p.status ~= "ESME_ROK" then
    state.refused = state.refused + 1
    log.warn("refused", { to = original.destination_addr, status = p.status })
    return state
  end
  state.accepted = state.accepted + 1
  local stat = state.early[p.message_id]
  if stat then
    state.early[p.message_id] = nil
    done(p.message_id, stat, state)
  else
    state.waiting[p.message_id] = original.destination_addr
  end
  return state
end

function M.handle_resp_timeout(p, state)
  state.unknown = state.unknown + 1
  log.warn("no response: it may have been sent or not", { to = p.destination_addr })
  return state
end

function M.handle_pdu(p, state)
  local r = p.receipt
  if not r or not r.id or not r.final then return state end
  if state.waiting[r.id] then
    done(r.id, r.stat, state)
  else
    state.early[r.id] = r.stat
  end
  return state
end

function M.handle_call(request, from, state)
  if request and request.to then
    assert(esme.spawn(send, request.to, request.from or state.from, request.text or "hello"))
    return "reply", { accepted = #request.to }, state
  end
  return "reply", {
    sent = state.sent, accepted = state.accepted, refused = state.refused, unknown = state.unknown,
    delivered = state.delivered, failed = state.failed,
  }, state
end

function M.handle_stop(reason, lost, state)
  for _, p in ipairs(lost) do
    log.warn("lost: sent, and no response", { to = p.destination_addr })
  end
  return "normal", state
end

return M
