-- timers that are due at once, each of which starts more
-- ends: fine limits error
local function more() for _ = 1, 100 do esme.send_after(0, "again") end end
return {
  handle_pdu = function() more() end,
  handle_info = function(m) if m == "again" then more() end end,
}
