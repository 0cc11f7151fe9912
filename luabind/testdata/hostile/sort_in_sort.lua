-- the order function of a sort sorts, and so on
-- ends: limits error
return {
  handle_pdu = function()
    local list = {}
    for i = 1, 200 do list[i] = (i * 7919) % 211 end
    local function less(a, b)
      table.sort(list, less)
      return a < b
    end
    while true do pcall(table.sort, list, less) end
  end,
}
