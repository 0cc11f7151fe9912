-- an iterator that never ends
-- ends: limits
return {
  handle_pdu = function(p, state)
    for _ in function() return 1 end do end
  end,
}
