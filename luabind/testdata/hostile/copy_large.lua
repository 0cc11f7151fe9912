-- copies of the largest value that is copied, again and again, none of which is kept
-- ends: fine limits error
local t = {}
for i = 1, 60000 do t[i] = i end
return { handle_pdu = function() while true do esme.cast("nobody", t) esme.send(esme.name, t) end end }
