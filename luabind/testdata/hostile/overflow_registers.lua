-- a stack that overflows with values, caught again and again, in coroutines and in a sort
-- ends: limits error
local many = {}
for i = 1, 7900 do many[i] = i end
local function fill(...) return 1 + fill(1, ...) end
return {
  handle_pdu = function(p, state)
    while true do
      pcall(fill, unpack(many))
      coroutine.resume(coroutine.create(fill), unpack(many))
      pcall(table.sort, { 3, 2, 1 }, function() return fill(unpack(many)) end)
      pcall(string.gsub, "x", "x", function() return fill(unpack(many)) end)
    end
  end,
}
