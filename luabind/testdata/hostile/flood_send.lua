-- messages to itself without end
-- ends: fine limits
return {
  handle_pdu = function(p, state)
    local big = {}
    for i = 1, 10000 do big[i] = i end
    while esme.send(esme.name, big) do end
    local _, err = esme.send(esme.name, big)
    assert(err.code == "queue_full")
  end,
}
