-- calls nested without end, caught, again and again
-- ends: limits
return {
  handle_pdu = function(p, state)
    local function f(n) return 1 + f(n + 1) end
    while true do pcall(f, 1) end
  end,
}
