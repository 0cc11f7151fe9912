-- thousands of values on the stack, in each of many calls
-- ends: limits error
return {
  handle_pdu = function()
    local t = {}
    for i = 1, 7000 do t[i] = i end
    local function f(n, ...) if n == 0 then return ... end return f(n - 1, select(2, unpack(t))) end
    while true do pcall(f, 50, unpack(t)) end
  end,
}
