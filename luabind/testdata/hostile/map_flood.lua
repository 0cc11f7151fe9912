-- fills a map with large values until it is refused, each time
-- ends: fine limits
return {
  handle_pdu = function()
    local m = map.open("flood", { max = 1000000 })
    local v, i = ("x"):rep(60000), 0
    while true do i = i + 1 if not m:set("k" .. i, v .. i) then break end end
  end,
}
