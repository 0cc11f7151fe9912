-- Passes each message that comes in on through another bind, chosen by the longest prefix of its destination, and
-- tells the first bind of its delivery receipt. All binds run this script. For those who connect several SMSCs.
local M = { version = 1 }

local routes = config.table("routes", {}) -- prefix to the name of a bind; "" is for all the rest
local waiting = map.open("waiting", { max = 100000, ttl = "72h", full = "evict" }) -- message_id to who waits for its receipt
local early = map.open("early", { max = 10000, ttl = "10m", full = "evict" })      -- receipts before the response
local routed = metrics.counter("routed_messages", { help = "Messages by what became of them.", labels = { "result" } })

local function count(result) routed:add(1, { result = result }) end

local function route(to)
  for n = #to, 0, -1 do
    if routes[to:sub(1, n)] then return routes[to:sub(1, n)] end
  end
end

-- A message as it came: octets, alphabet and parts stay what they are.
local function passed_on(p)
  return pdu.submit_sm {
    source_addr_ton = p.source_addr_ton, source_addr_npi = p.source_addr_npi, source_addr = p.source_addr,
    dest_addr_ton = p.dest_addr_ton, dest_addr_npi = p.dest_addr_npi, destination_addr = p.destination_addr,
    esm_class = p.udh and 0x40 or 0, data_coding = p.data_coding, short_message = p.short_message, message_payload = p.message_payload,
    sar_msg_ref_num = p.sar_msg_ref_num, sar_total_segments = p.sar_total_segments, sar_segment_seqnum = p.sar_segment_seqnum,
    registered_delivery = 1,
  }
end

-- A task of the bind that received the message. It is answered when the other SMSC has it, so that nothing is lost
-- between the two: else this one keeps it.
local function pass_on(p, name)
  local reply, err = esme.call(name, { submit = passed_on(p), origin = esme.name }, "25s")
  if reply and not reply.error then
    count("passed")
    esme.reply(p, p:response())
    return
  end
  count("refused")
  log.warn("not passed on: the SMSC keeps it", { to = p.destination_addr, by = name, error = reply and reply.error or tostring(err) })
  esme.reply(p, p:response { command_status = "ESME_RX_T_APPN" })
end

local function told(origin, to, stat)
  assert(esme.cast(origin, { receipt = stat, to = to }))
end

-- A task of the bind that sends it.
local function submit(request, from)
  local resp, err = esme.request(request.submit, "20s")
  if not resp or resp.status ~= "ESME_ROK" then
    from:reply { error = resp and resp.status or tostring(err) }
    return
  end
  from:reply { id = resp.message_id }
  local to, stat = request.submit.destination_addr, early:take(resp.message_id)
  if stat then
    told(request.origin, to, stat)
  else
    waiting:set(resp.message_id, { origin = request.origin, to = to })
  end
end

local function receipt(r)
  if not r.id or not r.final then return end
  local w = waiting:take(r.id)
  if w then
    told(w.origin, w.to, r.stat or "UNKNOWN")
  else
    early:set(r.id, r.stat or "UNKNOWN")
  end
end

function M.handle_pdu(p, state)
  if p.command ~= "deliver_sm" then return state end
  if p.receipt then
    receipt(p.receipt)
    return state
  end
  local name = route(p.destination_addr)
  if not name then
    count("no_route")
    log.warn("no route", { to = p.destination_addr })
    esme.reply(p, p:response { command_status = "ESME_RX_R_APPN" })
    return state
  end
  assert(esme.defer(p, "30s"))
  if not esme.spawn(pass_on, p, name) then -- too many are on their way
    esme.reply(p, p:response { command_status = "ESME_RX_T_APPN" })
  end
  return state
end

function M.handle_call(request, from, state)
  if request and request.submit then
    assert(esme.spawn(submit, request, from))
    return "noreply", state
  end
  local counts = {}
  for _, result in ipairs { "passed", "refused", "no_route", "delivered", "failed" } do
    counts[result] = routed:value { result = result }
  end
  return "reply", counts, state
end

function M.handle_cast(message, state)
  count(message.receipt == "DELIVRD" and "delivered" or "failed")
  log.info("receipt", { to = message.to, stat = message.receipt })
  return state
end

return M
