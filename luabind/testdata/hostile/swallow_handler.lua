-- a message handler that goes on
-- ends: limits
return {
  handle_pdu = function(p, state)
    xpcall(function() while true do end end, function() while true do end end)
  end,
}
