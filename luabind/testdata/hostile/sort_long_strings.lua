-- strings that differ in their last octet are sorted
-- ends: limits error
return {
  handle_pdu = function()
    local list, base = {}, ("x"):rep(100000)
    for i = 1, 40 do list[i] = base .. (i * 7919) % 97 end
    while true do table.sort(list) end
  end,
}
