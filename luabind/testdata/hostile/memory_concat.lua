-- table.concat and unpack of much
-- ends: limits error
return {
  handle_pdu = function(p, state)
    local t = {}
    for i = 1, 7000 do t[i] = ("x"):rep(500) end
    while true do local s = table.concat(t) select("#", unpack(t)) end
  end,
}
