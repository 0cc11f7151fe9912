-- closures, kept
-- ends: limits
return {
  handle_pdu = function(p, state)
    local k = {}
    for i = 1, 1e9 do k[i] = function() return i end end
  end,
}
