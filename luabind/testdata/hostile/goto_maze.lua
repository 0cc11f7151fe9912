-- jumps back and forth without end
-- ends: limits
return {
  handle_pdu = function()
    local n = 0
    ::a:: n = n + 1
    if n % 3 == 0 then goto b end
    do goto a end
    ::b:: n = n + 2
    goto a
  end,
}
