-- a series for each message, with labels as long as they may be
-- ends: fine limits error
local c = metrics.counter("flood", { labels = { "id" } })
return {
  handle_pdu = function() local i = 0 while true do i = i + 1 c:add(1, { id = ("x"):rep(10000) .. i }) end end,
}
