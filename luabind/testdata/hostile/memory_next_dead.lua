-- next over keys that are gone
-- ends: limits
return {
  handle_pdu = function(p, state)
    local t = {}
    for i = 1, 1e5 do t["k" .. i] = 1 end
    for i = 1, 1e5 do t["k" .. i] = nil end
    while true do next(t) end
  end,
}
