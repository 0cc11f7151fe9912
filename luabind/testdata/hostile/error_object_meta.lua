-- error values whose metatable fails when anybody looks at them
-- ends: error limits fine
local bad = setmetatable({}, { __tostring = function() error("again") end, __index = function() while true do end end, __concat = error, __eq = error })
return { handle_pdu = function() pcall(error, bad) xpcall(function() error(bad) end, function(e) return e .. e end) error(bad) end }
