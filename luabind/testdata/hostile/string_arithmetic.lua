-- texts of many digits are reckoned with
-- ends: limits error
return {
  handle_pdu = function()
    local digits = ("1"):rep(400000)
    while true do
      pcall(function() return digits + 1 end)
      pcall(function() return -digits end)
      pcall(tonumber, (" "):rep(400000))
    end
  end,
}
