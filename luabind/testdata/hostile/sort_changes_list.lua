-- an order function that empties and fills the list that is sorted
-- ends: limits error
return {
  handle_pdu = function()
    local t = {}
    for i = 1, 1000 do t[i] = i end
    while true do
      pcall(table.sort, t, function(a, b) t[#t] = nil t[#t + 5000] = 1 return a > b end)
    end
  end,
}
