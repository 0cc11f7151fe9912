-- log lines with large tables in every field
-- ends: fine limits error
local t = {}
for i = 1, 5000 do t[i] = { i } end
local fields = {}
for i = 1, 64 do fields["f" .. i] = t end
return { handle_pdu = function() while true do log.info("x", fields) end end }
