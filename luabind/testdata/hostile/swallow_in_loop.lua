-- a loop that catches its own end
-- ends: limits
return {
  handle_pdu = function(p, state)
    while true do pcall(function() while true do end end) end
  end,
}
