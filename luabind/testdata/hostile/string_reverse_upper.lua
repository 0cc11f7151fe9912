-- string functions on long strings without end
-- ends: limits
return {
  handle_pdu = function(p, state)
    local s = ("x"):rep(1000000)
    while true do s = s:reverse():upper():lower() end
  end,
}
