-- stop in a loop
-- ends: fine
return {
  handle_pdu = function(p, state)
    for _ = 1, 1000 do esme.stop("again") end
  end,
}
