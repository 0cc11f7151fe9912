-- a hoard in a variable of the file, over many callbacks
-- ends: fine limits
local hoard = {}
return { handle_pdu = function() for _ = 1, 30 do hoard[#hoard + 1] = ("x"):rep(1000000) .. #hoard end end }
