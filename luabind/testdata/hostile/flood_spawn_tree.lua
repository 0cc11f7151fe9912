-- tasks that start tasks
-- ends: fine limits error
local function f() esme.spawn(f) esme.spawn(f) esme.sleep(0) end
return { handle_pdu = function() f = f esme.spawn(f) end }
