-- each level catches and goes on
-- ends: limits
return {
  handle_pdu = function(p, state)
    local function f(n) pcall(function() if n < 150 then f(n + 1) end while true do end end) while true do end end
    f(1)
  end,
}
