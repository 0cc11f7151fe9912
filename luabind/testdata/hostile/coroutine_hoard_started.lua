-- coroutines with deep stacks, kept
-- ends: limits
return {
  handle_pdu = function(p, state)
    local t = {}
    local function deep(n) if n == 0 then coroutine.yield() end return 1 + deep(n - 1) end
    while true do
      t[#t + 1] = coroutine.create(deep)
      coroutine.resume(t[#t], 1500)
    end
  end,
}
