-- coroutines that never start, and hold long strings
-- ends: limits
return {
  handle_pdu = function(p, state)
    local t = {}
    while true do
      local s = ("x"):rep(1000000) .. #t
      t[#t + 1] = coroutine.create(function() return s end)
    end
  end,
}
