-- more and more arguments
-- ends: error limits
return {
  handle_pdu = function(p, state)
    local function f(...) return f(1, 2, 3, 4, 5, 6, 7, 8, ...) end
    f()
  end,
}
