-- a state that contains itself, then a reply of it
-- ends: fine error
return {
  handle_pdu = function(_, state)
    local t = {}
    t.t = t
    esme.send(esme.name, 1)
    assert(not pcall(esme.send, esme.name, t))
    return t
  end,
}
