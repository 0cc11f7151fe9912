-- coroutines without end, kept
-- ends: limits
return {
  handle_pdu = function(p, state)
    local t = {}
    while true do t[#t + 1] = coroutine.create(function() end) end
  end,
}
