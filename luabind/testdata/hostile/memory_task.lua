-- tasks that each hold much
-- ends: limits fine
return { handle_pdu = function()
  for _ = 1, 100 do esme.spawn(function() local s = ("x"):rep(4000000) esme.sleep(60) return s end) end
end }
