-- the largest value of a map is read without end
-- ends: limits error
return {
  handle_pdu = function()
    local m, list = map.open("large", { max = 1 }), {}
    for i = 1, 2000 do list[i] = i end
    assert(m:set("k", list))
    while true do m:get("k") end
  end,
}
