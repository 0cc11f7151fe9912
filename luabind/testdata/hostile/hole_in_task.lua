-- holes in lists, made by tasks that rest in between
-- ends: fine limits error
local keep = {}
local function dig() while true do local t = {} t[1000000] = 1 keep[#keep + 1] = t esme.sleep("1ms") end end
return { handle_pdu = function() for _ = 1, 5 do esme.spawn(dig) end end }
