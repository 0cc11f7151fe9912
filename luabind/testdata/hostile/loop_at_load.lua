-- a loop while the script is loaded
-- ends: refused
while true do end
return { handle_pdu = function() end }
