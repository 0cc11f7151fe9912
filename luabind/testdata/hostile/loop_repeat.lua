-- repeat without end
-- ends: limits
return {
  handle_pdu = function(p, state)
    local n = 0
    repeat n = n + 1 until false
  end,
}
