-- a file by its whole path
-- ends: refused
local x = require "/etc/passwd"
return { handle_pdu = function() return x end }
