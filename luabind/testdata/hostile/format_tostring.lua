-- texts that are made while texts are made, each of megabytes, deeper and deeper, in tasks that wait there
-- ends: fine limits error
local function nest(n)
  return setmetatable({}, { __tostring = function()
    if n == 0 then esme.sleep("10s") end
    return (("x"):rep(500000) .. ("%s%s"):format(("y"):rep(500000), nest(n - 1))):sub(1, 600000)
  end })
end
return {
  handle_pdu = function(p, state)
    for i = 1, 20 do esme.spawn(function() return ("%s%s"):format(("z"):rep(1000000), nest(40)) end) end
  end,
}
