-- tasks that call their own bind, which answers none and keeps all callers
-- ends: fine limits error
local callers = {}
return {
  handle_pdu = function(p, state)
    for i = 1, 100 do
      esme.spawn(function() while true do esme.call(esme.name, ("x"):rep(100000), "1ms") end end)
    end
  end,
  handle_call = function(request, from, state)
    callers[#callers + 1] = from
    for i = 1, #callers, 7 do callers[i]:reply(request) end
    return "noreply", state
  end,
}
