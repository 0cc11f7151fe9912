-- data larger than it may be
-- ends: error limits
return {
  handle_pdu = function(p, state)
    local t = {}
    for i = 1, 4 do t[i] = ("x"):rep(400000) .. i end
    esme.send(esme.name, t)
  end,
}
