-- a chain of a hundred __index tables, each step of which is one instruction
-- ends: limits error
return {
  handle_pdu = function()
    local t = {}
    for i = 1, 99 do t = setmetatable({}, { __index = t, __newindex = t }) end
    while true do local _ = t.x t[1048575] = 1 end
  end,
}
