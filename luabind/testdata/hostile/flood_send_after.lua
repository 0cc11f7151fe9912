-- messages for later without end
-- ends: fine limits
return {
  handle_pdu = function(p, state)
    local big = {}
    for i = 1, 10000 do big[i] = i end
    while esme.send_after(60, big) do end
  end,
}
