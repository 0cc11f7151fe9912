-- calls nested without end
-- ends: error
return {
  handle_pdu = function(p, state)
    local function f(n) return 1 + f(n + 1) end
    f(1)
  end,
}
