-- thousands of values go through select again and again
-- ends: limits error
return {
  handle_pdu = function()
    local list = {}
    for i = 1, 7000 do list[i] = i end
    local function each(n, ...) if n > 0 then return each(select("#", ...) > 0 and n - 1 or 0, select(-1, ...), ...) end end
    while true do pcall(each, 1000, unpack(list)) end
  end,
}
