-- timers that are cancelled and kept, with what they would have brought
-- ends: fine limits error
local kept = {}
return {
  handle_pdu = function(p, state)
    local t = timer.every("1h", ("x"):rep(1000000 - #kept))
    if t then t:cancel() kept[#kept + 1] = t end
  end,
}
