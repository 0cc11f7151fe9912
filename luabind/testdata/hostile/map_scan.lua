-- goes through a large map at each step through it
-- ends: limits
return {
  handle_pdu = function()
    local m = map.open("scan", { max = 100000 })
    for i = 1, 2000 do m:set("k" .. i, { i, { i } }) end
    while true do for k in m:pairs() do for _ in m:pairs() do end end end
  end,
}
