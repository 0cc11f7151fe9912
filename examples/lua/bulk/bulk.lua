-- Sends lists of messages as fast as the SMSC takes them, and follows each to its receipt. What is still to be sent
-- stands in a map, which outlives a reload and a reconnect: nothing of a list is lost by either, or sent twice.
-- The list is in the configuration, or comes by `esmehost call bulk '{"to": [...], "text": "..."}'`.
local M = { version = 1 }

local from = config.string("from", "12345")
local tries = config.number("tries", 3, { min = 1, max = 20 }) -- of a message that the SMSC is too busy for

local todo = map.open("todo", { max = 200000 })     -- the parts, by number, until the queue has them
local numbers = map.open("numbers", { max = 100 })  -- last and done: of the parts in todo; and what is counted
local waiting = map.open("waiting", { max = 200000, ttl = "72h", full = "evict" }) -- message_id to destination
local early = map.open("early", { max = 10000, ttl = "10m", full = "evict" })      -- receipts before the response
local again = map.open("again", { max = 10000, ttl = "1h", full = "evict" })       -- how often a part was refused

local function number(name) return numbers:get(name) or 0 end
local function key(n) return ("%d"):format(n) end

local function put(part)
  local ok, err = todo:set(key(number("last") + 1), part)
  if ok then numbers:add("last") end
  return ok, err
end

-- Gives parts to the queue until it is full. Whatever is written makes room, and calls this again.
local function fill()
  for _ = 1, 100 do
    local n = key(number("done") + 1)
    local part = todo:get(n)
    if not part then return end
    local ok, err = esme.send_pdu(part)
    if not ok and (err.code == "queue_full" or err.code == "stopped") then return end
    if not ok then
      numbers:add("failed")
      log.error("cannot be sent", { to = part.destination_addr, error = tostring(err) })
    end
    todo:delete(n)
    numbers:add("done")
  end
end

-- Takes a list whole or not at all.
local function take(list, text, source)
  local parts = {}
  for _, to in ipairs(list) do
    local message, err = sms.submit { to = to, from = source, text = text, receipt = true }
    if not message then return nil, err end
    for _, part in ipairs(message) do parts[#parts + 1] = part end -- a long text has several, each with its receipt
  end
  if todo:len() + #parts > 200000 then return nil, "too much waits to be sent already" end
  for _, part in ipairs(parts) do assert(put(part)) end
  fill()
  return #list
end

function M.handle_info(message, state)
  if message.event ~= "bound" then return state end
  local list = config.table("to", {})
  if #list > 0 and not numbers:get("taken") then -- once, not with each session
    assert(take(list, config.string("text", "hello"), from))
    numbers:set("taken", 1)
  end
  fill()
  return state
end

function M.handle_send_pdu_result(p, err, state)
  if p.command ~= "submit_sm" then return state end
  if not err then
    numbers:add("sent")
  elseif err.written == "never" then
    assert(put(p)) -- the session ended first: the next one sends it
  else
    numbers:add("unknown")
    log.warn("may have been sent or not", { to = p.destination_addr, error = tostring(err) })
  end
  fill()
  return state
end

local function done(id, stat)
  waiting:delete(id)
  numbers:add(stat == "DELIVRD" and "delivered" or "failed")
end

-- The host slows the bind down by itself (docs: retry_throttled, tps); what is refused all the same waits its turn again.
local busy = { ESME_RTHROTTLED = true, ESME_RMSGQFUL = true }

local function refused(p, original)
  local id = original.destination_addr .. " " .. crypto.sha256(original.short_message or "")
  if busy[p.status] and again:add(id) < tries and put(original) then
    numbers:add("retried")
  else
    numbers:add("refused")
    log.warn("refused", { to = original.destination_addr, status = p.status })
  end
end

function M.handle_resp(p, original, state)
  if p.command ~= "submit_sm_resp" then return state end
  if p.status ~= "ESME_ROK" then
    refused(p, original)
  else
    numbers:add("accepted")
    local stat = early:take(p.message_id)
    if stat then
      done(p.message_id, stat)
    else
      waiting:set(p.message_id, original.destination_addr)
    end
  end
  fill()
  return state
end

function M.handle_resp_timeout(p, state)
  numbers:add("unknown")
  log.warn("no response: it may have been sent or not", { to = p.destination_addr })
  return state
end

function M.handle_pdu(p, state)
  local r = p.receipt
  if not r or not r.id or not r.final then return state end
  if waiting:get(r.id) then
    done(r.id, r.stat)
  else
    early:set(r.id, r.stat or "UNKNOWN")
  end
  return state
end

function M.handle_call(request, _, state)
  if request and request.to then
    if #request.to > 1000 then return "reply", { error = "at most 1000 numbers a call" }, state end
    local n, err = take(request.to, request.text or "hello", request.from or from)
    return "reply", n and { accepted = n } or { error = tostring(err) }, state
  end
  local counts = { waiting = todo:len() }
  for _, name in ipairs { "sent", "accepted", "refused", "retried", "unknown", "delivered", "failed" } do
    counts[name] = number(name)
  end
  return "reply", counts, state
end

function M.handle_stop(_, lost, state)
  for _, p in ipairs(lost) do
    numbers:add("unknown")
    log.warn("lost: sent, and no response", { to = p.destination_addr })
  end
  return "normal", state
end

return M
