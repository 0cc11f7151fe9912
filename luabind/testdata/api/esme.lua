local check = require "check"
local M, tasks = {}, {}
M.tasks = tasks

M["what may not be reached"] = function()
  check.fails("not_allowed", esme.whereis("forbidden"))
  check.fails("not_allowed", esme.cast("forbidden", 1))
  check.fails("not_found", esme.whereis("allowed-but-not-there"))
  check.fails("not_allowed", esme.start_link("127.0.0.1", 1, "x.lua", {}))
  check.raises("argument 1 (target) must be the name of a bind", esme.cast, {}, 1)
  check.raises("argument 2 (port) must be a whole number, is string", esme.start_link, "127.0.0.1", "1", "x.lua", {})
end

M["what waits raises in a callback"] = function()
  check.raises("esme.sleep: waits, and callbacks must not: use esme.spawn", esme.sleep, 1)
  check.raises("esme.request: waits", esme.request, pdu.submit_sm())
  check.raises("esme.call: waits", esme.call, esme.name, 1)
  check.raises("http.get: waits", http.get, "http://127.0.0.1")
  check.raises("the option wait waits", esme.send_pdu, pdu.submit_sm(), { wait = 1 })
end

M["only data is sent"] = function()
  check.raises("message.f is a function", esme.send, esme.name, { f = print })
  check.raises("request is a function: only data can be sent", esme.cast, esme.name, print)
  check.raises("argument 1 (delay) must be a duration", esme.send_after, "soon", 1)
  check.raises("must be a duration", esme.send_after, -1, 1)
end

M["timers"] = function()
  check.raises("at least 10ms", timer.every, 0, "x")
  check.raises("the spec is wrong", timer.cron, "every day", "x")
  for _, d in ipairs { "1ns", "0s", "-1s", "10ms", "1500ms" } do check.raises("whole seconds, at least 1s", timer.cron, "@every " .. d, "x") end
  assert(timer.cancel(assert(timer.cron("@every 90s", "x"))))
  check.raises("at most 200", timer.cron, ("*"):rep(1000), "x")
  check.fails("invalid", timer.cron("0 0 30 2 *", "x"))
  local t = assert(timer.every("1h", "x"))
  check.equal(tostring(t), "timer")
  assert(t:cancel() and not t:cancel())
  for _ = 1, 100 do assert(timer.cron("CRON_TZ=Europe/Berlin 0 8 * * *", "x")) end
end

M["timers without end are refused"] = function()
  local err
  for _ = 1, 20000 do
    local t, e = timer.every("1h", "x")
    if not t then
      err = e
      break
    end
  end
  check.fails("limit", nil, err)
end

M["modules can be required, and not changed"] = function()
  check.equal(require "map", map)
  check.raises("cannot be changed", function() esme.send_pdu = nil end)
  check.raises("the host cannot be changed", rawset, json, "decode", 1)
end

tasks["calls itself"] = function()
  local resp, err = esme.request(pdu.submit_sm { destination_addr = "1" }, 0)
  if not resp then check.fails("timeout", resp, err) end -- the response may be as fast
  check.raises("has no response to wait for", esme.request, pdu.alert_notification())
end

M["a session is good inside with_session only"] = function()
  local kept = esme.with_session(function(session)
    check.equal(session.name, esme.name)
    check.raises("session:send_raw: argument 1 (octets) must be a string, is number 1", session.send_raw, session, 1)
    return session
  end)
  check.raises("the session may be used inside with_session only", kept.send_raw, kept, "x")
  check.raises("the session may be used inside with_session only", kept.send_raw, {}, "x")
  check.raises("must be called on a session, with a colon", kept.send_raw, "x")
  check.raises("boom", esme.with_session, function(session) kept = session error("boom") end)
  check.raises("the session may be used inside with_session only", kept.send_raw, kept, "x")
end

M["a module by another name knows its functions too"] = function()
  local s, e = sms, esme
  check.raises("sms.splitt does not exist; did you mean 'split'?", function() s.splitt("x") end)
  check.raises("esme.nam does not exist; did you mean 'name'?", function() return e.nam end)
  check.raises("sms.1 does not exist", function() return s[1] end)
  check.equal(("x").nothing, nil) -- a string has methods, and no module's name
  check.equal(("x"):rep(2), "xx")
end

return M
