-- a file above the script root
-- ends: refused
local x = require "../../../etc/passwd"
return { handle_pdu = function() return x end }
