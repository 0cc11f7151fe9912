-- coroutines in coroutines, each with a stack of tens of thousands of values, and all of them kept
-- ends: limits error
local kept, many = {}, {}
for i = 1, 7900 do many[i] = i end
local function fill(n, ...) if n > 0 then return fill(n - 1, ...), 1 end coroutine.yield() end
return {
  handle_pdu = function(p, state)
    for i = 1, 20 do
      local co = coroutine.create(fill)
      coroutine.resume(co, 6, unpack(many))
      kept[#kept + 1] = co
    end
  end,
}
