-- tasks begun in every place where none should be, and with everything
-- ends: fine limits error
local function wild(...) local a = { ... } pcall(esme.sleep, "1ms") return wild(a, unpack(a)) end
return {
  init = function() esme.spawn(wild, 1) return {} end,
  handle_pdu = function(p, state)
    esme.spawn(wild, p, state, wild, coroutine.create(wild))
    pcall(esme.spawn, coroutine.wrap(wild)) pcall(esme.spawn, string.rep, "x", 4000000) pcall(esme.spawn, error, ("x"):rep(4000000))
    coroutine.resume(coroutine.create(function() esme.spawn(coroutine.yield) esme.spawn(esme.sleep, "1h") coroutine.yield() end))
  end,
  handle_stop = function(reason, lost, state) for i = 1, 200 do esme.spawn(wild, i) end return "normal", state end,
}
