-- Answers keywords: HELP, JOIN, LEAVE, COUNT. Keeps its members in the state, asks for a receipt for each
-- answer, and counts what was delivered. For services that people talk to by message.
local M = { version = 1 }

function M.init(args)
  return { service = args.service or "the service", members = {}, waiting = {}, delivered = 0, failed = 0 }
end

local function count(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end

local answers = {}

function answers.HELP(_, state)
  return "Send JOIN or LEAVE to enter or leave " .. state.service .. ", COUNT to hear how many are in it."
end

function answers.JOIN(from, state)
  if state.members[from] then return "You are in already." end
  state.members[from] = true
  return "Welcome to " .. state.service .. "!"
end

function answers.LEAVE(from, state)
  state.members[from] = nil
  return "Goodbye."
end

function answers.COUNT(_, state)
  return "Members: " .. count(state.members)
end

local function receipt(p, state)
  local original = p.receipt.id and state.waiting[p.receipt.id]
  if not original or not p.receipt.final then return end
  if p.receipt.stat == "DELIVRD" then
    state.delivered = state.delivered + 1
  else
    state.failed = state.failed + 1
    log.warn("not delivered", { to = original, stat = p.receipt.stat })
  end
  state.waiting[p.receipt.id] = nil
end

function M.handle_pdu(p, state)
  if p.command ~= "deliver_sm" then return state end
  if p.receipt then
    receipt(p, state)
    return state
  end
  local keyword = ((p.text or ""):match("%a+") or "HELP"):upper()
  local answer = (answers[keyword] or answers.HELP)(p.source_addr, state)
  local parts = assert(sms.submit { to = p.source_addr, from = p.destination_addr, text = answer, receipt = true })
  for _, part in ipairs(parts) do
    assert(esme.send_pdu(part))
  end
  return state
end

function M.handle_resp(p, original, state)
  if p.command == "submit_sm_resp" and p.status == "ESME_ROK" then
    state.waiting[p.message_id] = original.destination_addr
  else
    log.warn("refused", { to = original.destination_addr, status = p.status })
  end
  return state
end

function M.handle_call(request, from, state)
  local seen = { members = count(state.members), waiting = count(state.waiting), delivered = state.delivered, failed = state.failed }
  return "reply", seen, state
end

return M
