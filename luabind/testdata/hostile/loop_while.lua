-- a loop without end
-- ends: limits
return {
  handle_pdu = function(p, state)
    while true do end
  end,
}
