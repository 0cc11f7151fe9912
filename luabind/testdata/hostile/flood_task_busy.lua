-- tasks that work as much as they may, again and again
-- ends: fine limits
local function work() while true do for i = 1, 200000 do local _ = i end esme.sleep(0) end end
return { handle_pdu = function() for _ = 1, 100 do esme.spawn(work) end end }
