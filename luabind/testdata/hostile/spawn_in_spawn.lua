-- tasks that start two tasks each, and wait
-- ends: fine limits error
local function bomb() esme.spawn(bomb) esme.spawn(bomb) esme.sleep("1ms") esme.spawn(bomb) end
return { handle_pdu = function() bomb() end }
