-- maps without end, with keys as long as they may be
-- ends: error limits
return {
  handle_pdu = function()
    local i = 0
    while true do i = i + 1 local m = map.open("m" .. i, { max = 10 }) m:set(("k"):rep(1000) .. i, i) end
  end,
}
