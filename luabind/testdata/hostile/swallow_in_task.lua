-- a task that catches its end
-- ends: limits fine
return { handle_pdu = function() esme.spawn(function() while true do pcall(function() while true do end end) end end) end }
