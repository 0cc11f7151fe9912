-- a script that returns nothing of use
-- ends: refused
return setmetatable({}, { __index = function() while true do end end })
