-- a loop up to infinity
-- ends: limits
return {
  handle_pdu = function(p, state)
    for _ = 1, math.huge do end
  end,
}
