-- a comparison that catches
-- ends: limits
return {
  handle_pdu = function(p, state)
    local t = {}
    for i = 1, 50 do t[i] = i end
    while true do pcall(table.sort, t, function() pcall(function() while true do end end) return true end) end
  end,
}
