-- an empty match without end
-- ends: limits
return {
  handle_pdu = function(p, state)
    while true do for _ in ("abc"):gmatch("") do end end
  end,
}
