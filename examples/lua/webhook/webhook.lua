-- Hands each message and receipt that comes in to a web service as JSON, and sends the answer that it gives. The SMSC
-- gets its answer when the service has the message, and not before. For those whose logic lives behind HTTP.
local M = { version = 1 }

local url = config.string("url")
local token = config.secret("webhook_token")
local patience = config.duration("patience", "20s")
local handed = metrics.counter("webhook_messages", { help = "Messages by what became of them.", labels = { "result" } })

local function as_json(p)
  return {
    from = p.source_addr, to = p.destination_addr, text = p.text, receipt = p.receipt, segment = p.segment,
    octets = not p.text and base64.encode(p.message_payload or p.short_message or "") or nil,
  }
end

-- Tries until the service takes it, or patience ends.
local function post(message)
  local until_time, pause = time.monotonic() + patience, 0.25
  while true do
    local resp, err = http.post(url, nil, { json = message, auth = { bearer = token }, timeout = math.max(1, until_time - time.monotonic()) })
    if resp and resp.status >= 200 and resp.status < 300 then return resp end
    local again = resp and (resp.status >= 500 or resp.status == 429) or err and err.retryable
    if not again or time.monotonic() + pause > until_time then
      return nil, resp and "status " .. resp.status or tostring(err)
    end
    esme.sleep(pause)
    pause = pause * 2
  end
end

local function answer(p, body)
  local reply = json.decode(body)
  local text = type(reply) == "table" and reply.answer
  if type(text) ~= "string" then return end
  local parts, err = sms.submit { to = p.source_addr, from = p.destination_addr, text = text }
  if not parts then return log.warn("no answer", { error = tostring(err) }) end
  for _, part in ipairs(parts) do assert(esme.send_pdu(part, { wait = "30s" })) end
end

local function hand_over(p)
  local resp, why = post(as_json(p))
  if not resp then
    handed:add(1, { result = "kept" })
    log.warn("the service did not take it: the SMSC keeps it", { error = why })
    esme.reply(p, p:response { command_status = "ESME_RX_T_APPN" })
    return
  end
  handed:add(1, { result = "taken" })
  esme.reply(p, p:response())
  answer(p, resp.body)
end

function M.handle_pdu(p, state)
  if p.command ~= "deliver_sm" then return state end
  assert(esme.defer(p, patience + 5))
  if not esme.spawn(hand_over, p) then -- as many as may be are on their way (limits.tasks)
    handed:add(1, { result = "kept" })
    esme.reply(p, p:response { command_status = "ESME_RX_T_APPN" })
  end
  return state
end

function M.handle_call(_, _, state)
  return "reply", { taken = handed:value { result = "taken" }, kept = handed:value { result = "kept" } }, state
end

return M
