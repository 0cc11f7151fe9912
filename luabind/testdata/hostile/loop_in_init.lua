-- a loop in init
-- ends: limits.init
return { init = function() while true do end end, handle_pdu = function() end }
